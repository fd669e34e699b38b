"""Answers that are too long end after a sentence or a word, also while they are still arriving."""

import re
from typing import Final

_SENTENCE_END: Final = re.compile(r"[.!?…]+[\"'»”’)\]]*(?=\s)|[。！？]|\n(?=\S)")
_WORD_END: Final = re.compile(r"(?<=\S)(?=\s)")
_RESERVE: Final = 240
"""Characters before the cap that are held back until it is known whether the text ends in time: a long sentence."""


def cut(text: str, limit: int) -> tuple[str, bool]:
    """The text with at most `limit` characters, and whether it had to be cut."""
    if len(text) <= limit:
        return text, False
    cap = Cap(limit)
    return cap.push(text), True


class Cap:
    """Lets `limit` characters of a stream of pieces pass. What passed cannot be taken back, so the last ones wait."""

    def __init__(self, limit: int, *, whole_words: bool = True) -> None:
        self._limit = limit
        self._passing = limit - (min(_RESERVE, limit // 4) if whole_words else 0)
        self._given = 0
        self._held = ""
        self.full = False
        """Whether the text was cut; nothing passes any more."""

    def push(self, piece: str) -> str:
        """Take the next piece; returns what may be given on now."""
        if self.full:
            return ""
        if not self._held and self._given + len(piece) <= self._passing:
            self._given += len(piece)
            return piece
        self._held += piece
        room = self._limit - self._given
        if len(self._held) <= room:
            return ""
        self.full = True
        return self._take(_boundary(self._held, room, self._passing - self._given))

    def end(self) -> str:
        """What was held back of a text that ended in time."""
        return self._take(len(self._held))

    def _take(self, count: int) -> str:
        taken, self._held = self._held[:count], ""
        self._given += len(taken)
        return taken


def _boundary(text: str, room: int, earliest: int) -> int:
    """Where to cut more than `room` characters: after a sentence that ends not before `earliest`, else after a word."""
    for pattern, start in ((_SENTENCE_END, earliest), (_WORD_END, 0)):
        ends = [match.end() for match in pattern.finditer(text, max(0, start)) if match.end() <= room]
        if ends:
            return ends[-1]
    return room
