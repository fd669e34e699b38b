"""The prompt of a conversation, its stable part first: what has been sent once stays where it was, byte by byte."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from feedback.chat.changes import change
from feedback.chat.memory import Turn
from feedback.model.port import ModelMessage, ModelRequest
from feedback.prompts.channel import data_message
from feedback.prompts.criteria import criteria
from feedback.prompts.facts import facts
from feedback.prompts.texts import prompt
from services.contracts.case import AuthorCase, Subtask
from services.contracts.feedback import Feedback, Verdict
from services.contracts.identity import ScopeMode, Strictness

_UNJUDGED: Final = "the code could not be judged"
_SHORT: Final = 600
"""Characters of code."""
_SUMMARY_TOKENS: Final = 260
"""More than 900 characters of most languages take."""


@dataclass(frozen=True)
class Manner:
    """How the assistant is to behave, from the scope. The same for every learner of a case."""

    strictness: Strictness
    scope_mode: ScopeMode
    topics: tuple[str, ...]
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Known:
    """What a prompt already says about the learner's work."""

    code: str
    facts: str


def system(manner: Manner) -> ModelMessage:
    """The rules of the talk."""
    parts = [
        prompt("chat"),
        prompt("chat_strict" if manner.strictness == "strict" else "chat_light"),
        prompt("chat_on_topic" if manner.scope_mode == "strict" else "chat_soft"),
        "Answer in the language of the learner's last message."
        if not manner.languages
        else f"Answer in one of these languages and no other: {', '.join(manner.languages)}.",
    ]
    return ModelMessage("system", "\n\n".join(parts))


def checked(feedback: Feedback | None, redacted: Callable[[str], str]) -> str:
    """What the check says, as JSON text that is the same whenever it says the same. `redacted`: `Redactor.text`."""
    value: JsonValue
    if feedback is None or feedback.verdict is Verdict.COULD_NOT_JUDGE:
        value = _UNJUDGED
    elif feedback.verdict is Verdict.APPROVED:
        value = {"approved": True, "findings": []}
    else:
        found: list[JsonValue] = list(facts(feedback.findings, redacted))
        value = {"approved": False, "findings": found}
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def opening(known: Known) -> ModelMessage:
    """The message in front of a talk."""
    return data_message({"code": known.code, "check": json.loads(known.facts)})


def bridge(summary: str, before: Known, now: Known) -> str:
    """The message between the opening and the window: what was said before, and what has changed meanwhile."""
    told: dict[str, JsonValue] = {"summary": summary} if summary else {}
    told |= _changed(before, now)
    return data_message(told).content if told else ""


def rewritten(before: Known, now: Known) -> bool:
    """Whether the code has become another one, so that the old one in front of a talk helps nobody any more.

    Short code is said once more all the same: that costs less than reading anew what stands behind it.
    """
    said = change(before.code, now.code)
    return said is not None and said[0] == "code" and len(now.code) > _SHORT


def question(text: str, reasoning: str | None, before: Known, now: Known) -> tuple[str, int]:
    """A learner's message with what has changed since the last one; how many of its characters are that."""
    changed = _changed(before, now)
    plain: dict[str, JsonValue] = {"message": text}
    if reasoning:
        plain["reasoning"] = reasoning
    # The message last: what it asks about stands in front of it.
    whole = data_message(changed | plain).content
    return whole, len(whole) - len(data_message(plain).content) if changed else 0


def _changed(before: Known, now: Known) -> dict[str, JsonValue]:
    changed: dict[str, JsonValue] = {}
    if (said := change(before.code, now.code)) is not None:
        changed[said[0]] = said[1]
    if before.facts != now.facts:
        changed["check"] = json.loads(now.facts)
    return changed


def chat_request(
    case: AuthorCase, subtask: Subtask, manner: Manner, base: Known, bridged: str, turns: Sequence[Turn]
) -> ModelRequest:
    """The prompt for the answer to the last of `turns`."""
    step: dict[str, JsonValue] = {"step": criteria(case, subtask)}
    if manner.topics:
        step["topics"] = list(manner.topics)
    messages = [system(manner), data_message(step), opening(base)]
    if bridged:
        messages.append(ModelMessage("user", bridged))
    messages += [ModelMessage("user" if turn.role == "learner" else "assistant", turn.prompted) for turn in turns]
    return ModelRequest("chat", tuple(messages), tenant=case.version)


def summary_request(case: AuthorCase, earlier: str, dropped: Sequence[Turn]) -> ModelRequest:
    """The prompt for a summary of what falls out of the window."""
    said: list[JsonValue] = [{"who": turn.role, "text": turn.said} for turn in dropped]
    messages = (
        ModelMessage("system", prompt("chat_summary")),
        data_message({"earlier": earlier, "messages": said}),
    )
    return ModelRequest("summary", messages, max_tokens=_SUMMARY_TOKENS, temperature=0.0, tenant=case.version)
