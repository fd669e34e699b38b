# What learners' code runs in when it runs in containers: JupyterLab, the usual data packages, our extension.
# Nothing of Caseloop's own code, no compiler, no account but the one that the spawner names.
# Built by infra/images/build.py, which gathers the context: the lock file, wheels/ and lab/.
ARG BASE=python:3.11.15-slim-bookworm

FROM ${BASE} AS build
ARG PIP_INDEX_URL
ARG PIP_CERT
RUN python3 -m venv /opt/learner
COPY requirements.txt /build/
COPY wheels /build/wheels/
# Hashes of every file are in the lock; our own wheel was built from this source a moment ago.
RUN /opt/learner/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: -r /build/requirements.txt \
    && /opt/learner/bin/python -m pip install --quiet --no-cache-dir --no-deps --no-index /build/wheels/*.whl \
    && /opt/learner/bin/python -m pip uninstall --quiet --yes pip setuptools
COPY lab /opt/learner/etc/jupyter/labconfig/
# Learners' containers are read-only, so what is not compiled now would be compiled at every start.
RUN python3 -m compileall -q -j 0 /opt/learner/lib || true

FROM ${BASE}
# Python's own modules come without what they are compiled to, and a read-only container would compile those that it
# loads anew at every start.
RUN own="$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
    && PYTHONHASHSEED=0 python3 -m compileall -qq --invalidation-mode unchecked-hash \
        -x '/(test|tests|idlelib|lib2to3|turtledemo|ensurepip|site-packages|dist-packages)/' "$own" \
    && find "$own" -newermt @1700000000 -path '*__pycache__*' -exec touch --no-dereference --date=@1700000000 {} +
COPY --from=build /opt/learner /opt/learner
ENV PATH=/opt/learner/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
# Another id is given to each installation's containers; without one they run as nobody.
USER 65534:65534
WORKDIR /home/learner
CMD ["/opt/learner/bin/python", "-m", "jupyterhub.singleuser"]
