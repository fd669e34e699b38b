"""Text that nobody reads: codes and keys, however short the pieces in which they come.

The firewall puts pieces together and decodes them: it knows a secret by then, but some pieces have been said. A piece
is no sentence that helps a learner, so not even the first one is shown.
"""

import re
from itertools import pairwise
from typing import Final

_PIECE = re.compile(r"[A-Za-z0-9]+")
_HEX = re.compile(r"(?=[0-9a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{6,}|[0-9]{10,}")
_NUMBERS = re.compile(
    r"(?:\b[01]?\d{2}\b[\s,;.]{1,3}){9,}|(?:\b[0-9a-f]{2}\b[\s,;:]{1,3}){9,}|(?:\b[01]{4,8}\b\s+){7,}"
)
_SHORTEST: Final = 6
_ALONE: Final = 12
"""So long a piece is a code by itself; of shorter ones it takes two."""
_RESTLESS: Final = 0.35
"""Share of neighbours of different kinds (capital, small letter, digit) that no word of any language reaches."""


def cryptic(text: str, own: str) -> bool:
    """Whether the text holds a code. `own`: what the learner has written or can read anyway."""
    if _NUMBERS.search(text):
        return True
    pieces = [p for p in _PIECE.findall(text) if len(p) >= _SHORTEST and _strange(p) and p not in own]
    return len(pieces) > 1 or any(len(piece) >= _ALONE for piece in pieces)


def _strange(piece: str) -> bool:
    if _HEX.fullmatch(piece):
        return True
    kinds = ["a" if c.islower() else "A" if c.isupper() else "0" for c in piece]
    return sum(one != other for one, other in pairwise(kinds)) >= _RESTLESS * len(kinds)
