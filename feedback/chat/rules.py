"""What the assistant says without a model: the check's findings, one step further down the ladder each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.contracts.chat import Cited, Intent
from services.contracts.feedback import Feedback, Verdict
from services.contracts.finding import Finding
from services.contracts.identity import Strictness

BY_RULES: Final = "(No language model wrote this: it is put together by rules from what the check found.)"
_APPROVED: Final = "The check finds nothing to object to: this step is right."
_UNJUDGED: Final = (
    "I do not know how your code stands right now: it could not be checked. That is not your fault, and nothing was "
    "counted. Press Check in a moment, then ask again."
)
_NO_FINDING: Final = (
    "The check does not hold yet, but it names no place. Compare what the instructions ask for, word by word, with "
    "what your answer cell makes."
)
_ALL_SAID: Final = (
    "I have said all I may say about this. Read the message above once more, and look at the values around that place: "
    "`print` what is there and compare it with what you expect."
)


@dataclass(frozen=True)
class Situation:
    """All that an answer by rules rests on."""

    title: str
    """Of the subtask."""
    intent: Intent
    feedback: Feedback | None
    """The last verdict on the learner's code; None: there is none."""
    said: Sequence[str]
    """Answers of this conversation, so that nothing is said twice."""
    strictness: Strictness


@dataclass(frozen=True)
class RuleAnswer:
    """An answer and the findings it explains."""

    text: str
    cites: tuple[Cited, ...] = ()


def lead_back(title: str) -> str:
    """The fixed sentence for what has nothing to do with the case."""
    return f"That has nothing to do with this case. I can help with the step «{title}»: what would you like to know?"


def answer_by_rules(seen: Situation) -> RuleAnswer:
    """An answer for any intent, from the findings alone."""
    if seen.intent == "off_topic":
        return RuleAnswer(lead_back(seen.title))
    feedback = seen.feedback
    if feedback is None or feedback.verdict is Verdict.COULD_NOT_JUDGE:
        return _signed(_UNJUDGED)
    if feedback.verdict is Verdict.APPROVED:
        return _signed(_APPROVED, _approved_advice(seen.intent))
    if not feedback.findings:
        return _signed(_NO_FINDING)
    finding = _next_finding(seen, feedback.findings)
    parts = _PARTS[seen.intent](seen, finding)
    return _signed(*parts, cites=(Cited(finding=finding.id, message=finding.message),))


def steps_left(finding: Finding, said: Sequence[str], strictness: Strictness) -> list[str]:
    """Steps of the ladder that no answer held yet, in order; code examples only where the case allows them."""
    steps = [hint for hint in finding.ladder if hint.step != "example" or strictness == "light"]
    open_steps = [hint for hint in steps if not any(hint.text in answer for answer in said)]
    return [_LEAD[hint.step] + hint.text for hint in open_steps if hint.step != "consequence"]


_LEAD: Final = {
    "plan": "A way to begin: ",
    "consequence": "",
    "location": "",
    "example": "A small example that has nothing to do with this case:\n\n",
}


def _next_finding(seen: Situation, findings: Sequence[Finding]) -> Finding:
    """The most consequential one, as long as there is something left to say about it."""
    return next((f for f in findings if steps_left(f, seen.said, seen.strictness)), findings[0])


def _debug(seen: Situation, finding: Finding) -> list[str]:
    return [f"The check found this: {_message(finding)}", _step(seen, finding), _where(finding)]


def _status(seen: Situation, finding: Finding) -> list[str]:
    assert seen.feedback is not None
    checks = seen.feedback.checks
    open_ = sum(not check.passed for check in checks)
    do = "does" if open_ == 1 else "do"
    counted = f"{open_} of {len(checks)} checks of this step {do} not hold yet. " if len(checks) > 1 and open_ else ""
    others = len(seen.feedback.findings) - 1
    more = (
        f" There {'is one more message' if others == 1 else f'are {others} more messages'} after that."
        if others
        else ""
    )
    return [f"{counted}First comes this: {_message(finding)}{more}", _where(finding)]


def _strategy(seen: Situation, finding: Finding) -> list[str]:
    return [_step(seen, finding), f"This is what it is about: {_message(finding)}"]


def _concept(seen: Situation, finding: Finding) -> list[str]:
    example = next((hint.text for hint in finding.ladder if hint.step == "example"), None)
    shown = _LEAD["example"] + example if example and seen.strictness == "light" else _step(seen, finding)
    return [
        "I cannot explain ideas in my own words without a language model. "
        f"What the check found in your code is this: {_message(finding)}",
        shown,
    ]


def _reflection(seen: Situation, finding: Finding) -> list[str]:
    return [
        f"Hold your thought against what the check found: {_message(finding)}",
        "Does your thought explain that? If it does, which line would show it, and what would you see there?",
        _where(finding) or _step(seen, finding),
    ]


_PARTS: Final = {
    "debug": _debug,
    "concept": _concept,
    "strategy": _strategy,
    "reflection": _reflection,
    "status": _status,
    "general": _debug,
}


def _message(finding: Finding) -> str:
    """A mentor's words where a mentor knew this mistake, else the check's."""
    return finding.mentor or finding.message


def _step(seen: Situation, finding: Finding) -> str:
    left = steps_left(finding, seen.said, seen.strictness)
    return left[0] if left else _ALL_SAID


def _where(finding: Finding) -> str:
    return next((hint.text for hint in finding.ladder if hint.step == "location"), "")


def _approved_advice(intent: Intent) -> str:
    if intent in {"reflection", "concept"}:
        return (
            "Say in one sentence why it works; if that is hard, change one line and predict what will happen before "
            "you run it."
        )
    return "You can go on, or look at the style review of your code."


def _signed(*parts: str, cites: tuple[Cited, ...] = ()) -> RuleAnswer:
    return RuleAnswer("\n\n".join([part for part in dict.fromkeys(parts) if part] + [BY_RULES]), cites)
