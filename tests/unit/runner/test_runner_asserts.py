import ast
from typing import Any

import pytest

from services.runner.sandbox.asserts import MAX_AT_ONE_PLACE, Recorder, rewrite


def run(source: str, **names: Any) -> tuple[list[tuple[int, str, Any, Any]], dict[str, Any], BaseException | None]:
    """Run a rewritten check; what was recorded, the names afterwards, and the error."""
    recorder = Recorder(0)
    namespace = {**names, **recorder.names()}
    error = None
    try:
        exec(compile(rewrite(ast.parse(source)), "<check>", "exec"), namespace)
    except BaseException as raised:
        error = raised
    seen = [(o["line"], o["op"], o["left"].get("value"), o["right"].get("value")) for o in recorder.operands]
    return seen, namespace, error


@pytest.mark.parametrize(
    ("source", "recorded"),
    [
        ("assert x == 3", [(1, "==", 3, 3)]),
        ("assert 1 < x <= 3", [(1, "<", 1, 3), (1, "<=", 3, 3)]),
        ("assert not x != 3", [(1, "!=", 3, 3)]),
        ("assert x == 3 and x is not None or x == 9", [(1, "==", 3, 3), (1, "is not", 3, None)]),
        ("assert x in [3]", [(1, "in", 3, None)]),
        ("assert x", [(1, "truth", 3, True)]),
        ("assert isinstance(x, int)", [(1, "isinstance()", 3, None), (1, "truth", True, True)]),
        ("assert all(v > 0 for v in (1, 2))", [(1, ">", 1, 0), (1, ">", 2, 0), (1, "truth", True, True)]),
        ("assert (y := x) == 3", [(1, "==", 3, 3)]),
        ("y = 5\nassert (x == 3) == True", [(2, "==", 3, 3), (2, "==", True, True)]),
        ("if x == 3: y = 1", []),
        ("assert True", []),
    ],
)
def test_both_sides_of_each_comparison_are_recorded(source: str, recorded: list[Any]) -> None:
    seen, _, error = run(source, x=3)
    assert error is None
    assert seen == recorded


def test_a_chain_stops_where_python_would_and_evaluates_once() -> None:
    calls: list[int] = []

    def say(value: int) -> int:
        calls.append(value)
        return value

    seen, _, error = run("assert say(1) < say(0) < say(5)", say=say)
    assert isinstance(error, AssertionError)
    assert calls == [1, 0]
    assert seen == [(1, "<", 1, 0)]


def test_a_later_comparator_that_binds_a_name_is_left_as_it_is() -> None:
    _, names, error = run("assert 0 < x < (z := 9)", x=3)
    assert error is None
    assert names["z"] == 9


def test_messages_lines_and_tracebacks_stay() -> None:
    _, _, error = run("x = 1\n\nassert x == 2, f'got {x}'")
    assert isinstance(error, AssertionError)
    assert str(error) == "got 1"
    assert error.__traceback__ is not None
    last = error.__traceback__
    while last.tb_next is not None:
        last = last.tb_next
    assert last.tb_lineno == 3


def test_comparing_functions_are_recorded_with_their_arguments() -> None:
    seen, _, error = run(
        "assert_equal(x, 3)\nassert close(x, y=1)\nassert t.isclose(x, 4, rel=1)",
        x=3,
        assert_equal=lambda a, b: None,
        close=lambda a, y: True,
        t=type("T", (), {"isclose": staticmethod(lambda a, b, rel: True)}),
    )
    assert error is None
    assert [(line, op, left) for line, op, left, _ in seen] == [
        (1, "assert_equal()", 3), (2, "truth", True), (3, "isclose()", 3), (3, "truth", True),
    ]  # fmt: skip


def test_a_method_that_compares_has_its_object_on_the_left() -> None:
    seen, _, error = run("assert {1}.issubset({1, 2})")
    assert error is None
    assert seen[0][1] == "issubset()"


def test_a_loop_does_not_record_without_end() -> None:
    seen, _, error = run("for i in range(1000):\n    assert i >= 0")
    assert error is None
    assert len(seen) == MAX_AT_ONE_PLACE


def test_an_object_that_cannot_be_described_does_not_break_the_check() -> None:
    class Awkward(dict[str, int]):
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError(name)

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    seen, _, error = run("assert x == 1", x=Awkward())
    assert error is None
    assert seen[0][1] == "=="
