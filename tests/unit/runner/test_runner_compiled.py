"""A check is compiled as its text says, whatever this process was started with."""

import base64
import marshal
from typing import Any

import pytest

from services.runner.compiled import compiled
from services.runner.sandbox.asserts import Recorder


def ran(source: str, namespace: dict[str, Any]) -> list[dict[str, Any]]:
    """What was compared when the check ran."""
    given = compiled("c", source)
    assert given is not None
    recorder = Recorder(1)
    exec(marshal.loads(base64.b64decode(given.code)), {**namespace, **recorder.names()})
    return [{key: operands[key] for key in ("line", "op")} for operands in recorder.operands]


def test_what_it_compares_is_recorded_by_line() -> None:
    assert ran("x = 1\nassert x == y\nassert not x > y", {"y": 1}) == [
        {"line": 2, "op": "=="},
        {"line": 3, "op": ">"},
    ]


def test_it_fails_where_its_text_does() -> None:
    with pytest.raises(AssertionError, match="too few") as failed:
        ran("rows = [1]\nassert len(rows) == 2, 'too few'", {})
    frame = failed.traceback[-1]
    assert (frame.frame.code.raw.co_filename, frame.lineno + 1) == ("<check c>", 2)


def test_the_builtins_that_it_uses_are_told() -> None:
    given = compiled("c", "total = sum(rows)\nassert total == max(len(rows), most)")
    assert given is not None
    assert given.builtins == ("len", "max", "sum")


@pytest.mark.parametrize("source", ["assert", "return 1", "assert x\x00", "(" * 500])
def test_what_is_no_python_is_left_to_the_sandbox_to_say(source: str) -> None:
    assert compiled("c", source) is None
