# The runner: the services' image, the environment that learners' code runs in, and bubblewrap.
# Built by infra/images/build.py. Each run is a sandbox of its own inside this container, which has no network.
ARG TAG=latest
ARG BASE=python:3.11-slim-bookworm

FROM caseloop/learner:${TAG} AS learner
FROM caseloop/services:${TAG}
USER 0:0
RUN command -v bwrap > /dev/null || { apt-get update -q && apt-get install -q -y --no-install-recommends bubblewrap libseccomp2 \
    && rm -rf /var/lib/apt/lists/*; }
COPY --from=learner /opt/learner /opt/learner
USER 10001:10001
CMD ["caseloop", "serve", "runner"]
