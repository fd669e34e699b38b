"""Whole lines of the secrets, sign by sign: as they stand, backwards, or spelled with gaps.

Trees and marks weigh what a line says to anybody; a line that says little passes them. A line with the secret's own
names and values is nobody's by chance, so it takes less. Turned round or spelled out, nobody says it by chance at all.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from feedback.firewall.letters import spelled_out
from feedback.firewall.normalise import plain
from feedback.firewall.profile import code_profile
from feedback.firewall.secret_index import NAME_BITS, PUBLIC_BITS, Public
from feedback.firewall.secrets import Piece, without_words
from feedback.firewall.tokens import code_view, lexemes

LINE_BITS = 9.5
"""A line that says this much is a leak by itself…"""
LINES_BITS = 12.0
"""…and so are smaller ones of one secret together, over all that was said."""
_LEAST_CHARS = 12
"""A shorter line is chance when it stands alone."""
_HEAD = 8
"""Signs by which a line is looked up; shorter lines are not looked at."""
_LEAST_SPELLED, _SPELLED = _HEAD, 10
"""Letters and digits in a row that are no chance when they are spelled one by one, or backwards: a whole short line, or
so many of a longer one."""
_SIGN = re.compile(r"[^\w\s.]")
_WITHIN = re.compile(r"\w\w")
_ASSERT = re.compile(r"^assert\s+")
_NO_LINE = re.compile(r"^(?:async def|def|class)\b|^(?:\"\"\"|''')")
"""Learners are told what to call their functions; texts are looked for as texts."""
_LEAST_NAME = 3
"""Letters of a name that is chosen; `x` and `df` are everybody's."""


@dataclass(frozen=True)
class Line:
    """One line of a secret."""

    signs: str
    """Without white space, with one kind of quotes."""
    bits: float
    unit: int
    where: str


@dataclass(frozen=True)
class WholeLines:
    """The lines of all secrets that no public text holds."""

    by_head: Mapping[str, tuple[Line, ...]]
    """Lines as they stand, by their first signs."""
    by_letters: Mapping[str, tuple[tuple[str, str], ...]]
    """(letters and digits in a row, subtask), by the first of them."""

    @classmethod
    def of(
        cls, secrets: Sequence[Piece], public: Sequence[str], told: Public, vocabulary: frozenset[str]
    ) -> "WholeLines":
        """Index solutions and hidden checks.

        `public`: plain texts; `told`: what of code and names they hold; `vocabulary`: what is imported.
        """
        shown, known = "\n".join(map(signs, public)), "\n".join(map(letters_and_digits, public))
        by_head: dict[str, list[Line]] = {}
        by_letters: dict[str, dict[str, str]] = {}
        for unit, source in _sources(secrets):
            where, bare = secrets[unit].subtask, signs(source)
            if len(bare) >= _HEAD and bare not in shown and _SIGN.search(source):
                line = Line(bare, _bits(source, told, vocabulary), unit, where)
                by_head.setdefault(bare[:_HEAD], []).append(line)
            for row in _rows(letters_and_digits(source)):
                if row not in known:
                    by_letters.setdefault(row[:_HEAD], {}).setdefault(row, where)
        return cls(
            {head: tuple(lines) for head, lines in by_head.items()},
            {head: tuple(rows.items()) for head, rows in by_letters.items()},
        )

    def in_text(self, text: str) -> tuple[Line, ...]:
        """Every line that the text holds as it stands."""
        said = signs(text)
        begins = _begins(text)
        found = dict.fromkeys(
            line
            for place in range(len(said) - _HEAD + 1)
            for line in self.by_head.get(said[place : place + _HEAD], ())
            if said.startswith(line.signs, place) and _whole(said, place, place + len(line.signs), begins)
        )
        return tuple(found)

    def turned_in(self, text: str) -> str | None:
        """The subtask of a line that the text holds, or begins, backwards or spelled with gaps."""
        views = [letters_and_digits(text)[::-1], *map(letters_and_digits, spelled_out(text, _LEAST_SPELLED))]
        for view in views:
            for place in range(len(view) - _HEAD + 1):
                for row, where in self.by_letters.get(view[place : place + _HEAD], ()):
                    if view.startswith(row, place):
                        return where
        return None


def telling(lines: Iterable[Line]) -> Line | None:
    """A line that is a leak by itself."""
    return next((line for line in lines if len(line.signs) >= _LEAST_CHARS and line.bits >= LINE_BITS), None)


def adding_up(before: Iterable[Line], now: Iterable[Line]) -> Line | None:
    """A line said now that makes those of its secret a leak together with what was said before."""
    said = dict.fromkeys(before)
    new = [line for line in now if line not in said]
    for line in new:
        if sum(one.bits for one in {**said, **dict.fromkeys(new)} if one.unit == line.unit) >= LINES_BITS:
            return line
    return None


def signs(text: str) -> str:
    """The text without white space, in lower case, with one kind of quotes."""
    return "".join(text.split()).lower().replace("'", '"')


def _begins(text: str) -> frozenset[int]:
    """Where in its signs the words of a text begin."""
    begins, place = set(), 0
    for word in text.split():
        begins.add(place)
        place += len(word)
    return frozenset(begins)


def _whole(said: str, start: int, end: int, begins: frozenset[int]) -> bool:
    """Whether neither the first nor the last word of what stands there goes on beyond it."""
    cut_before = start not in begins and _WITHIN.fullmatch(said[start - 1 : start + 1])
    cut_after = end not in begins and _WITHIN.fullmatch(said[end - 1 : end + 1])
    return not cut_before and not cut_after


def letters_and_digits(text: str) -> str:
    """What is left when somebody spells."""
    return "".join(c for c in text.lower() if c.isascii() and c.isalnum())


def _rows(spelled: str) -> Iterator[str]:
    """What of a line is looked for."""
    if _LEAST_SPELLED <= len(spelled) < _SPELLED:
        yield spelled
    yield from (spelled[place : place + _SPELLED] for place in range(len(spelled) - _SPELLED + 1))


def _sources(secrets: Sequence[Piece]) -> Iterator[tuple[int, str]]:
    """Each line once, with the place of its secret."""
    for unit, piece in enumerate(secrets):
        if piece.kind != "call":
            yield from ((unit, line) for line in dict.fromkeys(_lines(piece.source)))


def _lines(source: str) -> Iterator[str]:
    """The lines as the author wrote them, and as they are without comments, texts and odd layout."""
    as_written = (line for line in source.split("\n") if "#" not in line)
    for line in (*as_written, *without_words(source).split("\n")):
        code = plain(line).strip()
        if not _NO_LINE.match(code):
            yield _ASSERT.sub("", code)


def _bits(source: str, told: Public, vocabulary: frozenset[str]) -> float:
    """How much it says to somebody who knows the documentation and the case."""
    pieces = list(lexemes(source, vocabulary))
    view = code_view(iter(pieces))
    bits = sum(
        min(PUBLIC_BITS, value) if mark.removeprefix("s:") in told.marks else value
        for mark, value in zip(view, code_profile().row(view), strict=True)
    )
    names = {piece.text for piece in pieces if piece.kind == "name" and len(piece.text) >= _LEAST_NAME} - told.names
    return bits + NAME_BITS * len(names)
