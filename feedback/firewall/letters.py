"""Secrets read letter by letter: backwards, shifted along the alphabet, mirrored in it, or spelled with gaps.

A text is reduced to its letters and each letter to its distance from the one before, which is the same under every
Caesar shift. A mirrored alphabet (Atbash) turns the sign of every distance, reading backwards turns the row and the
signs. So one pass over the text finds all of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

ROW = 10
"""Distances that make one digest: eleven letters, which are no chance where they have been turned."""
_ENOUGH = 1
_ENOUGH_PLAIN = 3
"""Letters in a row that were picked out of a text say less."""
_LEAST_SPELLED = 12
_GAPS = str.maketrans("-_.|,/*~+", " " * 9)
_NUMBERED = bytes(code - 97 if 97 <= code <= 122 else code for code in range(256))
_OTHERS = bytes(code for code in range(256) if not 97 <= code <= 122)
_AS_IT_IS, _BACKWARDS, _BOTH = "plain", "backwards", "mirrored, backwards"
_TURNED_ROUND = (_BACKWARDS, _BOTH)


@dataclass(frozen=True)
class Letters:
    """Rows of distances of the secrets -> (how they were turned, first letter, subtask)."""

    rows: dict[bytes, tuple[str, int, str]]

    @classmethod
    def of(cls, secrets: Iterable[tuple[str, str]], public: Iterable[str]) -> "Letters":
        """Index (subtask, code) pairs; what is spelled in public texts is left out."""
        known = {row for text in public for _, row in _rows(letters(text))}
        rows: dict[bytes, tuple[str, int, str]] = {}
        for where, code in secrets:
            spelled = letters(code)
            for place, row in _rows(spelled):
                if row in known:
                    continue
                mirrored = bytes((-step) % 26 for step in row)
                rows.setdefault(row, (_AS_IT_IS, spelled[place], where))
                rows.setdefault(mirrored[::-1], (_BACKWARDS, 0, where))
                rows.setdefault(mirrored, ("mirrored", 0, where))
                rows.setdefault(row[::-1], (_BOTH, 0, where))
        return cls(rows)

    def turned_in(self, text: str) -> str | None:
        """The subtask whose secret the text holds backwards, shifted or mirrored."""
        return self._found(letters(text), _ENOUGH, straight=False)

    def written_in(self, text: str) -> str | None:
        """The subtask whose secret the text holds forwards, for texts that have been turned round."""
        return self._found(letters(text), _ENOUGH_PLAIN, straight=True, backwards=False)

    def spelled_in(self, text: str) -> str | None:
        """The subtask whose secret the text spells: with gaps, or by the first letters of its lines or words."""
        for view in _spellings(text):
            found = self._found(letters(view), _ENOUGH_PLAIN, straight=True)
            if found is not None:
                return found
        return None

    def _found(self, spelled: bytes, enough: int, *, straight: bool, backwards: bool = True) -> str | None:
        if self.rows.keys().isdisjoint(_digests(spelled)):
            return None
        seen: Counter[tuple[str, str]] = Counter()
        for place, row in _rows(spelled):
            entry = self.rows.get(row)
            if entry is None:
                continue
            turned, first, where = entry
            if turned == _AS_IT_IS and spelled[place] == first and not straight:
                continue
            if turned in _TURNED_ROUND and not backwards:
                continue
            seen[turned, where] += 1
            if seen[turned, where] >= enough:
                return where
        return None


def letters(text: str) -> bytes:
    """The text's letters a to z as 0 to 25."""
    return text.lower().encode("ascii", "ignore").translate(_NUMBERED, _OTHERS)


def _rows(spelled: bytes) -> Iterator[tuple[int, bytes]]:
    return enumerate(_digests(spelled))


def _digests(spelled: bytes) -> list[bytes]:
    steps = bytes([(two - one) % 26 for one, two in pairwise(spelled)])
    return [steps[place : place + ROW] for place in range(len(steps) - ROW + 1)]


def _spellings(text: str) -> Iterator[str]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) >= _LEAST_SPELLED:
        yield "".join(line[0] for line in lines)
    words = text.split()
    if len(words) >= _LEAST_SPELLED:
        yield "".join(word[0] for word in words)
        yield "".join(word[-1] for word in words)
    yield from spelled_out(text, _LEAST_SPELLED)


def spelled_out(text: str, least: int) -> Iterator[str]:
    """Every row of at least so many single signs between gaps."""
    run: list[str] = []
    for word in text.translate(_GAPS).split():
        if len(word) == 1:
            run.append(word)
            continue
        if len(run) >= least:
            yield "".join(run)
        run = []
    if len(run) >= least:
        yield "".join(run)
