from services.contracts.brief import AskBrief, Brief
from services.contracts.escalation import AnswerEscalation, AskQueue, EscalationFull, QueuePage, WriteNote
from services.contracts.lint import LintReport, ReviewRequest
from services.contracts.notebook import without_extras
from services.contracts.progress import Version, VersionSummary
from services.contracts.session import SessionPart, SessionSummary
from services.contracts.style import Dismissal
from services.gateway.dashboard.backends import Backends
from services.gateway.dashboard.mentor import Mentor, MentorScopes
from services.gateway.dashboard.subjects import Subjects


class Queue:
    """The queue, and all about one escalation. Who may, and who was first, is decided by `mentoring`."""

    def __init__(self, backends: Backends, subjects: Subjects, scopes: MentorScopes) -> None:
        self._mentoring, self._progress = backends.mentoring, backends.progress
        self._feedback, self._linting, self._cases = backends.feedback, backends.linting, backends.cases
        self._subjects, self._scopes = subjects, scopes

    async def page(self, mentor: Mentor, asked: AskQueue) -> QueuePage:
        """A part of the queue, most urgent first; of what is over, the newest first."""
        return await self._mentoring.queue(self._scopes.everywhere(mentor), asked)

    async def same(self, mentor: Mentor, escalation: str, after: str | None, limit: int | None) -> QueuePage:
        """A part of the others that wait with the same problem."""
        return await self._mentoring.same(escalation, self._scopes.everywhere(mentor), after=after, limit=limit)

    async def take_next(self, mentor: Mentor) -> EscalationFull:
        """Lease the most urgent one."""
        return self._learned(mentor, await self._mentoring.take_next(self._scopes.everywhere(mentor)))

    async def full(self, mentor: Mentor, escalation: str) -> EscalationFull:
        """All that is kept about one; the look is kept, too, once for all that the screen asks for."""
        return self._learned(mentor, await self._mentoring.full(escalation, self._scopes.everywhere(mentor)))

    async def lease(self, mentor: Mentor, escalation: str) -> EscalationFull:
        """Take one, or hold it for longer."""
        return await self._mentoring.lease(escalation, self._scopes.everywhere(mentor))

    async def release(self, mentor: Mentor, escalation: str) -> None:
        """Give one back."""
        await self._mentoring.release(escalation, self._scopes.everywhere(mentor))

    async def write(self, mentor: Mentor, escalation: str, note: WriteNote) -> EscalationFull:
        """Say something that is no answer yet."""
        return await self._mentoring.write_as_mentor(escalation, note, self._scopes.everywhere(mentor))

    async def answer(self, mentor: Mentor, escalation: str, answer: AnswerEscalation) -> EscalationFull:
        """Answer one, and those that wait with the same signature if the mentor says so."""
        return await self._mentoring.answer(escalation, answer, self._scopes.everywhere(mentor))

    async def brief(self, mentor: Mentor, escalation: str) -> Brief:
        """How the learner's code differs from the reference, what was found in it, and a draft where a model writes."""
        full = await self.full(mentor, escalation)
        subject = await self._subjects.of(mentor, escalation)
        question = next((note.text for note in reversed(full.notes) if note.author == "learner"), "")
        ask = AskBrief(subtask=subject.subtask, cells=full.cells, learner=subject.learner, question=question)
        return await self._feedback.brief(ask, self._subjects.scope(mentor, subject))

    async def style(self, mentor: Mentor, escalation: str) -> LintReport:
        """The style review of the code that the question is about; nothing is recorded."""
        full = await self.full(mentor, escalation)
        case = await self._cases.learner(full.case_version)
        editable = tuple(cell for view in case.subtasks if view.id == full.item.subtask for cell in view.answer_cells)
        return await self._linting.review(ReviewRequest(cells=full.cells, editable=editable))

    async def dismissals(self, mentor: Mentor, escalation: str) -> tuple[Dismissal, ...]:
        """Remarks of the step's style review that the learner left as they are, newest first."""
        subject = await self._subjects.of(mentor, escalation)
        scope = self._subjects.scope(mentor, subject)
        return await self._progress.dismissals_of(subject.learner, subject.case, subject.subtask, scope)

    async def versions(self, mentor: Mentor, escalation: str) -> tuple[VersionSummary, ...]:
        """The learner's checked versions of the step, newest first."""
        subject = await self._subjects.of(mentor, escalation)
        scope = self._subjects.scope(mentor, subject)
        return await self._progress.history_of(subject.learner, subject.case, scope, subject.subtask)

    async def version(self, mentor: Mentor, escalation: str, submission: str) -> Version:
        """One of these versions, with its cells."""
        subject = await self._subjects.of(mentor, escalation)
        scope = self._subjects.scope(mentor, subject)
        version = await self._progress.version_of(subject.learner, subject.case, submission, scope)
        return version.model_copy(update={"cells": tuple(without_extras(cell) for cell in version.cells)})

    async def sessions(self, mentor: Mentor, escalation: str) -> tuple[SessionSummary, ...]:
        """The learner's recorded sessions of the case, newest first."""
        subject = await self._subjects.of(mentor, escalation)
        return await self._progress.sessions_of(subject.learner, subject.case, self._subjects.scope(mentor, subject))

    async def session(self, mentor: Mentor, escalation: str, session: str, start: int) -> SessionPart:
        """Part of one of these sessions."""
        subject = await self._subjects.of(mentor, escalation)
        scope = self._subjects.scope(mentor, subject)
        return await self._progress.session_of(subject.learner, subject.case, session, scope, start)

    def _learned(self, mentor: Mentor, full: EscalationFull) -> EscalationFull:
        self._subjects.learn(mentor, full)
        return full
