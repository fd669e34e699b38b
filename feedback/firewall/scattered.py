"""Codes in pieces: some letters a line, a list item or a sentence at a time, with words between them.

Which words are the code and which stand around it cannot be known, so the pieces are gathered in several ways, and put
together in each of them. Only what comes out as a secret is a leak: a wrong guess gives nonsense, and costs nothing.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from feedback.firewall.encoded import MAX_DECODED, TooMuch, in_base64
from feedback.firewall.profile import word_profile
from feedback.firewall.tokens import STOP_WORDS, stem

_MARK = re.compile(r"^[ \t]*(?:[-*+•>|]|\(?\w{1,3}[.):\]|])[ \t]+")
_AROUND: Final = " \t`'\"|.,;:*()"
_BLOCK = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_HEX = re.compile(r"(?:0x|\\x)?((?=[a-fA-F]*\d)[0-9a-fA-F]{2,})")
_NUMBER = re.compile(r"\b(?:[01]{7,8}|\d{1,3})\b")
_QUOTED = re.compile(r"`([^`\n]{1,400})`|\"([^\"\n]{1,400})\"")
_WORD = re.compile(r"[a-z]+")
_SHORTEST_BLOCK: Final = 4
_LEAST: Final = 12
"""Characters that a code stands for, below which nothing can be told from them."""
_REFRAIN, _OFTEN = 0.5, 4
_USUAL_WORDS: Final = 8_192
_BLOCKS: Final = 16_384
"""Pieces whose reading is kept: those of a conversation are read again with each sentence."""
_URL_SAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True)
class Scattered:
    """The pieces of a text that may belong to a code, by the way in which they were found."""

    ways: tuple[tuple[str, ...], ...]
    """Rows of pieces in the order of the text."""
    numbers: tuple[int, ...]
    """Numbers that stand for characters."""
    words: tuple[str, ...]
    """Words that are none in ordinary documentation."""

    @classmethod
    def of(cls, text: str, own: Callable[[str], bool]) -> "Scattered":
        """Gather the pieces of a plain text; those that are the learner's `own` are left out."""
        lines = [line for raw in text.split("\n") if (line := _MARK.sub("", raw).strip())]
        rows = (
            [piece for line in lines for piece in _codes(line)],
            [one or other for line in lines for one, other in _QUOTED.findall(line)],
            [after for line in lines if (after := line.partition(": ")[2])],
            _without_refrain(text),
            lines,
        )
        return cls(
            tuple(tuple(piece for piece in row if not own(piece)) for row in rows),
            tuple(code for line in lines for code in _characters(line)),
            tuple(word for word in _WORD.findall(text.lower()) if not _usual(word)),
        )

    def decoded(self) -> Iterator[str]:
        """What the pieces say together, in each way; raises TooMuch."""
        left = MAX_DECODED
        for found in self._found():
            if len(found) >= _LEAST:
                left -= len(found)
                if left < 0:
                    raise TooMuch
                yield found

    def together(self) -> Iterator[str]:
        """The pieces as they are, one after the other: a shifted alphabet, or letters backwards."""
        yield from ("".join(row) for row in self.ways[1:])
        yield "".join(self.words)

    def turned(self) -> Iterator[str]:
        """Each piece read backwards, in the order of the text."""
        yield from ("".join(piece[::-1] for piece in row) for row in self.ways[1:])
        yield "".join(word[::-1] for word in self.words)

    def _found(self) -> Iterator[str]:
        for row in dict.fromkeys(self.ways[:-1]):
            blocks = [piece for piece in row if _BLOCK.fullmatch(piece)]
            if len(blocks) > 1:
                yield from in_base64("".join(block.rstrip("=") for block in blocks))
                yield _read_blocks(blocks)
            # Backwards, one is enough: nobody else has read it.
            yield _read_blocks(["".join(blocks)[::-1].lstrip("=")])
            digits = [match[1] for piece in row if (match := _HEX.fullmatch(piece))]
            if len(digits) > 1:
                yield _of_hex(digits)
                yield _of_hex([piece for piece in digits if len(piece) % 2 == 0])
        yield "".join(map(chr, self.numbers))


def _codes(line: str) -> Iterator[str]:
    """What stands alone in its line, and what no language has as a word."""
    alone = line.strip(_AROUND)
    if " " not in alone:
        yield alone
        return
    for match in _BLOCK.finditer(line):
        block = match[0]
        if len(block) >= _SHORTEST_BLOCK and not (block.isalpha() and (block.islower() or block.istitle())):
            yield block


def _without_refrain(text: str) -> list[str]:
    """The words but for those that come again and again: "then comes", "and after it"."""
    words = [word.strip(".") for word in text.split()]
    often = Counter(words)
    most = max(often.values(), default=0)
    return [word for word in words if often[word] < _REFRAIN * most] if most >= _OFTEN else []


def _characters(line: str) -> Iterator[int]:
    for match in _NUMBER.findall(line):
        code = int(match, 2) if len(match) > 3 else int(match)
        if 32 <= code < 127 or code in (9, 10):
            yield code


@lru_cache(_USUAL_WORDS)
def _usual(word: str) -> bool:
    return word in STOP_WORDS or stem(word) in word_profile().single


def _read_blocks(blocks: Sequence[str]) -> str:
    """Base64 in pieces, of which some may be no part of it: what does not go on readably is left out."""
    found: list[str] = []
    rest = ""
    for block in blocks:
        bare = block.rstrip("=").translate(_URL_SAFE)
        for start in (rest + bare, bare, bare[1:], bare[2:], bare[3:]):
            whole = len(start) // 4 * 4
            read = _readable(start[:whole])
            if read is not None and (whole or start.startswith(rest)):
                found.append(read)
                rest = start[whole:]
                break
    found.append(_readable(rest + "=" * (-len(rest) % 4)) or "")
    return "".join(found)


@lru_cache(_BLOCKS)
def _readable(block: str) -> str | None:
    try:
        raw = base64.b64decode(block)
    except (binascii.Error, ValueError):
        return None
    return raw.decode("ascii") if all(32 <= byte < 127 or byte in b"\n\t\r" for byte in raw) else None


def _of_hex(pieces: Sequence[str]) -> str:
    digits = "".join(pieces)
    return bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "replace")
