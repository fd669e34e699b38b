"""The learner's code in a prompt that must stay as it was: changes come behind what was sent before."""

import difflib
from collections.abc import Iterable, Sequence

from feedback.chat.memory import capped
from feedback.notebook.matching import grade_id
from services.contracts.case import AuthorCase, Subtask
from services.contracts.notebook import Cell

_NO_CODE = "# (the answer cell of this step is not in the notebook)"
_LONGEST_SHARE = 0.5
"""A change that is longer than this share of the code is clearer as the whole code."""


def answer_code(case: AuthorCase, subtask: Subtask, cells: Iterable[Cell], limit: int) -> str:
    """What the learner has written for the subtask, at most `limit` characters.

    Cells are found by id; where that was lost, by the nbgrader name they were handed out with.
    """
    answers = [cell for cell in case.cells if cell.id in subtask.view.answer_cells]
    names = {name: cell.id for cell in answers if (name := grade_id(cell)) is not None}
    found: dict[str, str] = {}
    for cell in cells:
        which = cell.id if cell.id in subtask.view.answer_cells else names.get(grade_id(cell) or "")
        if which is not None:
            found.setdefault(which, cell.source)
    parts = [found[id_].strip("\n") for id_ in subtask.view.answer_cells if id_ in found]
    return capped("\n\n".join(parts), limit) if parts else _NO_CODE


def change(before: str, now: str) -> tuple[str, str] | None:
    """How to say that the code is another: (`code_change`, diff) or (`code`, all of it); None: it is the same."""
    if before == now:
        return None
    diff = "\n".join(_diff(before.splitlines(), now.splitlines()))
    if before and len(diff) <= _LONGEST_SHARE * len(now):
        return "code_change", diff
    return "code", now


def _diff(before: Sequence[str], now: Sequence[str]) -> list[str]:
    # Without the two file names, which say nothing here.
    return list(difflib.unified_diff(before, now, lineterm="", n=2))[2:]
