# JupyterHub and its proxy, on the services' image: the Hub needs the same packages, and the proxy needs Node.
# Built by infra/images/build.py, which gathers the context: node_modules/ with the proxy and what it needs.
ARG TAG=latest
ARG NODE=node:20-bookworm-slim

FROM ${NODE} AS node
FROM caseloop/services:${TAG}
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY node_modules /opt/caseloop/project/web/node_modules
COPY node.json /opt/caseloop/project/.cache/setup/node.json
CMD ["caseloop", "serve", "hub"]
