"""A text as code would be read, and the same text as words: two rows of short marks that survive reformatting."""

import builtins
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# One pass, no nested repetition: linear in the text's length whatever it holds.
_LEXEME = re.compile(
    r"""
      (?P<string>(?<![\w'"])[rbfuRBFU]{0,2}(?:"[^"\n]{0,300}"|'[^'\n]{0,300}'))
    | (?P<number>(?<!\w)(?:0[xXbBoO][\da-fA-F_]{1,40}
        |(?:\d[\d_]{0,60}(?:\.\d{0,60})?|\.\d{1,60})(?:[eE][-+]?\d{1,4})?))
    | (?P<name>[^\W\d]\w*)
    | (?P<op>[=!<>]=|[-+*/%@&|^:]=|\*\*|//|<<|>>|->|[-+*/%@&|^~=<>\[])
    | (?P<dot>\.) | (?P<open>\() | (?P<close>\)) | (?P<blank>\n\s*\n) | (?P<hash>\#)
    | (?P<digits>\d+)
    """,
    re.VERBOSE,
)
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+(?:\.\d+)?|[^\W\da-zA-Z_]+")
_IN_STRING = re.compile(r"[^\W_]+|[^\w\s]")
KEYWORDS = frozenset(word.lower() for word in keyword.kwlist)
BUILTINS = frozenset(name.lower() for name in dir(builtins) if not name.startswith("_")) | {"self"}
ANY = "·"
"""Stands for every name that can be chosen freely."""
_MAX_NAME = 80

Kind = Literal["name", "api", "number", "string", "op"]


@dataclass(frozen=True, slots=True)
class Lexeme:
    """One piece of text: `api` is a name that cannot be renamed (attribute, keyword, builtin, argument name)."""

    kind: Kind
    text: str


def lexemes(text: str, vocabulary: frozenset[str] = frozenset(), comments: bool = True) -> Iterator[Lexeme]:
    """The text's pieces in order. `vocabulary`: names in lower case that stand for themselves (what a case imports)."""
    depth, after_dot = 0, False
    skip_to = 0
    for match in _LEXEME.finditer(text):
        kind, found, start = match.lastgroup, match[0], match.start()
        if start < skip_to:
            continue
        attribute, after_dot = after_dot, False
        if kind == "name":
            name = found[:_MAX_NAME].lower()
            api = attribute or name in KEYWORDS or name in BUILTINS or name in vocabulary
            yield Lexeme("api" if api or (depth and _binds(text, match.end())) else "name", name)
        elif kind == "number":
            yield Lexeme("number", number(found))
        elif kind == "string":
            yield Lexeme("string", found.lstrip("rbfuRBFU")[1:-1])
        elif kind == "op":
            if found != "->":
                yield Lexeme("op", found)
        elif kind == "dot":
            after_dot = text[start + 1 : start + 2].isidentifier()
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(0, depth - 1)
        elif kind == "blank":
            depth = 0
        elif kind == "hash" and not comments:
            end = text.find("\n", start)
            skip_to = len(text) if end < 0 else end


def _binds(text: str, end: int) -> bool:
    rest = text[end : end + 3].lstrip(" ")
    return rest.startswith("=") and not rest.startswith("==")


def number(written: str) -> str:
    """The number in one spelling: `1_000`, `1e3` and `1000.0` are the same."""
    try:
        value = float(int(written, 0)) if written[:2].lower() in ("0x", "0b", "0o") else float(written.replace("_", ""))
    except (ValueError, OverflowError):
        return written[:40]
    return f"{value:.12g}"


def code_view(pieces: Iterator[Lexeme]) -> list[str]:
    """The text as code: names that can be chosen freely become one mark, literals and API names stay.

    Brackets, commas and line ends are left out (but for `[`, which tells an index from a name).
    """
    view = []
    for piece in pieces:
        if piece.kind == "name":
            view.append(ANY)
        elif piece.kind == "number":
            view.append(f"n:{piece.text}")
        elif piece.kind == "string":
            view += [f"s:{word.lower()}" for word in _IN_STRING.findall(piece.text[:300])] or ["s:"]
        else:
            view.append(piece.text)
    return view


_SMALL_WORDS = """
a an and are as at be been by can do does each else every for from had has have if import in into is it its lambda no
not of on once one only or so still such than that the their them then there these they this those to was were when
where which while will with without you your def return print true false none self
"""
STOP_WORDS = frozenset(_SMALL_WORDS.split())


def word_view(text: str) -> list[str]:
    """The text as content words: names taken apart (`drop_duplicates` is drop, duplicate), small words left out."""
    return [stem(part) for part in parts(text) if part not in STOP_WORDS]


def parts(text: str) -> Iterator[str]:
    """Words and numbers in lower case, names taken apart at underscores and capitals."""
    for match in _PART.finditer(text):
        found = match[0]
        yield number(found) if found[0].isdigit() else found[:_MAX_NAME].lower()


def stem(word: str) -> str:
    """The word without its most common English endings: enough to match "drops", "dropped" and "dropping"."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word
