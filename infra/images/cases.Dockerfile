# The case service: what learners' code runs in, and the installers that make the environments of cases from it. Images
# of cases are made by the engine, behind the door for builds.
# Built by infra/images/build.py, which gathers the context: its lock, install.sh, the installers' lock and our wheels.
ARG TAG=latest
ARG BASE=python:3.11.15-slim-bookworm

FROM ${BASE} AS installers
ARG PIP_INDEX_URL
ARG PIP_CERT
COPY installers.txt /build/
# pip stays beside uv: it fetches the wheels that images are made of. Compiled by content, because dates go.
RUN export SOURCE_DATE_EPOCH=1700000000 PYTHONHASHSEED=0 \
    && python3 -m venv /opt/caseloop/project/.cache/setup/uv \
    && /opt/caseloop/project/.cache/setup/uv/bin/python -m pip install --quiet --no-cache-dir \
        --disable-pip-version-check --require-hashes --only-binary :all: -r /build/installers.txt \
    && find /opt/caseloop/project -newermt @1700000000 -exec touch --no-dereference --date=@1700000000 {} +

FROM caseloop/learner:${TAG} AS learner
FROM caseloop/doors:${TAG} AS code
USER 0:0
RUN mkdir -p /layer/opt/caseloop && cp -a /opt/caseloop/project /layer/opt/caseloop/ \
    && find /layer -newermt @1700000000 -exec touch --no-dereference --date=@1700000000 {} +
FROM caseloop/kit:${TAG}
ARG PIP_INDEX_URL
ARG PIP_CERT
USER 0:0
# as in `runner`, which shares this layer
COPY --from=learner /opt/learner /opt/learner
COPY install.sh requirements.txt /build/
RUN sh /build/install.sh /opt/caseloop/env && rm -rf /build
COPY --from=installers /opt/caseloop/project/.cache/setup/uv /opt/caseloop/project/.cache/setup/uv
COPY wheels /opt/caseloop/project/.cache/setup/wheels/
COPY --from=code /layer/ /
USER 10001:10001
CMD ["caseloop", "serve", "cases"]
