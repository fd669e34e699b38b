# JupyterHub and its proxy, which needs Node.
# Built by infra/images/build.py, which gathers the context: the Hub's lock, install.sh, and node_modules/ with the
# proxy and what it needs.
ARG TAG=latest
ARG NODE=node:20.20.2-bookworm-slim

FROM ${NODE} AS node
FROM caseloop/doors:${TAG} AS code
USER 0:0
RUN mkdir -p /layer/opt/caseloop && cp -a /opt/caseloop/project /layer/opt/caseloop/ \
    && find /layer -newermt @1700000000 -exec touch --no-dereference --date=@1700000000 {} +
FROM caseloop/kit:${TAG}
ARG PIP_INDEX_URL
ARG PIP_CERT
USER 0:0
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY install.sh requirements.txt /build/
RUN sh /build/install.sh /opt/caseloop/env && rm -rf /build
COPY node_modules /opt/caseloop/project/web/node_modules
COPY node.json /opt/caseloop/project/.cache/setup/node.json
COPY --from=code /layer/ /
USER 10001:10001
CMD ["caseloop", "serve", "hub"]
