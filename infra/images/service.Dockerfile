# One service of Caseloop, which build.py names: what its lock has beyond the kit's, and the code. No compiler, no shell
# user, no secret.
# Built by infra/images/build.py, which gathers the context: the service's own lock and install.sh.
ARG TAG=latest

FROM caseloop/doors:${TAG} AS code
USER 0:0
RUN mkdir -p /layer/opt/caseloop && cp -a /opt/caseloop/project /layer/opt/caseloop/ \
    && find /layer -newermt @1700000000 -exec touch --no-dereference --date=@1700000000 {} +
FROM caseloop/kit:${TAG}
ARG PIP_INDEX_URL
ARG PIP_CERT
USER 0:0
COPY install.sh requirements.txt /build/
RUN sh /build/install.sh /opt/caseloop/env && rm -rf /build
COPY --from=code /layer/ /
USER 10001:10001
