# All of Caseloop's services: `caseloop serve NAME` chooses one. No compiler, no shell user, no secret.
# Built by infra/images/build.py, which gathers the context: the lock file and project/.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG PIP_INDEX_URL
ARG PIP_CERT
RUN python3 -m venv /opt/caseloop/env
COPY requirements.txt /build/
RUN /opt/caseloop/env/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: -r /build/requirements.txt \
    && /opt/caseloop/env/bin/python -m pip uninstall --quiet --yes pip setuptools
COPY project /opt/caseloop/project
COPY caseloop /opt/caseloop/env/bin/caseloop
RUN chmod 0755 /opt/caseloop/env/bin/caseloop \
    && python3 -c "import glob; site, = glob.glob('/opt/caseloop/env/lib/python3*/site-packages'); open(site + '/caseloop.pth', 'w').write('/opt/caseloop/project\n')" \
    && { python3 -m compileall -q -j 0 /opt/caseloop || true; }

FROM ${BASE}
COPY --from=build /opt/caseloop /opt/caseloop
ENV PATH=/opt/caseloop/env/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
    CASELOOP_MODE=production CASELOOP_HOME=/var/lib/caseloop CASELOOP_RUN_DIR=/var/lib/caseloop/run \
    CASELOOP_LEARNER_ENV=/opt/learner
USER 10001:10001
WORKDIR /opt/caseloop/project
CMD ["caseloop", "--help"]
