"""When a mentor is offered: after a hint or an answer that did not help, after the same failure again, on doubt."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.errors import ServiceError
from services.contracts.escalation import Reason
from services.contracts.feedback import Feedback, Verdict
from services.contracts.hint import HintView
from services.contracts.progress import VersionSummary
from services.gateway.asking import Asking
from services.gateway.learner import Learner

SAME_FAILURE: Final = 3
"""So many failing versions with the same first signature, since the last approval, are a repeated failure."""
SURE: Final = 0.5
"""Below this confidence of a finding a person had better look."""
_LOOKED_BACK: Final = 10
"""Failing versions that are looked at; a learner who fails twelve ways in turn has other reasons to ask."""
_REMEMBERED: Final = 10_000


@dataclass(frozen=True)
class Failure:
    """What matters of a failing version here. It never changes."""

    signature: str
    unsure: bool


def signature_of(feedback: Feedback) -> str:
    """The signature of the most consequential finding; empty where there is none."""
    return feedback.findings[0].signature if feedback.findings else ""


class Offers:
    """Works out why a learner may ask a mentor about a step now."""

    def __init__(self, progress: ProgressClient, mentoring: MentoringClient, asking: Asking) -> None:
        self._progress, self._mentoring, self._asking = progress, mentoring, asking
        self._failures: OrderedDict[str, Failure] = OrderedDict()

    async def reasons(self, learner: Learner, subtask: str) -> tuple[Reason, ...]:
        """All reasons that hold, the strongest first; empty: none yet. Raises SubtaskNotFound, ServiceError."""
        scope = await self._asking.scope(learner, subtask)
        versions, hints, unhelpful = await asyncio.gather(
            self._progress.history(scope, subtask, limit=4 * _LOOKED_BACK),
            self._hints(subtask, scope),
            self._mentoring.unhelpful_memory(scope),
        )
        failing = _failing(versions)
        failures = [await self._failure(version.submission, scope) for version in failing]
        found: list[Reason] = []
        if any(version.submission in unhelpful for version in failing):
            found.append("unhelpful_answer")
        if _unhelpful(hints):
            found.append("unhelpful_hint")
        if failures and failures[0].signature and _repeats(failures) >= SAME_FAILURE:
            found.append("repeated_failure")
        if failures and failures[0].unsure:
            found.append("low_confidence")
        return tuple(found)

    async def _hints(self, subtask: str, scope: str) -> Sequence[HintView]:
        try:
            return (await self._asking.feedback.hints(subtask, scope)).hints
        except ServiceError:
            # Who cannot get hints now may still have another reason.
            return ()

    async def _failure(self, submission: str, scope: str) -> Failure:
        known = self._failures.get(submission)
        if known is None:
            feedback = (await self._progress.version(submission, scope)).feedback
            findings = feedback.findings if feedback else ()
            known = Failure(
                signature=signature_of(feedback) if feedback else "",
                unsure=any(finding.confidence < SURE for finding in findings),
            )
            self._failures[submission] = known
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)
        return known


def _failing(versions: Sequence[VersionSummary]) -> list[VersionSummary]:
    """The newest failing versions since the last approval; what was never judged to the end counts for nothing."""
    found: list[VersionSummary] = []
    for version in versions:
        if version.verdict is Verdict.APPROVED:
            break
        if version.verdict is Verdict.NEEDS_WORK:
            found.append(version)
    return found[:_LOOKED_BACK]


def _repeats(failures: Sequence[Failure]) -> int:
    return sum(failure.signature == failures[0].signature for failure in failures)


def _unhelpful(hints: Sequence[HintView]) -> bool:
    """Whether the hint that was rated last did not help."""
    rated = [hint for hint in hints if hint.helpful is not None]
    return bool(rated) and rated[-1].helpful is False
