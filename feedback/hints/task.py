from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from feedback.notebook.repair import Repaired, repair
from services.contracts.assistance import WordsBy
from services.contracts.case import AuthorCase, Subtask
from services.contracts.feedback import CheckRequest
from services.contracts.hint import HintKind
from services.contracts.identity import ScopeClaims
from services.contracts.notebook import MAX_CELLS, Cell, Place

Answers = Mapping[str, str]
"""Answer cell id of the case -> source."""


class Work(Protocol):
    """A learner's notebook, as it is looked at for one step."""

    @property
    def case(self) -> AuthorCase:
        """With its references."""
        ...

    @property
    def subtask(self) -> Subtask:
        """The step."""
        ...

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The notebook's."""
        ...

    @property
    def answers(self) -> Answers:
        """The learner's answer cells of this step; an empty text for one that is missing."""
        ...


@dataclass(frozen=True)
class Submitted:
    """Work of nobody in particular."""

    case: AuthorCase
    subtask: Subtask
    cells: tuple[Cell, ...]

    @cached_property
    def answers(self) -> Answers:
        """The learner's answer cells of this step; an empty text for one that is missing."""
        return _answers(_positions(self.case, self.subtask), repair(self.case, self.cells))


def _answers(positions: Mapping[int, str], repaired: Repaired) -> Answers:
    mine = {cell.position: cell.source for cell in repaired.cells if cell.position is not None}
    return {id_: mine.get(at, "") for at, id_ in positions.items()}


def _positions(case: AuthorCase, subtask: Subtask) -> dict[int, str]:
    wanted = subtask.view.answer_cells
    return {at: cell.id for at, cell in enumerate(case.cells) if cell.id in wanted}


@dataclass(frozen=True)
class HintTask:
    """What one hint is about."""

    kind: HintKind
    case: AuthorCase
    subtask: Subtask
    cells: tuple[Cell, ...]
    scope: ScopeClaims
    given: int = 0
    """Hints of this kind that the learner got for this step before."""
    earlier: tuple[str, ...] = ()
    """Their texts and those of other kinds, oldest first."""

    @cached_property
    def answers(self) -> Answers:
        """The learner's answer cells of this step; an empty text for one that is missing."""
        return _answers(self._positions, self._repaired)

    @cached_property
    def code_before(self) -> tuple[str, ...]:
        """The learner's code that runs before the first answer cell of this step."""
        first = min(self._positions, default=0)
        return tuple(cell.source for cell in self._repaired.cells if cell.anchor < first)

    def with_answers(self, answers: Answers) -> CheckRequest:
        """The learner's notebook with other answers in this step."""
        mine = {cell.position: cell for cell in self._repaired.cells}
        cells, lost = list(self.cells), []
        for at, id_ in self._positions.items():
            source = answers.get(id_, self.answers[id_])
            old = mine.get(at)
            # Ids may repeat; the one that is run is known by its source, too.
            found = next((n for n, c in enumerate(cells) if old and (c.id, c.source) == (old.place, old.source)), None)
            if found is None:
                lost.append(Cell(id=id_, source=source))
            else:
                cells[found] = cells[found].model_copy(update={"source": source})
        # Where the answer cell is gone its place does not matter: cells run in the case's order.
        return CheckRequest(subtask=self.subtask.view.id, cells=(*cells[: MAX_CELLS - len(lost)], *lost))

    @cached_property
    def _repaired(self) -> Repaired:
        return repair(self.case, self.cells)

    @cached_property
    def _positions(self) -> dict[int, str]:
        return _positions(self.case, self.subtask)


@dataclass(frozen=True)
class Made:
    """A hint that is written."""

    text: str
    place: Place | None = None
    words_by: WordsBy = "rules"
    counted: bool = True
    reason: str = ""
    """Why rules wrote it, as a counter's label; empty: a model did."""


@dataclass(frozen=True)
class Unmade:
    """A hint that cannot be made, and will not be by trying again."""

    problem: str
    reason: str


class HintNotMade(Exception):
    """The platform failed; trying again may help."""
