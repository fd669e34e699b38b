"""A model's text as plain sentences with `code` spans, which is all that a learner is ever shown of it."""

import re
from typing import Final

from feedback.prompts.channel import visible

FENCE: Final = "```"
CODE_SPAN: Final = re.compile(r"`([^`\n]+)`")

_SPACES = re.compile(r"\s+")
_TICKS = re.compile(r"(?<!`)``(?!`)")
_EMPHASIS = re.compile(
    r"(?<![\w*])\*{1,3}(?=[^\s*])|(?<=[^\s*])\*{1,3}(?![\w*])|(?<![\w_])__(?=[^\s_])|(?<=[^\s_])__(?![\w_])"
)
_OPENING = re.compile(r"^(?:#{1,6} |[-*•>] |\d{1,2}[.)] )+")
_ENDS = re.compile(r"(?<=[.!?…])[\"'»”’)\]]*\s+(?=\S)|(?<=[。！？])")
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|cf|vs|approx|z\.\s?B|d\.\s?h|bzw|usw|ca|p\. ?ex|т\.\s?[еек])\.$", re.IGNORECASE
)
_ENDED = re.compile(r"[.!?…。！？][\"'»”’)\]]*$")


def plain(text: str) -> str:
    """The text on one line, without anything unseen and without emphasis, headings and list marks."""
    line = _TICKS.sub("`", _SPACES.sub(" ", visible(text))).strip()
    line = _OPENING.sub("", line)
    if line.count("`") % 2:
        at = line.rindex("`")
        line = line[:at] + line[at + 1 :]
    return _without_emphasis(line).strip()


def prose_of(text: str) -> str:
    """The text without its code spans."""
    return CODE_SPAN.sub(" ", text)


def sentences(text: str) -> list[str]:
    """The sentences of a plain text, each with its end; one that has none was cut off and is left out."""
    # Stops within code end no sentence.
    masked = CODE_SPAN.sub(lambda span: "x" * len(span.group()), text)
    found, start = [], 0
    for end in _ENDS.finditer(masked):
        if _ABBREVIATION.search(masked[start : end.start()]):
            continue
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if _ENDED.search(sentence)]


def _without_emphasis(text: str) -> str:
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else _EMPHASIS.sub("", part) for part in parts)
