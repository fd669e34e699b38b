# Caseloop's code on the kit's packages, and no more: the doors to the engine, and the one to the figures. The images of
# services take the code from here, as their last layer.
# Built by infra/images/build.py, which gathers the context: project/.
ARG TAG=latest

FROM caseloop/kit:${TAG} AS code
USER 0:0
COPY project /layer/opt/caseloop/project
RUN PYTHONHASHSEED=0 python3 -m compileall -q --invalidation-mode unchecked-hash -s /layer -p / /layer \
    && find /layer -newermt @1700000000 -exec touch --no-dereference --date=@1700000000 {} +

FROM caseloop/kit:${TAG}
# From the root: a folder that a copy goes into is dated by when it was made.
COPY --from=code /layer/ /
