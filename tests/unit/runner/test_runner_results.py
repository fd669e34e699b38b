"""Whatever a sandbox says, the observation holds only what was asked, or the run is lost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.observation import CheckCode, CodeCell, Probe, RunRequest
from services.runner.channel import MAX_DEPTH, harmless
from services.runner.results import Results
from services.runner.sandbox.wire import Garbled

REQUEST = RunRequest(
    environment="e",
    cells=(CodeCell(id="a", source=""), CodeCell(id="b", source="")),
    checks=(CheckCode(id="k", source=""),),
    probes=(Probe(id="p", name="x"), Probe(id="q", name="y")),
)
QUIET = {"text": "", "dropped": 0}
OK = {"ok": True, "result": None, "stdout": QUIET, "stderr": QUIET, "wall_ms": 1.0, "cpu_ms": 1.0}
PASSED = {"status": "passed", "operands": [], "nonce": "n"}
VALUE = {"value": {"kind": "scalar"}, "nonce": "n"}


def answered(*messages: tuple[str, str, dict[str, Any]]) -> Results:
    results = Results(REQUEST)
    results.take_cells([OK, OK])
    for event, id_, answer in messages:
        results.take_answer({"event": event, "id": id_, "answer": answer}, "n")
    return results


def test_every_answer_in_order_under_the_nonce_is_complete() -> None:
    seen = answered(("check", "k", PASSED), ("probe", "p", VALUE), ("probe", "q", {"missing": True, "nonce": "n"}))
    observation = seen.observation(None, 5.0)
    assert observation.complete
    assert [cell.status for cell in observation.cells] == ["ok", "ok"]
    assert observation.cpu_ms == 2.0


@pytest.mark.parametrize(
    ("event", "id_", "answer"),
    [
        ("check", "k", {**PASSED, "nonce": "other"}),
        ("check", "k", {"status": "passed", "operands": []}),
        ("check", "other", PASSED),
        ("check", "k", {**PASSED, "status": "approved"}),
        ("check", "k", {**PASSED, "status": "failed"}),
        ("check", "k", {**PASSED, "error": {"type": "X", "message": "passed with an error"}}),
        ("check", "k", {**PASSED, "operands": [{"line": "one"}]}),
        ("check", "k", {"lost": "bored"}),
        ("probe", "q", VALUE),
        ("probe", "p", {"value": 42, "nonce": "n"}),
        ("probe", "p", {"value": {"no": "kind"}, "nonce": "n"}),
        ("probe", "p", {**VALUE, "id": "q"}),
        ("probe", "p", {"nonce": "n"}),
        ("verdict", "k", PASSED),
    ],
)
def test_what_was_not_asked_or_is_no_answer_is_garbled(event: str, id_: str, answer: dict[str, Any]) -> None:
    with pytest.raises(Garbled):
        answered((event, id_, answer))


@pytest.mark.parametrize(
    "cells",
    [None, [OK] * 3, [{}], [{**OK, "ok": False}], [{**OK, "stdout": "text"}], [{**OK, "error": {"type": 1}}], [7]],
)
def test_cells_of_another_shape_are_garbled(cells: Any) -> None:
    with pytest.raises(Garbled):
        Results(REQUEST).take_cells(cells)


def test_what_never_came_is_lost() -> None:
    seen = answered(("check", "k", PASSED))
    seen.lose("ended")
    observation = seen.observation(None, 1.0)
    assert not observation.complete
    assert observation.lost == "ended"
    assert [probe.lost for probe in observation.probes] == ["ended", "ended"]


def test_silence_after_the_cells_is_never_complete() -> None:
    results = Results(REQUEST)
    results.take_cells([OK, OK])
    assert not results.observation(None, 1.0).complete


def test_memory_explains_an_ending_but_not_a_forgery() -> None:
    for reason, told in (("ended", "memory"), ("time", "memory"), ("protocol", "protocol")):
        results = Results(REQUEST)
        results.take_cells([{**OK, "ok": False, "lost": reason}])
        observation = results.observation("memory", 1.0)
        assert observation.lost == told
        assert observation.cells[0].lost == told
        assert observation.cells[1].status == "not_run"


def test_a_place_that_was_never_sent_there_is_dropped() -> None:
    results = Results(REQUEST)
    error = {"type": "E", "message": "m", "place": {"kind": "cell", "id": "elsewhere", "line": 1}}
    results.take_cells([{**OK, "ok": False, "error": error}])
    cell = results.observation(None, 1.0).cells[0]
    assert cell.error is not None
    assert cell.error.place is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


@given(JSON, st.sampled_from(["check", "probe", "done", "x"]), st.sampled_from(["k", "p", "q"]))
def test_no_answer_without_the_nonce_is_taken_and_none_breaks_the_runner(answer: Any, event: str, id_: str) -> None:
    with pytest.raises(Garbled):
        answered((event, id_, answer))


@given(JSON)
def test_harmless_messages_can_be_written(message: Any) -> None:
    Probe(id="x", name=None, args=(harmless(message),)).model_dump_json()


def test_surrogates_non_numbers_and_depth_are_taken_care_of() -> None:
    assert harmless({"\ud800": ["\udfff", float("nan"), float("inf"), 1.5]}) == {"?": ["?", None, None, 1.5]}
    deep: Any = 1
    for _ in range(MAX_DEPTH + 2):
        deep = [deep]
    with pytest.raises(Garbled):
        harmless(deep)
