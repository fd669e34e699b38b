"""The secrets of a case, taken apart once a version, so that a text is compared with all of them by look-ups."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from feedback.firewall.fingerprint import Fingerprint
from feedback.firewall.profile import code_profile
from feedback.firewall.secrets import Piece
from feedback.firewall.tokens import ANY
from feedback.firewall.trees import Fragment

PUBLIC_BITS = 3.0
"""A word that the case itself uses says little, whatever its rarity elsewhere."""
NAME_BITS = 6.0
"""A name that the reference chose and the case never uses."""
COUNTED_BITS = 7.0
"""Fragments that say less (`rows = []`, `return result`) are not looked at."""

Entry = tuple[float, tuple[int, ...]]
"""What a digest says, in bits, and the units that hold it."""


@dataclass(frozen=True)
class Public:
    """What every learner can read, as far as code and names go."""

    rows: frozenset[int]
    trees: frozenset[int]
    marks: frozenset[str]
    names: frozenset[str]

    @classmethod
    def of(cls, read: Sequence[Fingerprint], names: frozenset[str]) -> "Public":
        """Gather the fingerprints of all public texts; `names`: their words, in lower case."""
        return cls(
            frozenset(digest for one in read for digest, _ in one.rows),
            frozenset(part.renamed for one in read for tree in one.trees for part in tree),
            frozenset(mark.removeprefix("s:") for one in read for mark in one.marks) - {ANY},
            names,
        )


@dataclass(frozen=True)
class Unit:
    """One secret piece, with how much its code says in all."""

    piece: Piece
    tree_bits: float
    row_bits: float


@dataclass
class SecretIndex:
    """Digests of the secrets; what is public is left out."""

    public: Public
    units: list[Unit] = field(default_factory=list)
    rows: dict[int, Entry] = field(default_factory=dict)
    renamed: dict[int, Entry] = field(default_factory=dict)
    exact: dict[int, Entry] = field(default_factory=dict)

    def add(self, piece: Piece, read: Fingerprint) -> None:
        """Take one secret in; `read` is its code without words."""
        unit = len(self.units)
        tree_bits = sum(self._add_tree(tree, unit) for tree in read.trees[:1])
        row_bits = 0.0
        for digest, place in dict(read.rows).items():
            if digest not in self.public.rows:
                bits = self._bits(read.marks, place)
                _put(self.rows, digest, bits, unit)
                row_bits += bits
        self.units.append(Unit(piece, tree_bits, row_bits))

    def _add_tree(self, tree: Sequence[Fragment], unit: int) -> float:
        told = 0.0
        for part in tree:
            if part.bits >= COUNTED_BITS and part.renamed not in self.public.trees:
                named = sum(0.5 if name in self.public.names else NAME_BITS for name in part.names)
                _put(self.renamed, part.renamed, part.bits, unit)
                _put(self.exact, part.exact, part.bits + named, unit)
                told += part.bits if part.statement else 0.0
        return told

    def _bits(self, marks: Sequence[str], place: int) -> float:
        mark = marks[place]
        bits = code_profile().bits(mark, marks[place - 1] if place else None)
        return min(PUBLIC_BITS, bits) if mark.removeprefix("s:") in self.public.marks else bits


def _put(index: dict[int, Entry], digest: int, bits: float, unit: int) -> None:
    known, units = index.get(digest, (0.0, ()))
    index[digest] = (max(known, bits), units if unit in units else (*units, unit))
