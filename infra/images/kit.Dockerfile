# What all of Caseloop's own images stand on: Python, and the packages that each of them loads. Not started by itself.
# Built by infra/images/build.py, which gathers the context: the lock file, install.sh and the command `caseloop`.
ARG BASE=python:3.11.15-slim-bookworm

FROM ${BASE} AS build
ARG PIP_INDEX_URL
ARG PIP_CERT
COPY install.sh requirements.txt /build/
RUN sh /build/install.sh /opt/caseloop/env
COPY caseloop /opt/caseloop/env/bin/caseloop
RUN chmod 0755 /opt/caseloop/env/bin/caseloop \
    && echo /opt/caseloop/project > "$(echo /opt/caseloop/env/lib/python3*/site-packages)/caseloop.pth" \
    && find /opt/caseloop -newermt @1700000000 -exec touch --no-dereference --date=@1700000000 {} +

FROM ${BASE}
# Python's own modules come without what they are compiled to, and a read-only container would compile those that it
# loads anew at every start, so at each health check.
RUN own="$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
    && PYTHONHASHSEED=0 python3 -m compileall -qq --invalidation-mode unchecked-hash \
        -x '/(test|tests|idlelib|lib2to3|turtledemo|ensurepip|site-packages|dist-packages)/' "$own" \
    && find "$own" -newermt @1700000000 -path '*__pycache__*' -exec touch --no-dereference --date=@1700000000 {} +
COPY --from=build /opt/caseloop /opt/caseloop
ENV PATH=/opt/caseloop/env/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
    CASELOOP_MODE=production CASELOOP_HOME=/var/lib/caseloop CASELOOP_RUN_DIR=/var/lib/caseloop/run \
    CASELOOP_LEARNER_ENV=/opt/learner
USER 10001:10001
WORKDIR /opt/caseloop/project
CMD ["caseloop", "--help"]
