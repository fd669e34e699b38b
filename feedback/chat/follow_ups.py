from collections.abc import Sequence
from typing import Final

from services.contracts.chat import MAX_FOLLOW_UPS, Intent
from services.contracts.feedback import Feedback, Verdict
from services.contracts.finding import Finding

_APPROVED: Final = (
    "Why does my solution work?",
    "When would it stop working?",
    "What would make it easier to read?",
)
_GENERAL: Final = (
    "What does this step ask for?",
    "Where should I begin?",
    "How can I check my own result?",
)
_BY_INTENT: Final[dict[Intent, str]] = {
    "debug": "How can I see what is really there at that point?",
    "concept": "What does that mean for my code?",
    "strategy": "How would I notice that I am on the right way?",
    "reflection": "What speaks against my idea?",
    "status": "What should I look at first?",
    "general": "What should I look at first?",
}
_LONGEST_NAME: Final = 40


def follow_ups(intent: Intent, feedback: Feedback | None, asked: Sequence[str]) -> tuple[str, ...]:
    """At most three questions that a learner could ask next, none that was asked before.

    They rest on the findings and the intent; they are the learner's own possible words, so they hold no advice.
    """
    offered = [*_about(intent, feedback), *_GENERAL]
    known = {_key(text) for text in asked}
    fresh = [text for text in dict.fromkeys(offered) if _key(text) not in known]
    return tuple(fresh[:MAX_FOLLOW_UPS])


def _about(intent: Intent, feedback: Feedback | None) -> list[str]:
    if feedback is None or feedback.verdict is Verdict.COULD_NOT_JUDGE or intent == "off_topic":
        return []
    if feedback.verdict is Verdict.APPROVED:
        return list(_APPROVED)
    found = [question for finding in feedback.findings[:2] for question in _finding(finding)]
    return [*found[:1], _BY_INTENT[intent], *found[1:]]


def _finding(finding: Finding) -> list[str]:
    subject = finding.evidence[0].subject if finding.evidence else ""
    named = len(subject) <= _LONGEST_NAME and subject.isidentifier()
    questions = []
    if finding.kind == "exception":
        questions.append(f"What does `{subject}` mean here?" if named else "What does this error mean?")
    elif finding.kind in {"value", "missing"} and named:
        questions.append(f"What should I know about `{subject}`?")
    elif finding.kind == "check":
        questions.append("What does the check look at?")
    if finding.place is not None and finding.place.line is not None:
        questions.append(f"What happens in line {finding.place.line}?")
    return questions


def _key(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
