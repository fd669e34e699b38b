# A case with packages of its own, on the learners' image. The tag is the first 24 digits of its environment:
#   docker build -f infra/images/case.Dockerfile -t caseloop/learner:DIGITS FOLDER_OF_THE_CASE
ARG TAG=latest
FROM caseloop/learner:${TAG}
ARG PIP_INDEX_URL
ARG PIP_CERT
USER 0:0
COPY requirements.txt /build/
# wheels only: nothing that a package brings is run on the way
RUN python3 -m venv /build/pip \
    && /build/pip/bin/python -m pip --python /opt/learner/bin/python install --quiet --no-cache-dir \
        --disable-pip-version-check --only-binary :all: -r /build/requirements.txt \
    && rm -rf /build
USER 65534:65534
