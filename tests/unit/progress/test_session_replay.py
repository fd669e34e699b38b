"""Replay: the fixtures that the dashboard is tested against too, and what holds for every sequence of events."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.notebook import MAX_CELLS, MAX_SOURCE_CHARS
from services.contracts.session import ReplayCell, SessionEvent
from services.progress.sessions.replay import Notebook, notebook_at

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "replay").glob("*.json"))
TEXT = st.text(st.sampled_from("ab\n é中😀😃\uffff"), max_size=12)
IDS = st.sampled_from(["a", "b", "c", "d"])
NUMBERS = st.integers(0, 14)


def event(seq: int, kind: str, cell: str | None = None, /, **data: Any) -> SessionEvent:
    return SessionEvent.model_validate({"seq": seq, "at": seq, "kind": kind, "cell": cell, "data": data})


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


CELL = st.fixed_dictionaries({"id": IDS, "kind": st.sampled_from(["code", "markdown"]), "source": TEXT})
ACTIONS = st.one_of(
    st.tuples(st.just("snapshot"), st.none(), st.fixed_dictionaries({"cells": st.lists(CELL, max_size=5)})),
    st.tuples(st.just("edit"), IDS, st.fixed_dictionaries({"at": NUMBERS, "removed": NUMBERS, "inserted": TEXT})),
    st.tuples(st.just("cell_created"), IDS, st.fixed_dictionaries({"index": NUMBERS, "source": TEXT})),
    st.tuples(st.just("cell_moved"), IDS, st.fixed_dictionaries({"index": NUMBERS})),
    st.tuples(st.just("cell_deleted"), IDS, st.just({})),
    st.tuples(st.just("run"), IDS, st.just({})),
)
SESSIONS = st.lists(ACTIONS, max_size=30).map(
    lambda actions: [event(seq, kind, cell, **data) for seq, (kind, cell, data) in enumerate(actions)]
)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_fixture_is_replayed_as_it_says(path: Path) -> None:
    fixture = json.loads(path.read_text())
    events = [SessionEvent.model_validate(one) for one in fixture["events"]]
    for expected in fixture["expected"]:
        cells = [cell.model_dump() for cell in notebook_at(events, expected["at"])]
        assert cells == expected["cells"], (path.stem, expected["at"])


def test_there_are_fixtures() -> None:
    assert len(FIXTURES) >= 4


@given(SESSIONS)
def test_whatever_happens_the_notebook_can_be_sent_and_no_id_is_twice_in_it(events: list[SessionEvent]) -> None:
    notebook = Notebook()
    for one in events:
        notebook.apply(one)
        for cell in notebook.cells:
            assert ReplayCell.model_validate_json(cell.model_dump_json()) == cell
        ids = [cell.id for cell in notebook.cells]
        assert len(ids) == len(set(ids))


@given(SESSIONS, st.data())
def test_going_on_from_any_instant_is_the_same_as_starting_over(
    events: list[SessionEvent], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(events)))
    first = Notebook()
    for one in events[:cut]:
        first.apply(one)
    second = Notebook(first.cells)
    for one in events[cut:]:
        second.apply(one)
    assert second.cells == notebook_at(events, len(events))


@given(TEXT, TEXT)
def test_the_difference_of_two_texts_in_whole_characters_leads_from_one_to_the_other(before: str, after: str) -> None:
    """As a recorder makes it: the common beginning and the common end are left out."""
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    end = 0
    while end < min(len(before), len(after)) - same and before[-1 - end] == after[-1 - end]:
        end += 1
    edit = {
        "at": units(before[:same]),
        "removed": units(before[same : len(before) - end]),
        "inserted": after[same : len(after) - end],
    }
    notebook = Notebook([ReplayCell(id="a", source=before)])
    notebook.apply(event(0, "edit", "a", **edit))
    assert notebook.cells[0].source == after


@given(st.text(st.sampled_from("ab😀é"), max_size=8), NUMBERS, NUMBERS, st.text(st.sampled_from("x😃"), max_size=3))
def test_an_edit_of_wide_text_agrees_with_units_of_utf_16(before: str, at: int, removed: int, inserted: str) -> None:
    """Against a slow reading of rule 4 over a list of units."""
    pairs = [half for char in before for half in ([char] if units(char) == 1 else [char, ""])]
    start, end = min(at, len(pairs)), min(min(at, len(pairs)) + removed, len(pairs))
    if start < len(pairs) and pairs[start] == "":
        start -= 1
        end = start if removed == 0 else end
    if end < len(pairs) and pairs[end] == "":
        end += 1
    notebook = Notebook([ReplayCell(id="a", source=before)])
    notebook.apply(event(0, "edit", "a", at=at, removed=removed, inserted=inserted))
    assert notebook.cells[0].source == "".join(pairs[:start]) + inserted + "".join(pairs[end:])


def test_neither_a_cell_nor_a_notebook_grows_without_end() -> None:
    notebook = Notebook([ReplayCell(id="a", source="x" * MAX_SOURCE_CHARS)])
    notebook.apply(event(0, "edit", "a", at=0, removed=0, inserted="é" * 10))
    assert units(notebook.cells[0].source) == MAX_SOURCE_CHARS
    notebook.apply(event(1, "edit", "a", at=MAX_SOURCE_CHARS - 1, removed=1, inserted="😀"))
    assert notebook.cells[0].source.endswith("x"), "half of a pair is not kept"
    assert units(notebook.cells[0].source) == MAX_SOURCE_CHARS - 1
    for number in range(MAX_CELLS + 5):
        notebook.apply(event(number, "cell_created", f"n{number}", index=0))
    assert len(notebook.cells) == MAX_CELLS
