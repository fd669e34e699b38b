"""The channel for text that others wrote: what is said in it is read by a model as data, and can be nothing else."""

import json
import math
import re
import unicodedata
from collections.abc import Mapping

from pydantic import JsonValue

from feedback.model.port import ModelMessage

CUT = "…[cut]"
"""Ends a text of which the rest was left out."""

# Characters that nobody sees, and that are no control, format or private character by their Unicode category.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_KEPT = frozenset("\n\t")
_BREAKS = str.maketrans({"\u2028": "\n", "\u2029": "\n", "\x85": "\n", "\x0b": "\n", "\x0c": "\n"})

# Tokens that a tokenizer reads as structure, wherever they stand: chat templates of Qwen, Llama, Mistral, Gemma,
# DeepSeek, Phi and their kin. A space inside makes them ordinary text, and leaves Python code what it was.
_LT, _GT, _BAR = "<＜﹤", ">＞﹥", "|｜"
_NAMES = (
    r"think|thinking|thought|analysis|reasoning|tools?|tool_(?:call|response|result|calls|results)|function(?:_call)?|"
    r"system|user|assistant|human|s|bos|eos|pad|unk|mask|sep|cls|(?:start|end)_of_(?:turn|image|text)|"
    r"fim_(?:prefix|middle|suffix|pad)|eot_id|SYS|SPECIAL_\d+"
)
_STRUCTURE = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (rf"([{_LT}])(?=[{_BAR}])", r"\1 "),
        (rf"(?<=[{_BAR}])([{_GT}])", r" \1"),
        (rf"([{_LT}])(?=/?(?:{_NAMES})[{_GT}])", r"\1 "),
        (r"([\[［])(?=/?(?:INST|SYS|TOOL_[A-Z]+|AVAILABLE_TOOLS|IMG|PREFIX|MIDDLE|SUFFIX|gMASK|sMASK)[\]］])", r"\1 "),
    )
)
_TAG = re.compile(r"<(?=[/|｜!\w])")


def visible(text: str) -> str:
    """The text without characters that nobody sees: controls, zero-width and bidirectional marks, tag characters."""
    if text.isascii() and text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").replace("\r", "\n").translate(_BREAKS)
    return "".join(c for c in lines if c in _KEPT or not _unseen(c))


def harmless(text: str, limit: int) -> str:
    """The text as data: nothing unseen, no token of a chat template, at most `limit` characters.

    Of a longer text the beginning is kept and `CUT` marks its end.
    """
    # Far more than is kept: what is left out costs nothing, and unseen characters cannot push the rest out.
    shown = visible(text[: 4 * limit + 1_000])
    for pattern, replacement in _STRUCTURE:
        shown = pattern.sub(replacement, shown)
    if len(shown) <= limit and len(text) <= 4 * limit + 1_000:
        return shown
    return shown[: max(limit - len(CUT), 0)] + CUT[:limit]


def data_message(parts: Mapping[str, JsonValue]) -> ModelMessage:
    """One message that holds all parts as a JSON object, and nothing else.

    Its text is made harmless, but not cut: limits are for whoever knows what a part is. Every `<` that could open a
    tag is written `\\u003c`, so that also a token which no list names stays text.
    """
    written = json.dumps(_harmless(dict(parts)), ensure_ascii=False, separators=(", ", ": "))
    return ModelMessage("user", _TAG.sub(r"\\u003c", written))


def _harmless(value: JsonValue) -> JsonValue:
    match value:
        case str():
            return harmless(value, len(value) * 2)
        case list():
            return [_harmless(item) for item in value]
        case dict():
            return {harmless(key, len(key) * 2): _harmless(item) for key, item in value.items()}
        case float() if not math.isfinite(value):
            return str(value)
    return value


def _unseen(character: str) -> bool:
    return (
        unicodedata.category(character) in _CATEGORIES
        or character in _UNSEEN
        # Variation selectors: a text of any length can be hidden in them.
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )
