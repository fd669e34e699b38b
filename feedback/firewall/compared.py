"""What of the secrets a text shows: every fragment and every row of marks that it shares with one of them."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal

from feedback.firewall.fingerprint import Fingerprint
from feedback.firewall.secret_index import SecretIndex
from feedback.firewall.trees import Fragment

STATEMENT_BITS = 34.0
"""One statement that says this much is a leak by itself…"""
EXPRESSION_BITS = 40.0
"""…and so is an expression inside a statement that is otherwise another…"""
NAMED_STATEMENT_BITS, NAMED_EXPRESSION_BITS = 26.0, 28.0
"""…sooner where the secret's own names stand in it: an example in a manual has others."""
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


Best = tuple[float, int]


@dataclass
class Shown:
    """What a text shares with the secrets: per unit, digest -> bits."""

    trees: dict[int, dict[int, float]] = field(default_factory=dict)
    rows: dict[int, dict[int, float]] = field(default_factory=dict)
    statement: Best = (0.0, 0)
    """Most telling single statement, and its unit."""
    named_statement: Best = (0.0, 0)
    """The same among those whose names are the secret's too."""
    expression: Best = (0.0, 0)
    named_expression: Best = (0.0, 0)
    run: Best = (0.0, 0)

    def bits(self, unit: int) -> float:
        """How much is shown of that unit."""
        return sum(self.trees.get(unit, {}).values()) + sum(self.rows.get(unit, {}).values())


@dataclass(frozen=True)
class Known:
    """Digests of what may be said again: the learner's own."""

    rows: Set[int] = frozenset()
    renamed: Set[int] = frozenset()
    exact: Set[int] = frozenset()

    @classmethod
    def of(cls, read: Fingerprint) -> "Known":
        """What one text makes known."""
        return cls(
            frozenset(digest for digest, _ in read.rows),
            frozenset(part.renamed for tree in read.trees for part in tree),
            frozenset(part.exact for tree in read.trees for part in tree),
        )

    @classmethod
    def all_of(cls, parts: Sequence["Known"]) -> "Known":
        """What all of them make known together."""
        return cls(
            frozenset().union(*(part.rows for part in parts)),
            frozenset().union(*(part.renamed for part in parts)),
            frozenset().union(*(part.exact for part in parts)),
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
    ways: tuple[tuple[Way, Best, float], ...] = (
        ("code", shown.named_statement, NAMED_STATEMENT_BITS),
        ("code", shown.named_expression, NAMED_EXPRESSION_BITS),
        ("structure", shown.statement, STATEMENT_BITS),
        ("structure", shown.expression, EXPRESSION_BITS),
        ("code", shown.run, RUN_BITS),
    )
    for way, (bits, unit), most in ways:
        if bits >= most:
            return way, unit
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
        if part.exact in known.exact:
            # What the learner wrote as a whole holds nothing new.
            place -= 1 + part.held
            continue
        named = index.exact.get(part.exact)
        # The learner's line with other names is still the learner's; with the secret's names it is the correction.
        entry = named or (None if part.renamed in known.renamed else index.renamed.get(part.renamed))
        if entry is None:
            place -= 1
            continue
        bits, units = entry
        found = (bits, units[0])
        if part.statement:
            shown.statement = max(shown.statement, found)
            shown.named_statement = max(shown.named_statement, found if named else (0.0, 0))
        else:
            shown.expression = max(shown.expression, found)
            shown.named_expression = max(shown.named_expression, found if named else (0.0, 0))
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
            shown.run = max(shown.run, (bits, unit))
