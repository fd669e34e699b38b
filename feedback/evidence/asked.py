from dataclasses import dataclass
from functools import cached_property

from services.contracts.case import AuthorCase, Compare, Subtask
from services.contracts.notebook import Place


@dataclass(frozen=True)
class RunCell:
    """A code cell as it is run for one subtask, and where it came from."""

    id: str
    """Unique within the run."""
    source: str
    place: str
    """Id of the cell in the learner's notebook, for marking it there."""
    name: str | None
    """Its stable name in the case (grade id); None for a cell of the learner's own."""
    subtask: str | None
    """The subtask it belongs to by position; None: the introduction."""
    answer: bool = False


@dataclass(frozen=True)
class Asked:
    """What was run and asked for one subtask of one case version."""

    case: AuthorCase
    subtask: Subtask
    cells: tuple[RunCell, ...]

    @cached_property
    def by_id(self) -> dict[str, RunCell]:
        """The cells of the run by their id in it."""
        return {cell.id: cell for cell in self.cells}

    def place(self, place: Place | None) -> Place | None:
        """The place in the learner's own notebook, or None for one outside it (a check's line)."""
        cell = self.by_id.get(place.cell) if place else None
        if place is None or cell is None:
            return None
        last = cell.source.count("\n") + 1
        line = min(place.line, last) if place.line else None
        end = min(max(place.end_line, line or 1), last) if place.end_line else None
        return Place(cell=cell.place, line=line, end_line=end)

    def place_of(self, cell: RunCell) -> Place:
        """A whole cell, as a place in the learner's notebook."""
        return Place(cell=cell.place)

    @property
    def named(self) -> tuple[Compare, ...]:
        """Every name that is observed: those that decide, then those that only explain."""
        return named(self.subtask)


def named(subtask: Subtask) -> tuple[Compare, ...]:
    """Rules for every observed name of a subtask; a rule for a name wins over watching it."""
    seen = {rule.name for rule in subtask.compare}
    watched = dict.fromkeys(name for name in subtask.watch if name not in seen)
    return (*subtask.compare, *(Compare(name=name, decides=False) for name in watched))


def value_id(name: str) -> str:
    """Id of the probe for a named value."""
    return f"value:{name}"


def call_id(index: int) -> str:
    """Id of the probe for the subtask's call of that position."""
    return f"call:{index}"
