"""Whatever state a notebook comes back in, it is repaired or its fault is named; nothing crashes."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.notebook.repair import MAX_NOTEBOOK_CHARS, NotebookTooLarge, repair
from feedback.plan import plan_run
from services.contracts.case import AuthorCase
from services.contracts.notebook import Cell
from tests.work_done import calls_of

Cells = tuple[Cell, ...]


def at(cells: Cells, id_: str) -> Cell:
    return next(cell for cell in cells if cell.id == id_)


def without(cells: Cells, *ids: str) -> Cells:
    return tuple(cell for cell in cells if cell.id not in ids)


def replaced(cells: Cells, id_: str, *by: Cell) -> Cells:
    position = next(n for n, cell in enumerate(cells) if cell.id == id_)
    return (*cells[:position], *by, *cells[position + 1 :])


def edited(cells: Cells, id_: str, source: str, **changes: object) -> Cells:
    return replaced(cells, id_, at(cells, id_).model_copy(update={"source": source, **changes}))


def sources(case: AuthorCase, cells: Sequence[Cell]) -> list[str]:
    return [cell.source for cell in repair(case, cells).cells]


STARTER = "# YOUR CODE HERE\nraise NotImplementedError()"
WHOLE = [
    "import math\nlimit = 10",
    "# Try things here",
    "parts = [1, 2, 3]\ntotal = sum(parts)",
    "def double(x):\n    return x * 2\n\nresult = double(total)",
]


def test_an_untouched_layout_runs_as_it_is_without_a_word(case: AuthorCase, solved: Cells) -> None:
    repaired = repair(case, solved)
    assert [cell.source for cell in repaired.cells] == WHOLE
    assert (repaired.repairs, repaired.missing) == ((), ())


def test_an_answer_in_words_is_never_run(case: AuthorCase, solved: Cells) -> None:
    words = Cell(id="words", kind="markdown", source="Because $x^2$ grows.")
    first = case.subtasks[0]
    view = first.view.model_copy(update={"answer_cells": (*first.view.answer_cells, "words")})
    subtasks = (first.model_copy(update={"view": view}), *case.subtasks[1:])
    asked = case.model_copy(update={"cells": (*case.cells, words), "subtasks": subtasks})
    for handed_in in ((*solved, words), solved):
        repaired = repair(asked, handed_in)
        assert [cell.source for cell in repaired.cells] == WHOLE
        assert (repaired.repairs, repaired.missing) == ((), ())


def renumbered(cells: Cells) -> Cells:
    return tuple(cell.model_copy(update={"id": f"cell-{n}"}) for n, cell in enumerate(cells))


def nameless(cells: Cells) -> Cells:
    return tuple(cell.model_copy(update={"metadata": {}}) for cell in cells)


REPAIRABLE: dict[str, tuple[Callable[[Cells], Cells], str | None]] = {
    "ids lost": (renumbered, None),
    "metadata lost": (nameless, None),
    "ids and metadata lost": (lambda c: renumbered(nameless(c)), "recognised by its content"),
    "one id for all": (lambda c: tuple(x.model_copy(update={"id": "same"}) for x in c), None),
    "locked cell changed": (lambda c: edited(c, "id-set-up", "limit = 0"), "had been changed"),
    "locked cell deleted": (lambda c: without(c, "id-set-up"), "had been deleted"),
    "locked cell made text": (
        lambda c: edited(c, "id-set-up", "import math\nlimit = 10", kind="raw"),
        "had been changed",
    ),
    "check changed": (lambda c: edited(c, "id-check-1", "assert True"), "own check was used"),
    "checks deleted": (lambda c: without(c, "id-check-1", "id-check-2"), None),
    "check copied": (lambda c: (*c, at(c, "id-check-1").model_copy(update={"id": "copy"})), None),
    "texts deleted": (lambda c: without(c, "title", "text-1", "text-2"), None),
    "answer made text": (lambda c: edited(c, "id-answer-1", WHOLE[2], kind="markdown"), "turned into text"),
    "untouched copy of an answer": (
        lambda c: (*c, at(c, "id-answer-1").model_copy(update={"id": "copy", "source": STARTER})),
        "untouched copy",
    ),
    "steps swapped": (lambda c: (*c[:3], *c[6:], *c[3:6]), "order of the case"),
    "odd metadata": (
        lambda c: tuple(x.model_copy(update={"metadata": {"nbgrader": ["?"], "tags": 3}}) for x in c),
        None,
    ),
    "grade id of no string": (
        lambda c: tuple(x.model_copy(update={"metadata": {"nbgrader": {"grade_id": {"a": 1}}}}) for x in c),
        None,
    ),
    "one id twice": (
        lambda c: tuple(x.model_copy(update={"id": "id-answer-1"}) if x.id == "id-set-up" else x for x in c),
        None,
    ),
    "an empty cell between": (lambda c: (*c[:4], Cell(id="x", source="  \n"), *c[4:]), None),
}


@pytest.mark.parametrize("name", REPAIRABLE)
def test_a_damaged_notebook_runs_like_a_whole_one(case: AuthorCase, solved: Cells, name: str) -> None:
    damage, sentence = REPAIRABLE[name]
    repaired = repair(case, damage(solved))
    assert [cell.source for cell in repaired.cells] == WHOLE
    assert repaired.missing == ()
    said = " ".join(repaired.repairs)
    assert sentence is None or sentence in said


def test_own_cells_stay_behind_the_cell_they_follow(case: AuthorCase, solved: Cells) -> None:
    own = Cell(id="mine", source="helper = 1")
    cells = (solved[0], own, *solved[1:])
    assert sources(case, cells)[0] == "helper = 1"
    assert sources(case, (*solved[:4], own, *solved[4:]))[2:4] == ["helper = 1", WHOLE[2]]


def test_a_split_answer_runs_in_all_its_parts(case: AuthorCase, solved: Cells) -> None:
    first, second = (Cell(id=f"part-{n}", source=line) for n, line in enumerate(WHOLE[2].splitlines()))
    parts = replaced(solved, "id-answer-1", first, second)
    repaired = repair(case, parts)
    assert [c.source for c in repaired.cells] == [*WHOLE[:2], first.source, second.source, WHOLE[3]]
    assert repaired.missing == ()


def test_a_split_that_kept_the_id_on_one_part_runs_in_all_its_parts(case: AuthorCase, solved: Cells) -> None:
    answer = at(solved, "id-answer-1")
    lines = WHOLE[2].splitlines()
    tail = answer.model_copy(update={"id": "new", "source": lines[1]})
    parts = replaced(solved, "id-answer-1", answer.model_copy(update={"source": lines[0]}), tail)
    repaired = repair(case, parts)
    assert [c.source for c in repaired.cells][2:4] == lines
    assert "more than once" in " ".join(repaired.repairs)


def test_a_copy_that_was_worked_on_wins_over_the_untouched_original(case: AuthorCase, solved: Cells) -> None:
    worked = at(solved, "id-answer-1").model_copy(update={"id": "copy"})
    open_ = case.cells[4]
    repaired = repair(case, replaced(solved, "id-answer-1", open_, worked))
    # The original keeps its id, so it stands for the answer; the copy runs behind it.
    assert [c.source for c in repaired.cells][2:4] == [open_.source, WHOLE[2]]


def test_a_deleted_answer_is_reported_and_the_rest_still_runs(case: AuthorCase, solved: Cells) -> None:
    repaired = repair(case, without(solved, "id-answer-2"))
    assert repaired.missing == ("id-answer-2",)
    assert "«answer-2»" in repaired.repairs[0]
    assert [c.source for c in repaired.cells] == WHOLE[:3]


def test_an_empty_notebook_has_every_answer_missing(case: AuthorCase) -> None:
    repaired = repair(case, ())
    assert repaired.missing == ("id-answer-1", "id-answer-2")
    assert [c.source for c in repaired.cells] == WHOLE[:2]


def test_an_open_cell_of_the_author_keeps_the_learners_text(case: AuthorCase, solved: Cells) -> None:
    assert "limit = 99" in sources(case, edited(solved, "play", "limit = 99"))


def test_a_thousand_cells_are_twice_the_work_of_five_hundred(case: AuthorCase, solved: Cells) -> None:
    found = without(solved, "id-answer-1", "id-answer-2")

    def cells(count: int) -> Cells:
        return (*found, *(Cell(id=f"own-{n}", source=f"value_{n} = {n}\n" * 9) for n in range(count)))

    half, whole = cells(500 - len(found)), cells(1000 - len(found))
    repair(case, half)
    assert calls_of(lambda: repair(case, whole)) < 2.5 * calls_of(lambda: repair(case, half))
    assert len(repair(case, whole).cells) > 900


def test_too_much_code_is_refused_in_words(case: AuthorCase) -> None:
    cells = [Cell(id=f"c{n}", source="x" * 190_000) for n in range(MAX_NOTEBOOK_CHARS // 190_000 + 1)]
    with pytest.raises(NotebookTooLarge, match="characters of code"):
        repair(case, cells)


def test_only_cells_up_to_the_subtask_run_and_checks_run_apart(case: AuthorCase, solved: Cells) -> None:
    own = Cell(id="mine", source="total = 0")
    cells = (*solved[:6], own, *solved[6:])
    plan = plan_run(case, case.subtasks[0], repair(case, cells), 5)
    assert [c.source for c in plan.request.cells] == WHOLE[:3]
    assert [c.id for c in plan.request.checks] == ["check-1"]
    assert [p.name for p in plan.request.probes] == ["total"]
    later = plan_run(case, case.subtasks[1], repair(case, cells), 5)
    assert [c.source for c in later.request.cells] == [*WHOLE[:3], "total = 0", WHOLE[3]]


def test_ids_of_a_run_never_repeat_and_lead_back_to_the_learners_cells(case: AuthorCase, solved: Cells) -> None:
    same = tuple(cell.model_copy(update={"id": "check-2"}) for cell in solved)
    plan = plan_run(case, case.subtasks[1], repair(case, same), 0)
    ids = [cell.id for cell in plan.request.cells]
    assert len(set(ids)) == len(ids)
    assert not {check.id for check in plan.request.checks} & set(ids)
    assert {cell.place for cell in plan.asked.cells} == {"check-2"}


cell = st.builds(
    Cell,
    id=st.sampled_from(["id-answer-1", "id-answer-2", "id-set-up", "id-check-1", "play", "x", "y"]),
    kind=st.sampled_from(["code", "code", "markdown", "raw"]),
    source=st.one_of(
        st.text(max_size=20), st.sampled_from([*WHOLE, "total = 6", "assert total == 6", "((((", "%%bash\nls"])
    ),
    metadata=st.sampled_from(
        [{}, {"nbgrader": {"grade_id": "answer-1"}}, {"nbgrader": {"grade_id": "check-2"}}, {"nbgrader": 3}]
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(cell, max_size=12))
def test_no_notebook_crashes_the_repair(cells: list[Cell]) -> None:
    case = _CASE[0]
    repaired = repair(case, cells)
    for subtask in case.subtasks:
        plan_run(case, subtask, repaired, 0)
    given_ = [c for c in repaired.cells if c.position == 1]
    assert [c.source for c in given_] == [WHOLE[0]]
    assert all(s.endswith(".") for s in repaired.repairs)


_CASE: list[AuthorCase] = []


@pytest.fixture(autouse=True)
def _keep(case: AuthorCase) -> None:
    """For the test above, which cannot take a function's fixture."""
    _CASE[:] = [case]
