"""Marks planted in what a model is given together with secrets: if one comes out, the prompt has come out."""

import hashlib

from feedback.firewall.secrets import pieces
from services.contracts.case import AuthorCase

_ALPHABET = "bcdfghjkmnpqrstvwxz23456"
"""No vowels: a canary is no word of any language."""
_STEM, _ENDING = 14, 6


def canary_for(case: AuthorCase, purpose: str) -> str:
    """The case version's canary for one kind of prompt: the same each time, and not to be had without the reference.

    All canaries of a version begin alike, so that the firewall knows each of them whatever it was made for.
    """
    return stem_of(case) + _letters(f"{stem_of(case)}\0{purpose}", _ENDING)


def stem_of(case: AuthorCase) -> str:
    """How every canary of the case version begins."""
    secrets = hashlib.sha256(case.version.encode())
    for piece in pieces(case):
        secrets.update(piece.source.encode("utf-8", "surrogatepass") + b"\0")
    return _letters(secrets.hexdigest(), _STEM)


def holds_canary(squeezed: str, stem: str) -> bool:
    """Whether a text has the stem in it, in either direction. `squeezed`: letters and digits only, in lower case."""
    return stem in squeezed or stem[::-1] in squeezed


def squeezed(text: str) -> str:
    """Letters and digits of the text in lower case: what is left when somebody spells with blanks or dashes."""
    return "".join(filter(str.isalnum, text)).lower()


def _letters(seed: str, count: int) -> str:
    digest = hashlib.sha256(f"caseloop canary\0{seed}".encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:count])
