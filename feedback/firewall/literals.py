"""Numbers, texts and sentences that occur in the secrets only: each says where it comes from."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from feedback.firewall.normalise import plain
from feedback.firewall.profile import word_profile
from feedback.firewall.secrets import Piece
from feedback.firewall.tokens import lexemes, number, word_view
from services.kit.syntax import tree_of

BITS_A_DIGIT = 3.3
NUMBER_BITS = 13.0
"""One number of four digits, or two of three. A number of three digits alone may be chance."""
_LEAST_DIGITS = 3
TEXT_BITS = 27.0
_LEAST_CHARS = 8
SENTENCE_WORDS = 3
"""Words in a row that make one digest of a sentence."""
SENTENCE_SHARE, SENTENCE_LEAST = 0.7, 3


@dataclass(frozen=True)
class Sentence:
    """A comment, docstring or message of the secrets, as digests of words in a row."""

    where: str
    rows: frozenset[int]


@dataclass
class Literals:
    """Literals of the secrets that no public text holds."""

    numbers: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Spelling -> (bits, subtask)."""
    texts: dict[str, str] = field(default_factory=dict)
    """Squeezed text in lower case -> subtask."""
    sentences: list[Sentence] = field(default_factory=list)

    @classmethod
    def of(cls, pieces: Sequence[Piece], public: Sequence[str]) -> "Literals":
        """Collect them; `public` texts are plain already."""
        found = cls()
        known = {spelled for text in public for spelled in numbers_in(text)}
        shown = " ".join(squeezed_text(text) for text in public)
        said = {row for text in public for row in word_rows(text)}
        for piece in pieces:
            for spelled in numbers_in(plain(piece.source)):
                bits = BITS_A_DIGIT * _digits(spelled)
                if spelled not in known and bits >= BITS_A_DIGIT * _LEAST_DIGITS and not _common(spelled):
                    found.numbers.setdefault(spelled, (bits, piece.subtask))
            for text in _strings(piece.source):
                found._add_string(plain(text), piece.subtask, shown, said)
            for comment in _comments(piece.source):
                found._add_sentence(plain(comment), piece.subtask, said)
        return found

    def _add_string(self, text: str, where: str, shown: str, said: set[int]) -> None:
        squeezed = squeezed_text(text)
        if len(squeezed) >= _LEAST_CHARS and squeezed not in shown:
            if sum(word_profile().row(word_view(text))) >= TEXT_BITS:
                self.texts.setdefault(squeezed, where)
            self._add_sentence(text, where, said)

    def _add_sentence(self, text: str, where: str, said: set[int]) -> None:
        rows = frozenset(word_rows(text)) - said
        if len(rows) >= SENTENCE_LEAST:
            self.sentences.append(Sentence(where, rows))

    def number_in(self, text: str, own: frozenset[str]) -> str | None:
        """The subtask whose numbers the text tells, or None."""
        told: dict[str, float] = {}
        for spelled in set(numbers_in(text)) & self.numbers.keys() - own:
            bits, where = self.numbers[spelled]
            told[where] = told.get(where, 0.0) + bits
        return next((where for where, bits in told.items() if bits >= NUMBER_BITS), None)

    def text_in(self, text: str, own: str, own_rows: frozenset[int]) -> str | None:
        """The subtask one of whose texts, or whose sentences, the text holds.

        `own`: what the learner wrote, squeezed; `own_rows`: its words in a row.
        """
        squeezed = squeezed_text(text)
        for secret, where in self.texts.items():
            if secret in squeezed and secret not in own:
                return where
        if self.sentences:
            rows = set(word_rows(text)) - own_rows
            for sentence in self.sentences:
                if len(rows & sentence.rows) >= max(SENTENCE_LEAST, SENTENCE_SHARE * len(sentence.rows)):
                    return sentence.where
        return None


def numbers_in(text: str) -> Iterator[str]:
    """Every number of the text in one spelling, those inside texts and names left out."""
    for piece in lexemes(text):
        if piece.kind == "number":
            yield piece.text
        elif piece.kind == "string":
            yield from (number(word) for word in piece.text.replace(",", " ").split() if word[0].isdigit())


def word_rows(text: str) -> Iterator[int]:
    """Digest of each SENTENCE_WORDS content words in a row."""
    words = word_view(text)
    for last in range(SENTENCE_WORDS, len(words) + 1):
        yield hash(tuple(words[last - SENTENCE_WORDS : last]))


def _digits(spelled: str) -> int:
    return len(spelled.split("e")[0].replace(".", "").strip("0"))


def _common(spelled: str) -> bool:
    """Years, powers of two and the like: anybody may mention them."""
    if not spelled.isdigit():
        return False
    value = int(spelled)
    return 1900 <= value <= 2100 or value & (value - 1) == 0 or spelled in _EVERYDAY


_EVERYDAY = frozenset({"255", "365", "366", "360", "404", "999", "9999", "12345", "1234", "123"})


def _strings(source: str) -> Iterator[str]:
    try:
        tree = tree_of(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _comments(source: str) -> Iterator[str]:
    for line in source.split("\n"):
        _, mark, comment = line.partition("# ")
        if mark:
            yield comment


def squeezed_text(text: str) -> str:
    """The text without white space, in lower case."""
    return "".join(text.split()).lower()
