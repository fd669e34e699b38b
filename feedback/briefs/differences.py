"""How a learner's answers differ from those that are accepted. What is made here shows a solution: for mentors only."""

from difflib import unified_diff
from typing import Final, Literal

from feedback.hints.distance import answers_distance
from feedback.hints.task import Answers
from services.contracts.brief import CellDifference
from services.contracts.case import AuthorCase, Subtask

_CONTEXT: Final = 3
"""Lines around a change, as `diff -u` has them."""


def differences(case: AuthorCase, subtask: Subtask, mine: Answers) -> tuple[CellDifference, ...]:
    """The learner's answer cells against the reference, and against the nearest accepted alternative."""
    accepted = [_of_subtask(subtask, variant) for variant in case.variants if _touches(subtask, variant)]
    found = _against("reference", subtask, mine, subtask.reference)
    if not accepted:
        return found
    nearest = min(accepted, key=lambda variant: answers_distance(mine, variant))
    return (*found, *_against("variant", subtask, mine, nearest))


def _touches(subtask: Subtask, variant: Answers) -> bool:
    return any(cell in variant for cell in subtask.view.answer_cells)


def _of_subtask(subtask: Subtask, variant: Answers) -> Answers:
    """The alternative's answers to this step; where it says nothing it keeps the reference's."""
    return {cell: variant.get(cell, subtask.reference.get(cell, "")) for cell in subtask.view.answer_cells}


def _against(
    name: Literal["reference", "variant"], subtask: Subtask, mine: Answers, other: Answers
) -> tuple[CellDifference, ...]:
    return tuple(
        CellDifference(cell=cell, against=name, text=_unified(mine.get(cell, ""), other.get(cell, ""), name))
        for cell in subtask.view.answer_cells
    )


def _unified(mine: str, other: str, name: str) -> str:
    lines = unified_diff(mine.splitlines(), other.splitlines(), "learner", name, lineterm="", n=_CONTEXT)
    return "\n".join(lines)
