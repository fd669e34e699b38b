"""A learner's notebook, made from a case."""

from collections.abc import Mapping

from feedback.reference import reference_cells
from services.contracts.case import AuthorCase
from services.contracts.notebook import Cell


def answered(case: AuthorCase, answers: Mapping[str, str]) -> tuple[Cell, ...]:
    """The learner's notebook with the reference filled in, except for these answers (cell id -> source)."""
    return tuple(
        cell.model_copy(update={"source": answers.get(cell.id, cell.source)}) for cell in reference_cells(case)
    )


def unlike_reference(case: AuthorCase, cells: tuple[Cell, ...]) -> dict[str, str] | None:
    """What `answered` must be told to make these cells; None where they differ in more than answers."""
    plain = {cell.id: cell for cell in reference_cells(case)}
    may_differ = {cell for subtask in case.subtasks for cell in subtask.reference}
    if [cell.id for cell in cells] != list(plain):
        return None
    differ = [cell for cell in cells if cell != plain[cell.id]]
    if any(c.id not in may_differ or c != plain[c.id].model_copy(update={"source": c.source}) for c in differ):
        return None
    return {cell.id: cell.source for cell in differ}


def changed_lines(before: str, after: str) -> tuple[int, int]:
    """First and last line (1-based) of `after` that `before` does not have there; where lines are gone, their place."""
    old, new = before.split("\n"), after.split("\n")
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    tail = 0
    while tail < min(len(old), len(new)) - first and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    last = len(new) - tail
    start = min(first + 1, len(new))
    return start, max(last, start)
