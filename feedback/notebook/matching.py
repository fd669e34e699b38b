"""Which of a learner's cells is which cell of the case."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from feedback.notebook.reading import assigned, identifiers
from services.contracts.notebook import Cell

# Below this two cells have too little in common to be the same cell.
ALIKE = 0.35
# Enough of a cell to recognise it by.
SEEN_CHARS = 5_000


@dataclass
class Matching:
    """Positions of the case's cells -> positions of the learner's cells, and which were matched by what."""

    found: dict[int, int] = field(default_factory=dict)
    by_content: set[int] = field(default_factory=set)

    @property
    def taken(self) -> set[int]:
        """Positions of the learner's cells that are spoken for."""
        return set(self.found.values())


def grade_id(cell: Cell) -> str | None:
    """The nbgrader name of the cell, where it has a usable one."""
    nbgrader = cell.metadata.get("nbgrader")
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return name if isinstance(name, str) and name else None


def match(case: Sequence[Cell], answers: dict[str, frozenset[str]], submitted: Sequence[Cell]) -> Matching:
    """Match by id, then by grade id, then by equal content, then answer cells by likeness and position.

    `answers`: id of each answer cell -> the names its reference binds.
    """
    matching = Matching()
    _by_key(matching, case, submitted, lambda cell: cell.id)
    _by_key(matching, case, submitted, grade_id)
    _by_key(matching, case, submitted, _content)
    _by_likeness(matching, case, answers, submitted)
    return matching


def _content(cell: Cell) -> str | None:
    text = "\n".join(line.rstrip() for line in cell.source.strip().splitlines())
    return f"{cell.kind}:{text}" if text else None


def _by_key(
    matching: Matching, case: Sequence[Cell], submitted: Sequence[Cell], key: Callable[[Cell], str | None]
) -> None:
    candidates: dict[str, list[int]] = {}
    taken = matching.taken
    for at, cell in enumerate(submitted):
        name = key(cell)
        if at not in taken and name is not None:
            candidates.setdefault(name, []).append(at)
    for position, cell in enumerate(case):
        name = key(cell)
        if position not in matching.found and name in candidates:
            matching.found[position] = _best(cell, candidates[name], submitted)
            candidates[name].remove(matching.found[position])
            if not candidates[name]:
                del candidates[name]


def _best(cell: Cell, candidates: Sequence[int], submitted: Sequence[Cell]) -> int:
    """Among cells of one name: of the right grade id and kind, then worked on rather than untouched, then first."""

    def strangeness(at: int) -> tuple[bool, bool, bool, int]:
        other = submitted[at]
        untouched = _content(other) in (None, _content(cell))
        return grade_id(other) != grade_id(cell), other.kind != cell.kind, untouched, at

    return min(candidates, key=strangeness)


def _by_likeness(
    matching: Matching, case: Sequence[Cell], answers: dict[str, frozenset[str]], submitted: Sequence[Cell]
) -> None:
    for position, cell in enumerate(case):
        if position in matching.found or cell.id not in answers:
            continue
        taken = matching.taken
        low, high = _gap(matching, position, len(submitted))
        free = [at for at, c in enumerate(submitted) if at not in taken and c.kind == "code" and c.source.strip()]
        inside = [at for at in free if low < at < high]
        at = _most_alike(cell, answers[cell.id], [(at, submitted[at]) for at in free], inside)
        if at is None and len(inside) == 1 and not _another_missing(matching, case, answers, position):
            at = inside[0]
        if at is not None:
            matching.found[position] = at
            matching.by_content.add(position)


def _gap(matching: Matching, position: int, length: int) -> tuple[int, int]:
    """Between which of the learner's cells this cell of the case should be."""
    known = sorted(matching.found)
    at = bisect_left(known, position)
    low = matching.found[known[at - 1]] if at else -1
    high = matching.found[known[at]] if at < len(known) else length
    return low, high


def _another_missing(
    matching: Matching, case: Sequence[Cell], answers: dict[str, frozenset[str]], position: int
) -> bool:
    """Whether a neighbouring answer cell is missing, too, so that one cell in the gap could be either."""
    known = sorted(matching.found)
    at = bisect_left(known, position)
    low, high = (known[at - 1] if at else -1), (known[at] if at < len(known) else len(case))
    return any(case[p].id in answers and p != position and p not in matching.found for p in range(low + 1, high))


def _most_alike(
    cell: Cell, names: frozenset[str], candidates: Sequence[tuple[int, Cell]], inside: Sequence[int]
) -> int | None:
    scored = [(_likeness(cell, names, other) + (0.2 if at in inside else 0.0), -at) for at, other in candidates]
    best = max(scored, default=(0.0, 0))
    return -best[1] if best[0] >= ALIKE + 0.1 else None


def _likeness(cell: Cell, names: frozenset[str], other: Cell) -> float:
    """0 to 1: how many of the asked names it binds, and how many words the two share."""
    words, others = (identifiers(c.source[:SEEN_CHARS]) for c in (cell, other))
    shared = len(words & others) / max(len(words | others), 1)
    if not names:
        return shared
    return 0.7 * len(names & assigned(other.source[:SEEN_CHARS])) / len(names) + 0.3 * shared
