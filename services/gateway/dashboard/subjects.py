from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from services.contracts.clients.mentoring import MentoringClient
from services.contracts.escalation import EscalationFull
from services.gateway.dashboard.mentor import Mentor, MentorScopes

_REMEMBERED: Final = 4_096


@dataclass(frozen=True)
class Subject:
    """Whom and what an escalation is about; it never changes."""

    learner: str
    case: str
    version: str
    subtask: str


class Subjects:
    """The subjects of escalations that were looked at, so that looking on is not another look in the audit log."""

    def __init__(self, mentoring: MentoringClient, scopes: MentorScopes) -> None:
        self._mentoring, self._scopes = mentoring, scopes
        self._known: OrderedDict[tuple[str, str], Subject] = OrderedDict()

    async def of(self, mentor: Mentor, escalation: str) -> Subject:
        """The subject, asked for once a mentor. Raises ServiceError."""
        known = self._known.get((mentor.user, escalation))
        if known is None:
            known = self.learn(mentor, await self._mentoring.full(escalation, self._scopes.everywhere(mentor)))
        return known

    def learn(self, mentor: Mentor, full: EscalationFull) -> Subject:
        """Remember what the mentor has just been shown."""
        item = full.item
        subject = Subject(item.learner, item.case, full.case_version, item.subtask)
        self._known[mentor.user, item.id] = subject
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return subject

    def scope(self, mentor: Mentor, subject: Subject) -> str:
        """A scope token about the step that the escalation is about."""
        return self._scopes.about(mentor, subject.case, subject.version, subject.subtask)
