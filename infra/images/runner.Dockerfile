# The runner: the environment that learners' code runs in, and bubblewrap.
# Built by infra/images/build.py, which gathers the context: the runner's lock and install.sh. Each run is a sandbox of
# its own inside this container, which has no network.
ARG TAG=latest

FROM caseloop/learner:${TAG} AS learner
FROM caseloop/doors:${TAG} AS code
USER 0:0
RUN mkdir -p /layer/opt/caseloop && cp -a /opt/caseloop/project /layer/opt/caseloop/ \
    && find /layer -newermt @1700000000 -exec touch --no-dereference --date=@1700000000 {} +
FROM caseloop/kit:${TAG}
ARG PIP_INDEX_URL
ARG PIP_CERT
USER 0:0
# as in `cases`, which shares this layer
COPY --from=learner /opt/learner /opt/learner
RUN command -v bwrap > /dev/null || { apt-get update -q && apt-get install -q -y --no-install-recommends bubblewrap libseccomp2 \
    && rm -rf /var/lib/apt/lists/*; }
COPY install.sh requirements.txt /build/
RUN sh /build/install.sh /opt/caseloop/env && rm -rf /build
COPY --from=code /layer/ /
USER 10001:10001
CMD ["caseloop", "serve", "runner"]
