import io
import re
import tokenize
from functools import lru_cache

# A stranger's text: whatever the tokenizer of the language makes of it, this one always makes something.
_PIECES = re.compile(r"[^\W\d]\w*|\d[\w.]*|\"[^\"\n]*\"|'[^'\n]*'|#[^\n]*|[^\s\w]")
_NOTHING = frozenset(
    (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING, tokenize.ENDMARKER, tokenize.TYPE_COMMENT)
)
_DEEPER, _BACK = "»", "«"


@lru_cache(maxsize=256)
def exact_tokens(source: str) -> tuple[str, ...] | None:
    """The source's tokens without comments, blank space and line ends; None where it is not Python.

    Python's blocks are kept as two signs of their own: code that is moved into a loop is other code.
    """
    try:
        return tuple(
            _written(token)
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type not in _NOTHING
        )
    except (tokenize.TokenError, SyntaxError, ValueError):
        return None


def code_tokens(source: str) -> tuple[str, ...]:
    """The source's tokens, as well as they can be told."""
    exact = exact_tokens(source)
    return loose_tokens(source) if exact is None else exact


def loose_tokens(text: str) -> tuple[str, ...]:
    """As `exact_tokens`, for text that is no Python, or only nearly."""
    return tuple(piece for piece in _PIECES.findall(text) if not piece.startswith("#"))


def _written(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.INDENT:
        return _DEEPER
    return _BACK if token.type == tokenize.DEDENT else token.string
