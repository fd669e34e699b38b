"""A solution told in words or pseudo-code: its calls, literals and operations in their order.

Both sides are read as rows of concepts: content words with their endings cut, names taken apart, operators and keywords
as the words people use for them. The best local alignment of the two (Smith and Waterman, 1981) is weighed by how rare
what matches is.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from feedback.firewall.profile import word_profile
from feedback.firewall.tokens import number, stem
from services.kit.syntax import tree_of

_WORD = re.compile(
    r"(?<=['\"`])[,;.:#](?=['\"`])|\d+(?:\.\d+)?|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\da-zA-Z_]+"
    r"|[=!<>]=|[-+*/%]=|\*\*|//|[-+*/%<>]"
)
_SAID_AS = {
    "+": "plus add increase increment raise sum join",
    "-": "minus subtract decrease less",
    "*": "times multiply multiplied product",
    "/": "divide divided quotient share",
    "%": "modulo remainder mod wrap",
    "<": "below under smaller lower fewer",
    "<=": "most",
    ">": "above greater larger higher more exceed exceeds over positive",
    ">=": "least reach reaches reached",
    "==": "equal equals same",
    "!=": "differ differs unequal different",
    "if": "when whether unless elif falls sonst",
    "else": "otherwise",
    "for": "loop each every iterate through walk",
    "while": "until",
    "return": "returns give gives answer hand deliver",
    "none": "nothing missing",
    "not": "no without",
    "max": "maximum largest longest biggest",
    "min": "minimum smallest",
    "len": "length number many",
    "abs": "absolute magnitude",
    "mean": "average",
    ",": "comma commas",
    ";": "semicolon semicolons",
    ".": "point dot",
    ":": "colon colons",
    "#": "hash",
    "0": "zero",
    "1": "one",
    "2": "two twice",
    "3": "three",
    "4": "four",
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
    "10": "ten",
    "12": "twelve",
}
_CONCEPT = {word: concept for concept, words in _SAID_AS.items() for word in (concept, *words.split())}
_OPERATION_BITS = 2.5
_WORD_BITS = 8.0
"""A single word of the secret counts for no more…"""
_KNOWN_BITS = 3.0
"""…and one that the case uses itself for no more than this."""
_SMALL_WORDS = """
a an and are as at be by can do does from has have in into is it its of on or so than that the their them then there
these they this those to was were which with you your us we i let make set = self def lambda import pass lst df x y str
int float list dict tuple bool np pd true false
"""
_SILENT = frozenset(_SMALL_WORDS.split())
SKIP_SAID, SKIP_SECRET = 0.5, 0.3
"""Cost in bits of a word of the text, or of the secret, without a partner."""
MOST_WORDS = 420
_MOST_CONCEPTS = 90
_LEAST_OUTLINE = 24.0
"""What says less is not told by being told."""
STEPS_BITS = 26.0
_STEPS_LEAST, _STEPS_SHARE = 20.0, 0.55
"""Of a small secret this share is enough, as long as it says the least."""
ABOVE_PUBLIC = 8.0
"""How much more than any public text (or the learner's own code) a leak tells."""


def concepts(text: str) -> list[str]:
    """The text as a row of concepts."""
    return list(_concepts(text))


def _concepts(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        found = match[0]
        if found[0].isdigit():
            yield number(found)
            continue
        word = found.lower()
        if len(word) == 2 and word[1] == "=" and word[0] in "+-*/%":
            word = word[0]
        concept = _CONCEPT.get(word)
        if concept is not None:
            yield concept
        elif word not in _SILENT:
            yield stem(word)


@dataclass
class Outline:
    """One secret as a row of concepts, each with what it says."""

    where: str
    marks: Sequence[str]
    bits: Sequence[float]
    worth: Mapping[str, float]
    """All that a concept can bring, wherever it stands."""
    needed: float = 0.0
    """Worth of an alignment that is a leak."""

    @classmethod
    def of(cls, where: str, source: str, known: frozenset[str]) -> "Outline":
        """Read a secret. `known`: concepts of the public texts, which say little."""
        marks = concepts(source)[:_MOST_CONCEPTS]
        bits = [_bits(mark, marks[place - 1] if place else None, known) for place, mark in enumerate(marks)]
        worth: dict[str, float] = {}
        for mark, value in zip(marks, bits, strict=True):
            worth[mark] = worth.get(mark, 0.0) + value
        return cls(where, marks, bits, worth)


def _bits(mark: str, before: str | None, known: frozenset[str]) -> float:
    if mark in _SAID_AS and not mark.isdigit():
        return _OPERATION_BITS
    return min(_KNOWN_BITS if mark in known else _WORD_BITS, word_profile().bits(mark, before))


@dataclass(frozen=True)
class Told:
    """An outline that a text tells."""

    where: str
    outline: int
    worth: float


@dataclass(frozen=True)
class Steps:
    """The outlines of all secrets, by concept."""

    outlines: list[Outline]
    by_mark: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    @classmethod
    def of(cls, secrets: Iterable[tuple[str, str]], public: Iterable[str]) -> "Steps":
        """Index (subtask, code) pairs; a leak tells more than any public text does."""
        told = [concepts(text) for text in public]
        known = frozenset(mark for row in told for mark in row)
        outlines = []
        for where, code in secrets:
            for part in _parts(code):
                one = Outline.of(where, part, known)
                total = sum(one.bits)
                if total >= _LEAST_OUTLINE:
                    public_worth = _best(told, one)
                    enough = min(STEPS_BITS, max(_STEPS_LEAST, _STEPS_SHARE * total))
                    one.needed = max(enough, public_worth + ABOVE_PUBLIC)
                    outlines.append(one)
        steps = cls(outlines)
        for place, one in enumerate(outlines):
            for mark, worth in one.worth.items():
                steps.by_mark.setdefault(mark, []).append((place, worth))
        return steps

    def told(self, said: Sequence[str], own: Sequence[Sequence[str]], factor: float = 1.0) -> "Told | None":
        """The first outline that the row tells, or None.

        `own`: rows of the learner's own code. `factor`: how much more than usual must be told.
        """
        said = said[-MOST_WORDS:]
        most = self._most(said)
        for place in most:
            if found := self._told(place, said, most[place], own, factor):
                return found
        return None

    def told_more(
        self, before: Sequence[str], said: Sequence[str], own: Sequence[Sequence[str]], factor: float, least: float
    ) -> "Told | None":
        """The first outline that both rows tell one after the other, `least` bits of it by the second; or None."""
        row = [*before, *said][-MOST_WORDS:]
        # No alignment is made worth more than what the concepts that are added can bring.
        added, most = self._most(said), self._most(row)
        for place in most:
            if added.get(place, 0.0) < least:
                continue
            found = self._told(place, row, most[place], own, factor)
            if found and found.worth >= aligned(before[-MOST_WORDS:], self.outlines[place]) + least:
                return found
        return None

    def _most(self, said: Sequence[str]) -> dict[int, float]:
        """Outlines of which the row has concepts, and the most that any alignment can be worth."""
        ceiling: dict[int, float] = {}
        for mark in set(said):
            for place, worth in self.by_mark.get(mark, ()):
                ceiling[place] = ceiling.get(place, 0.0) + worth
        return ceiling

    def _told(
        self, place: int, said: Sequence[str], most: float, own: Sequence[Sequence[str]], factor: float
    ) -> "Told | None":
        one = self.outlines[place]
        if most < factor * one.needed:
            return None
        worth = aligned(said, one)
        if worth >= factor * one.needed and worth >= ABOVE_PUBLIC + _best(own, one):
            return Told(one.where, place, worth)
        return None


def _parts(code: str) -> Iterator[str]:
    """The code as a whole, the body of each function, and each simple statement."""
    try:
        body = [s for s in tree_of(code).body if not isinstance(s, ast.Import | ast.ImportFrom)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield code
        return
    yield _written(body)
    for statement in body:
        if isinstance(statement, ast.FunctionDef):
            # Names of functions and parameters are handed out.
            yield _written(statement.body)
            yield from map(ast.unparse, statement.body)
        elif len(body) > 1:
            yield ast.unparse(statement)


def _written(body: Sequence[ast.stmt]) -> str:
    return "\n".join(ast.unparse(statement) for statement in body)


def _best(rows: Iterable[Sequence[str]], secret: Outline) -> float:
    """The best alignment that any of the rows has with a secret."""
    best = 0.0
    for row in rows:
        # No alignment is worth more than all that a row's concepts can bring.
        if sum(secret.worth.get(mark, 0.0) for mark in set(row)) > best:
            best = max(best, aligned(row, secret))
    return best


def aligned(said: Sequence[str], secret: Outline) -> float:
    """Worth in bits of the best local alignment of a text with a secret."""
    best = 0.0
    marks, bits, worth = secret.marks, secret.bits, secret.worth
    above = [0.0] * (len(marks) + 1)
    skipped = 0.0
    for word in said:
        if word not in worth:
            skipped += SKIP_SAID
            continue
        if skipped:
            above = [value - skipped if value > skipped else 0.0 for value in above]
            skipped = 0.0
        row = [0.0]
        left = 0.0
        for place, mark in enumerate(marks):
            value = above[place] + bits[place] if mark == word else 0.0
            over = above[place + 1] - SKIP_SAID
            if over > value:
                value = over
            left -= SKIP_SECRET
            if left > value:
                value = left
            left = value if value > 0.0 else 0.0
            row.append(left)
            if left > best:
                best = left
        above = row
    return best
