"""What a repair changes, told without a word of its code: which lines of the learner's, and what kind of thing."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pydantic import JsonValue

from feedback.hints.constructs import Change, changes
from feedback.hints.statements import Statement, statements

MAX_FACTS = 8
# Of each side, from the top. Aligning takes time that grows with the square, and no answer is as long as that.
MAX_STATEMENTS = 500
_SAID: dict[Change, str] = {
    "condition": "something asks for another condition than this step needs",
    "bound": "where something begins, ends or is taken from is not where it should be",
    "call": "another operation is needed here than the one that is called",
    "argument": "the operation fits, but what is handed to it does not",
    "value": "a fixed value does not fit",
    "operator": "two things are combined in another way than this step needs",
    "name": "another variable is meant here",
    "result": "what is given back is not what is asked for",
    "parameters": "the function takes other things than it is given",
    "expression": "what is calculated here has another form than this step needs",
    "missing step": "after this line a step is missing",
    "extra step": "this step should not be there",
    "order": "this happens at the wrong moment, before or after something else",
    "nesting": "this belongs inside or outside of the block around it",
    "unreadable": "these lines cannot be read as they stand",
}


@dataclass(frozen=True)
class Difference:
    """One thing that a repair changes."""

    cell: str
    lines: tuple[int, int] | None
    """Of the learner's cell; None where the cell is empty."""
    change: Change

    def fact(self) -> dict[str, JsonValue]:
        """The difference as a prompt may hold it."""
        fact: dict[str, JsonValue] = {"cell": self.cell, "kind": self.change, "says": _SAID[self.change]}
        return fact | ({"lines": list(self.lines)} if self.lines else {})


def differences(mine: Mapping[str, str], repaired: Mapping[str, str]) -> tuple[Difference, ...]:
    """What changes from a learner's answer cells to the repaired ones, at most MAX_FACTS, in the order of the code."""
    found: dict[Difference, None] = {}
    for cell, source in mine.items():
        if cell in repaired:
            found |= dict.fromkeys(_of_cell(cell, source, repaired[cell]))
    return tuple(found)[:MAX_FACTS]


def _of_cell(cell: str, mine: str, repaired: str) -> Iterator[Difference]:
    one, other = statements(mine), statements(repaired)
    if one is None or other is None:
        yield from _of_lines(cell, mine, repaired)
        return
    for lines, change in _Aligned(one[:MAX_STATEMENTS], other[:MAX_STATEMENTS]).changes():
        yield Difference(cell, lines, change)


def _of_lines(cell: str, mine: str, repaired: str) -> Iterator[Difference]:
    """Line by line, where there is nothing better."""
    one, other = ([line.strip() for line in source.splitlines()[:MAX_STATEMENTS]] for source in (mine, repaired))
    for kind, first, last, _, _ in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "insert":
            yield Difference(cell, (first, first) if first else None, "missing step")
        elif kind != "equal":
            yield Difference(cell, (first + 1, last), "unreadable" if kind == "replace" else "extra step")


class _Aligned:
    """Two lists of statements, laid beside each other."""

    def __init__(self, mine: Sequence[Statement], other: Sequence[Statement]) -> None:
        self._mine, self._other = mine, other
        ours, theirs = ([(s.head, s.path) for s in side] for side in (mine, other))
        self._blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
        changed = [block for block in self._blocks if block[0] != "equal"]
        self._gone = Counter(mine[i].head for _, first, last, _, _ in changed for i in range(first, last))
        self._new = Counter(other[j].head for _, _, _, first, last in changed for j in range(first, last))

    def changes(self) -> Iterator[tuple[tuple[int, int] | None, Change]]:
        for kind, first, last, low, high in self._blocks:
            if kind != "equal":
                yield from self._block(range(first, last), range(low, high))

    def _block(self, mine: range, other: range) -> Iterator[tuple[tuple[int, int] | None, Change]]:
        left, right = list(mine), list(other)
        for i in mine:
            statement = self._mine[i]
            if self._new[statement.head] > 0:
                # The same statement stands somewhere else, or at another depth.
                partner = next((j for j in right if self._other[j].head == statement.head), None)
                yield _lines(statement), "order" if partner is None else "nesting"
                left.remove(i)
                if partner is not None:
                    right.remove(partner)
        right = [j for j in right if self._gone[self._other[j].head] == 0]
        yield from self._pairs(left, right, mine.start)

    def _pairs(self, left: list[int], right: list[int], start: int) -> Iterator[tuple[tuple[int, int] | None, Change]]:
        for i, j in _paired(left, right, self._mine, self._other):
            if j is None:
                assert i is not None
                yield _lines(self._mine[i]), "extra step"
            elif i is None:
                yield self._before(left[-1] + 1 if left else start), "missing step"
            else:
                for change in sorted(changes(self._mine[i].node, self._other[j].node)):
                    yield _lines(self._mine[i]), change

    def _before(self, at: int) -> tuple[int, int] | None:
        """The line after which something is missing."""
        if not self._mine or at <= 0:
            return None
        line = self._mine[min(at, len(self._mine)) - 1].end_line
        return line, line


def _paired(
    left: Sequence[int], right: Sequence[int], mine: Sequence[Statement], other: Sequence[Statement]
) -> Iterator[tuple[int | None, int | None]]:
    """Statements that stand for each other: of the same kind, in order; the rest is alone."""
    ours, theirs = [type(mine[at].node).__name__ for at in left], [type(other[at].node).__name__ for at in right]
    for kind, first, last, low, high in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if kind in ("equal", "replace"):
            pairs = min(last - first, high - low)
            yield from ((left[first + n], right[low + n]) for n in range(pairs))
            first, low = first + pairs, low + pairs
        yield from ((left[at], None) for at in range(first, last))
        yield from ((None, right[at]) for at in range(low, high))


def _lines(statement: Statement) -> tuple[int, int]:
    return statement.line, statement.end_line
