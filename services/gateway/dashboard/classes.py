from typing import Literal

from services.contracts.case import CaseSummary
from services.contracts.classroom import ClassView
from services.contracts.escalation import Measures
from services.gateway.dashboard.backends import Backends
from services.gateway.dashboard.mentor import Mentor, MentorScopes

Export = Literal["csv", "json"]


class Classes:
    """Whole classes: who is where in a case, and how much mentors were asked."""

    def __init__(self, backends: Backends, scopes: MentorScopes) -> None:
        self._progress, self._cases, self._mentoring = backends.progress, backends.cases, backends.mentoring
        self._scopes = scopes

    async def cases(self) -> tuple[CaseSummary, ...]:
        """The published cases."""
        return await self._cases.published()

    async def view(self, mentor: Mentor, case: str, *, watch: bool, after: str | None, limit: int) -> ClassView:
        """Part of a class, by name. Raises ServiceError, also for a case that was never published."""
        scope, steps = self._scopes.everywhere(mentor), await self._steps(case)
        return await self._progress.class_view(case, scope, steps=steps, watch=watch, after=after, limit=limit)

    async def export(self, mentor: Mentor, case: str, kind: Export) -> bytes:
        """The whole class as a file."""
        scope, steps = self._scopes.everywhere(mentor), await self._steps(case)
        return await self._progress.class_export(case, kind, scope, steps=steps)

    async def measures(self, mentor: Mentor, case: str | None, days: int) -> Measures:
        """How much mentors were asked in the last days."""
        return await self._mentoring.measures(self._scopes.everywhere(mentor), case=case, days=days)

    async def _steps(self, case: str) -> int:
        return len((await self._cases.current(case)).subtasks)
