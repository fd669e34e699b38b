"""What of a talk a prompt still holds: the newest messages word by word, what came before them as a summary.

The window does not slide with every message. It grows until a cap is met and is then cut to a quarter, so that nearly
every prompt begins with the whole of the one before and the model's server has read it already.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from feedback.findings.voice import one_line
from feedback.prompts.channel import visible

_QUOTED = 160
"""Characters that a summary by rules takes of one message."""
_SHARE_KEPT = 4
_SENTENCE = re.compile(r"(?<=[.!?…])\s")


@dataclass(frozen=True)
class Caps:
    """How much of a talk a prompt holds."""

    messages: int
    turn_chars: int
    history_chars: int
    summary_chars: int


@dataclass(frozen=True)
class Turn:
    """One message of a talk as prompts hold it."""

    seq: int
    role: Literal["learner", "assistant"]
    said: str
    """Its words, without names and addresses, not longer than a turn may be."""
    prompted: str
    """The message of the prompt: the words, and what came along with them."""


def capped(text: str, limit: int) -> str:
    """The text on at most `limit` characters, cut at a word's end."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    cut = head.rsplit(None, 1)[0] if len(head.split(None, 1)) > 1 else head
    return (cut if len(cut) > limit // 2 else head) + "…"


def overfull(turns: Sequence[Turn], caps: Caps) -> bool:
    """Whether a prompt must not hold all of these."""
    return len(turns) > caps.messages or sum(len(turn.said) for turn in turns) > caps.history_chars


def newest(turns: Sequence[Turn], caps: Caps) -> Sequence[Turn]:
    """The newest exchanges that fill a quarter of the caps; the last one stays where it fits into the caps at all."""
    starts = [at for at, turn in enumerate(turns) if turn.role == "learner"]
    kept: Sequence[Turn] = ()
    for number, at in enumerate(reversed(starts)):
        tail = turns[at:]
        share = 1 if number == 0 else _SHARE_KEPT
        if len(tail) * share > caps.messages or sum(len(turn.said) for turn in tail) * share > caps.history_chars:
            break
        kept = tail
    return kept


def summary_by_rules(before: str, dropped: Sequence[Turn], limit: int) -> str:
    """The earlier summary and the beginning of each message that goes; when it is too much the oldest lines go."""
    lines = [line for line in before.splitlines() if line.strip()]
    lines += [f"{_WHO[turn.role]}: {_beginning(turn.said)}" for turn in dropped if turn.said.strip()]
    kept: list[str] = []
    room = limit
    for line in reversed(lines):
        room -= len(line) + 1
        if room < -1:
            break
        kept.insert(0, line)
    return "\n".join(kept)


_WHO = {"learner": "Learner", "assistant": "Assistant"}


def _beginning(text: str) -> str:
    return one_line(_SENTENCE.split(visible(text).strip(), maxsplit=1)[0], _QUOTED)
