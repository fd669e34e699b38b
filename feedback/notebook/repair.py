from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from feedback.notebook.matching import Matching, grade_id, match
from feedback.notebook.reading import bound
from services.contracts.case import AuthorCase
from services.contracts.notebook import Cell

# All code of a notebook together; a thousand full cells would be 200 MB.
MAX_NOTEBOOK_CHARS = 1_000_000
Role = Literal["answer", "check", "given"]


@dataclass(frozen=True)
class RepairedCell:
    """A code cell as it will be run, and where it came from."""

    source: str
    place: str
    """Id of the cell in the learner's notebook; of the case's cell where the learner has none."""
    position: int | None
    """Position of the case's cell it stands for; None: the learner's own extra cell."""
    anchor: int
    """Position of the case's cell that it stands for or follows; -1: before the first."""


@dataclass(frozen=True)
class Repaired:
    """The notebook to run, in order, and what was done to it."""

    cells: tuple[RepairedCell, ...]
    repairs: tuple[str, ...]
    """One sentence each, for the learner."""
    missing: tuple[str, ...]
    """Ids of answer cells that are nowhere in the submitted notebook."""


class NotebookTooLarge(ValueError):
    """The notebook's code is longer than MAX_NOTEBOOK_CHARS."""


def repair(case: AuthorCase, submitted: Sequence[Cell]) -> Repaired:
    """Lay the learner's answers into the case's own notebook.

    Given and check cells come from the case version, answers and extra cells from the learner, in the case's
    order; extra cells stay behind the cell that they follow.

    Raises:
        NotebookTooLarge: there is more code than any notebook of this case could need.
    """
    size = sum(len(cell.source) for cell in submitted if cell.kind != "markdown")
    if size > MAX_NOTEBOOK_CHARS:
        raise NotebookTooLarge(
            f"The notebook holds {size:,} characters of code; up to {MAX_NOTEBOOK_CHARS:,} can be checked."
        )
    answers = {id_: bound(source) for s in case.subtasks for id_, source in s.reference.items()}
    matching = match(case.cells, answers, submitted)
    return _Repair(case, submitted, matching, roles(case)).done()


def roles(case: AuthorCase) -> dict[str, Role]:
    """What each code cell of the case is for: answers are the learner's, checks are run apart, the rest is given.

    An answer in words has no part in a run: nothing judges it.
    """
    found: dict[str, Role] = {cell.id: "given" for cell in case.cells if cell.kind == "code"}
    for subtask in case.subtasks:
        found |= dict.fromkeys((check.cell for check in subtask.checks if check.cell in found), "check")
        found |= dict.fromkeys((cell for cell in subtask.view.answer_cells if cell in found), "answer")
    return found


class _Repair:
    """One repair: walks over the case's cells and says what it had to do."""

    def __init__(self, case: AuthorCase, submitted: Sequence[Cell], matching: Matching, role: dict[str, Role]) -> None:
        self._case, self._submitted, self._matching, self._role = case, submitted, matching, role
        self._starters = {id_: source for s in case.subtasks for id_, source in s.starter.items()}
        self._repairs: list[str] = []
        self._missing: list[str] = []

    def done(self) -> Repaired:
        extras = self._extras()
        cells = list(extras.get(-1, ()))
        for position, cell in enumerate(self._case.cells):
            cells.extend(self._case_cell(position, cell))
            cells.extend(extras.get(position, ()))
        self._note_order()
        repairs = tuple(dict.fromkeys(self._repairs))
        return Repaired(tuple(cells), repairs, tuple(self._missing))

    def _case_cell(self, position: int, cell: Cell) -> Iterator[RepairedCell]:
        role = self._role.get(cell.id)
        at = self._matching.found.get(position)
        mine = self._submitted[at] if at is not None else None
        if role == "answer":
            yield from self._answer(position, cell, mine)
        elif role == "given":
            yield self._given(position, cell, mine)
        elif role == "check" and mine is not None and mine.source.strip() != cell.source.strip():
            self._repairs.append(f"The check cell {_named(cell)} was changed; the case's own check was used.")

    def _answer(self, position: int, cell: Cell, mine: Cell | None) -> Iterator[RepairedCell]:
        if mine is None:
            self._missing.append(cell.id)
            self._repairs.append(f"The answer cell {_named(cell)} is not in the notebook any more.")
            return
        if position in self._matching.by_content:
            self._repairs.append(f"The answer cell {_named(cell)} was recognised by its content: its id was lost.")
        if mine.kind != "code":
            self._repairs.append(f"The answer cell {_named(cell)} had been turned into text; it was run as code.")
        yield RepairedCell(mine.source, mine.id, position, position)

    def _given(self, position: int, cell: Cell, mine: Cell | None) -> RepairedCell:
        if mine is None:
            self._repairs.append(f"The cell {_named(cell)} had been deleted; it was put back for this check.")
            return RepairedCell(cell.source, cell.id, position, position)
        if _locked(cell) and (mine.source != cell.source or mine.kind != cell.kind):
            self._repairs.append(f"The cell {_named(cell)} had been changed; the case's own was used for this check.")
        # What the author left open to change is the learner's to change.
        source = cell.source if _locked(cell) or mine.kind != "code" else mine.source
        return RepairedCell(source, mine.id, position, position)

    def _extras(self) -> dict[int, list[RepairedCell]]:
        """The learner's own code cells by the position of the case's cell that they follow."""
        back = {at: position for position, at in self._matching.found.items()}
        checks = {grade_id(c) or c.id for c in self._case.cells if self._role.get(c.id) == "check"}
        found: dict[int, list[RepairedCell]] = {}
        anchor = -1
        for at, cell in enumerate(self._submitted):
            if at in back:
                anchor = back[at]
            elif cell.kind == "code" and cell.source.strip() and not self._dropped(cell, checks):
                found.setdefault(anchor, []).append(RepairedCell(cell.source, cell.id, None, anchor))
        return found

    def _dropped(self, cell: Cell, checks: set[str]) -> bool:
        """Whether an unmatched cell is a mere copy: of a check, or of an answer that was never begun."""
        name = grade_id(cell) or cell.id
        if name in checks:
            return True
        original = next((c for c in self._case.cells if (grade_id(c) or c.id) == name or c.id == cell.id), None)
        if original is None:
            return False
        if cell.source.strip() == self._starters.get(original.id, original.source).strip():
            self._repairs.append(f"An untouched copy of the cell {_named(original)} was left out.")
            return True
        self._repairs.append(f"The cell {_named(original)} is there more than once; all were run, from top to bottom.")
        return False

    def _note_order(self) -> None:
        code = [at for p, at in sorted(self._matching.found.items()) if self._case.cells[p].id in self._role]
        if code != sorted(code):
            self._repairs.append("Cells had been moved; they were run in the order of the case.")


def _locked(cell: Cell) -> bool:
    nbgrader = cell.metadata.get("nbgrader")
    return isinstance(nbgrader, dict) and nbgrader.get("locked") is True


def _named(cell: Cell) -> str:
    """How a learner recognises the cell: its grade id, or how it begins."""
    first = next((line.strip() for line in cell.source.splitlines() if line.strip()), "")
    return f"«{grade_id(cell) or first[:40] or cell.id}»"
