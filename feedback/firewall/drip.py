"""What was said earlier in a conversation, put together so that a solution told in pieces is seen."""

import re
from collections.abc import Sequence

from feedback.firewall.snippets import spans

MAX_BEFORE = 12_000
"""Characters of the conversation that count; what is older does not."""
_TAIL, _MOST_CODE = 400, 3_000
_CODE_SIGN = re.compile(r"[=()\[\]{}]|\w[._]\w|^\s*(?:return|if|for|while|else|elif|try|with|def|import)\b")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.M)


def newest(before: Sequence[str]) -> list[str]:
    """The latest texts, as many as count, in their order."""
    kept: list[str] = []
    left = MAX_BEFORE
    for one in reversed(before):
        left -= len(one)
        if left < 0:
            break
        kept.append(one)
    return kept[::-1]


def in_a_row(texts: Sequence[str]) -> tuple[str, ...]:
    """The texts as one: the end of all as it stands, the code spans alone, and the code alone without a gap."""
    quoted = "\n".join(span for one in texts for span in spans(one))
    return "\n".join(texts)[-_TAIL:], quoted, "".join(map(_code_of, texts))[-_MOST_CODE:]


def _code_of(text: str) -> str:
    """The paragraphs that are no plain sentence: a program cut in the middle of a word goes on in the next text."""
    paragraphs = _FENCE.sub("", text).strip("\n").split("\n\n")
    return "\n\n".join(part for part in paragraphs if len(paragraphs) == 1 or _CODE_SIGN.search(part))
