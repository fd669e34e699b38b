"""How surprising a mark is to somebody who knows the documentation: what is common there gives nothing away."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MAX_BITS = 14.0
"""No single mark counts for more: a rare word proves little alone."""
_FOLLOWS = 0.7
"""Weight of «what comes after the mark before» against «how common the mark is» (interpolated bigrams)."""


@dataclass(frozen=True)
class Profile:
    """Counts of marks and of pairs of marks in ordinary documentation and code."""

    single: Mapping[str, int]
    pairs: Mapping[tuple[str, str], int]

    @property
    def total(self) -> int:
        """All marks counted."""
        return sum(self.single.values())

    def bits(self, mark: str, before: str | None = None) -> float:
        """Surprise of the mark after the mark before it, in bits; 0 to MAX_BITS."""
        return min(MAX_BITS, -math.log2(self._chance(mark, before)))

    def _chance(self, mark: str, before: str | None) -> float:
        alone = (self.single.get(mark, 0) + 0.5) / self._all
        if before is None or before not in self.single:
            return alone
        return _FOLLOWS * self.pairs.get((before, mark), 0) / self.single[before] + (1 - _FOLLOWS) * alone

    def row(self, marks: Sequence[str]) -> list[float]:
        """Surprise of each mark in its place."""
        return [self.bits(mark, marks[i - 1] if i else None) for i, mark in enumerate(marks)]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_all", max(1, self.total))

    _all: int = 1


@cache
def code_profile() -> Profile:
    """Common code: of `tokens.code_view`."""
    return _read("common_code.tsv")


@cache
def word_profile() -> Profile:
    """Common words: of `tokens.word_view`."""
    return _read("common_words.tsv")


def _read(name: str) -> Profile:
    single: dict[str, int] = {}
    pairs: dict[tuple[str, str], int] = {}
    for line in (Path(__file__).parent / name).read_text("utf-8").splitlines():
        count, *marks = line.split("\t")
        if len(marks) == 1:
            single[marks[0]] = int(count)
        else:
            pairs[marks[0], marks[1]] = int(count)
    return Profile(single, pairs)
