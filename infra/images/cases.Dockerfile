# The case service: the runner's image, which has what learners' code runs in, and the installers that make the
# environments of cases from it. Images of cases are made by the engine, behind the door for builds.
# Built by infra/images/build.py, which gathers the context: the installer's lock and our own wheels.
ARG TAG=latest
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG PIP_INDEX_URL
ARG PIP_CERT
COPY requirements.txt /build/
RUN python3 -m venv /opt/caseloop/project/.cache/setup/uv \
    && /opt/caseloop/project/.cache/setup/uv/bin/python -m pip install --quiet --no-cache-dir \
        --disable-pip-version-check --require-hashes --only-binary :all: -r /build/requirements.txt

FROM caseloop/runner:${TAG}
COPY --from=build /opt/caseloop/project/.cache/setup/uv /opt/caseloop/project/.cache/setup/uv
COPY wheels /opt/caseloop/project/.cache/setup/wheels/
CMD ["caseloop", "serve", "cases"]
