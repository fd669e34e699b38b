"""Our walk for bandit against bandit's own."""

import warnings
from pathlib import Path

import pytest

import linting
from linting.explanations.bandit import TESTS

with warnings.catch_warnings():
    # stevedore, which finds bandit's plug-ins, complains of how bandit calls it.
    warnings.simplefilter("ignore", DeprecationWarning)
    from bandit.core.manager import BanditManager

    from linting.worker.security import issues

BAD = """\
import os, pickle, subprocess, hashlib, random, tempfile, yaml, ssl
import xml.etree.ElementTree as tree
from subprocess import Popen as start
import requests


class Loader:
    password = "hunter2"

    def load(self, name, token="abc"):
        if token == "secret":
            return pickle.load(open(name, "rb"))
        try:
            eval(name)
        except Exception:
            pass
        return yaml.load(name)


def run(command, *parts):
    for part in parts:
        try:
            os.system("ls " + part)
        except:
            continue
    start(command, shell=True)
    subprocess.run("ls", shell=True)
    lines = [os.popen(f"cat {part}") for part in parts]
    return lambda text: exec(text)


tree.parse("a.xml")
digest = hashlib.md5(b"x").hexdigest()
requests.get("https://example.org", verify=False)
cursor.execute("SELECT * FROM t WHERE a = '%s'" % digest)
query = f"DELETE FROM t WHERE a = {digest}"
os.chmod("/tmp/x", 0o777)
name = tempfile.mktemp()
ssl.wrap_socket()
d = {"password": "hunter2", "other": ["/tmp/a", random.random()]}
eval("1")  # nosec
eval("2")  # nosec B101
pickle.loads(b"")  # nosec: B301
assert d
"""


def said(source: str, manager: type[BanditManager] | None) -> list[tuple[object, ...]]:
    chosen = {} if manager is None else {"manager": manager}
    found = issues(source, sorted(TESTS), **chosen)
    return [(i.test_id, i.test, i.lineno, i.col_offset, list(i.linerange), i.severity, i.text) for i in found]


def test_our_walk_finds_what_bandit_s_own_finds_at_the_same_places() -> None:
    expected = said(BAD, BanditManager)
    assert len({rule for rule, *_ in expected}) >= 12
    assert said(BAD, None) == expected


@pytest.mark.parametrize("path", sorted(Path(linting.__path__[0]).rglob("*.py")), ids=lambda path: path.name)
def test_they_agree_on_any_code(path: Path) -> None:
    source = path.read_text()
    assert said(source, None) == said(source, BanditManager)


def test_a_source_that_bandit_cannot_read_is_an_error_and_not_clean() -> None:
    with pytest.raises(ValueError, match="could not read"):
        issues("def (", sorted(TESTS))
