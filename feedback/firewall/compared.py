"""What of the secrets a text shows: every fragment and every row of marks that it shares with one of them."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal

from feedback.firewall.fingerprint import Fingerprint
from feedback.firewall.secret_index import SecretIndex
from feedback.firewall.trees import Fragment

STATEMENT_BITS = 34.0
"""One statement that says this much is a leak by itself."""
EXPRESSION_BITS = 40.0
"""So is an expression inside a statement that is otherwise another."""
TREE_BITS = 42.0
"""Smaller fragments of one secret together."""
RUN_BITS = 36.0
"""Marks in a row, as they stand in the secret."""
ROW_BITS = 48.0
"""Shorter runs of one secret together."""
SHORT_RUN_BITS = 8.0
"""Runs below this are chance."""
OVER_TURNS = 1.5
"""A conversation touches many small things: over turns, the sums must be this much larger."""
MOST_OF_IT, LITTLE_BITS = 0.6, 22.0
"""Of a small secret this share is a leak, as long as it says the least."""


@dataclass
class Shown:
    """What a text shares with the secrets: per unit, digest -> bits."""

    trees: dict[int, dict[int, float]] = field(default_factory=dict)
    rows: dict[int, dict[int, float]] = field(default_factory=dict)
    statement: tuple[float, int, bool] = (0.0, 0, False)
    """Most telling single statement, its unit, and whether the names are the secret's too."""
    expression: tuple[float, int, bool] = (0.0, 0, False)
    run: tuple[float, int, bool] = (0.0, 0, True)

    def bits(self, unit: int) -> float:
        """How much is shown of that unit."""
        return sum(self.trees.get(unit, {}).values()) + sum(self.rows.get(unit, {}).values())


@dataclass(frozen=True)
class Known:
    """Digests of what may be said again: the learner's own."""

    rows: Set[int] = frozenset()
    trees: Set[int] = frozenset()

    @classmethod
    def of(cls, read: Sequence[Fingerprint]) -> "Known":
        """Gather fingerprints."""
        return cls(
            frozenset(digest for one in read for digest, _ in one.rows),
            frozenset(part.renamed for one in read for tree in one.trees for part in tree),
        )


def compared(read: Fingerprint, index: SecretIndex, known: Known) -> Shown:
    """Look up everything that the text holds."""
    shown = Shown()
    for tree in read.trees:
        _trees(tree, index, known, shown)
    _runs(read.rows, index, known, shown)
    return shown


def together(parts: Iterable[Shown]) -> Shown:
    """What several texts show."""
    whole = Shown()
    for part in parts:
        for mine, theirs in ((whole.trees, part.trees), (whole.rows, part.rows)):
            for unit, digests in theirs.items():
                mine.setdefault(unit, {}).update(digests)
    return whole


Way = Literal["code", "structure"]


def too_much(shown: Shown, index: SecretIndex) -> tuple[Way, int] | None:
    """Whether that is a leak: the way it was seen, and the unit."""
    for (bits, unit, as_it_is), most in (
        (shown.statement, STATEMENT_BITS),
        (shown.expression, EXPRESSION_BITS),
        (shown.run, RUN_BITS),
    ):
        if bits >= most:
            return "code" if as_it_is else "structure", unit
    return sum_too_much(shown, index)


def sum_too_much(shown: Shown, index: SecretIndex, factor: float = 1.0) -> tuple[Way, int] | None:
    """Whether the small things that a text shows of one secret are a leak together."""
    for unit, digests in shown.trees.items():
        if _enough(digests, factor * TREE_BITS, index.units[unit].tree_bits):
            return "structure", unit
    for unit, digests in shown.rows.items():
        if _enough(digests, factor * ROW_BITS, index.units[unit].row_bits):
            return "code", unit
    return None


def _enough(digests: Mapping[int, float], most: float, whole: float) -> bool:
    bits = sum(digests.values())
    return bits >= most or (bits >= LITTLE_BITS and bits >= MOST_OF_IT * whole)


def _trees(tree: Sequence[Fragment], index: SecretIndex, known: Known, shown: Shown) -> None:
    place = len(tree) - 1
    while place >= 0:
        part = tree[place]
        if part.renamed in known.trees:
            # What the learner wrote as a whole holds nothing new.
            place -= 1 + part.held
            continue
        exact = index.exact.get(part.exact)
        entry = exact or index.renamed.get(part.renamed)
        if entry is None:
            place -= 1
            continue
        bits, units = entry
        found = (bits, units[0], exact is not None)
        if part.statement:
            shown.statement = max(shown.statement, found)
        else:
            shown.expression = max(shown.expression, found)
        for unit in units:
            held = shown.trees.setdefault(unit, {})
            held[part.renamed] = max(held.get(part.renamed, 0.0), bits)
        place -= 1 + part.held


def _runs(rows: Sequence[tuple[int, int]], index: SecretIndex, known: Known, shown: Shown) -> None:
    running: dict[int, dict[int, float]] = {}
    expected = -1
    for digest, place in rows:
        bits, units = index.rows.get(digest, (0.0, ()))
        if digest in known.rows:
            units = ()
        if running:
            _end(running, units if place == expected else (), shown)
        expected = place + 1
        for unit in units:
            running.setdefault(unit, {})[digest] = bits
    _end(running, (), shown)


def _end(running: dict[int, dict[int, float]], still: Sequence[int], shown: Shown) -> None:
    for unit in [unit for unit in running if unit not in still]:
        run = running.pop(unit)
        bits = sum(run.values())
        if bits >= SHORT_RUN_BITS:
            shown.rows.setdefault(unit, {}).update(run)
            shown.run = max(shown.run, (bits, unit, True))
