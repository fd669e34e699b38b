#!/bin/sh
# Puts what /build/requirements.txt pins into the environment $1: wheels only, each held against its hash, and nothing
# that a package brings is run on the way. The installer does not stay, and equal input makes equal files: with one date,
# and compiled in a way that does not ask for another.
set -eu
python3 -m venv /build/installer
[ -e "$1" ] || python3 -m venv --without-pip "$1"
/build/installer/bin/python -m pip --python "$1/bin/python" install --quiet --no-cache-dir --disable-pip-version-check \
    --no-compile --require-hashes --only-binary :all: -r /build/requirements.txt
# Containers are read-only, so what is not compiled now would be compiled at every start. What cannot be, is a template.
find "$1" -name '*.py' -newermt @1700000000 > /build/new
# (Asked about nothing, it would compile all that Python itself has.)
[ ! -s /build/new ] || PYTHONHASHSEED=0 "$1/bin/python" -m compileall -qq --invalidation-mode unchecked-hash -i /build/new || true
find "$1" -newermt @1700000000 -exec touch --no-dereference --date=@1700000000 {} +
