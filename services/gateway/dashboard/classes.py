import asyncio
from collections.abc import Awaitable
from typing import Literal, TypeVar

import structlog

from services.contracts.case import CaseSummary
from services.contracts.classroom import ClassView, LearnersWork
from services.contracts.errors import ServiceError
from services.contracts.measures import Measures
from services.contracts.notebook import without_extras
from services.contracts.progress import Version
from services.contracts.session import SessionPart
from services.gateway.dashboard.backends import Backends
from services.gateway.dashboard.measures import with_counts
from services.gateway.dashboard.mentor import Mentor, MentorScopes

_log = structlog.get_logger(__name__)

Export = Literal["csv", "json"]
T = TypeVar("T")


class Classes:
    """Whole classes: who is where in a case, and how much mentors were asked."""

    def __init__(self, backends: Backends, scopes: MentorScopes) -> None:
        self._progress, self._cases, self._mentoring = backends.progress, backends.cases, backends.mentoring
        self._feedback = backends.feedback
        self._scopes = scopes

    async def cases(self) -> tuple[CaseSummary, ...]:
        """The published cases."""
        return await self._cases.published()

    async def titles(self, case: str) -> dict[str, str]:
        """Step -> title, in the newest version, in its order. Raises ServiceError, also for a case that is none."""
        return {view.id: view.title for view in (await self._cases.current(case)).subtasks}

    async def view(self, mentor: Mentor, case: str, *, watch: bool, after: str | None, limit: int) -> ClassView:
        """Part of a class, by name. Raises ServiceError, also for a case that was never published."""
        scope, titles = self._scopes.everywhere(mentor), await self.titles(case)
        view = await self._progress.class_view(case, scope, steps=len(titles), watch=watch, after=after, limit=limit)
        return view.model_copy(update={"titles": titles})

    async def export(self, mentor: Mentor, case: str, kind: Export) -> bytes:
        """The whole class as a file."""
        scope, titles = self._scopes.everywhere(mentor), await self.titles(case)
        return await self._progress.class_export(case, kind, scope, steps=len(titles))

    async def work(self, mentor: Mentor, case: str, learner: str, step: str | None) -> LearnersWork:
        """What a learner has done in one step; the look is kept, once for all of it.

        Raises ServiceError, also for a case that was never published.
        """
        shown = await self._cases.current(case)
        work = await self._progress.work_of(learner, case, self._scopes.everywhere(mentor), step)
        latest = None if work.latest is None else _plain(work.latest)
        titles = {view.id: view.title for view in shown.subtasks}
        return work.model_copy(update={"case_title": shown.title, "titles": titles, "latest": latest})

    async def version(self, mentor: Mentor, case: str, learner: str, submission: str) -> Version:
        """An earlier version of a learner's, with its cells."""
        return _plain(await self._progress.version_of(learner, case, submission, self._scopes.everywhere(mentor)))

    async def session(self, mentor: Mentor, case: str, learner: str, session: str, start: int) -> SessionPart:
        """Part of a session that the learner let be recorded."""
        return await self._progress.session_of(learner, case, session, self._scopes.everywhere(mentor), start)

    async def measures(self, mentor: Mentor, case: str | None, days: int) -> Measures:
        """How much mentors were asked in the last days, against all that was judged, and how much the machine helped.

        Raises ServiceError when `mentoring` is away; what others do not say in time is not known.
        """
        scope = self._scopes.everywhere(mentor)
        measures = await self._mentoring.measures(scope, case=case, days=days)
        period = (case, measures.since, measures.until, scope)
        judged, ratings = await asyncio.gather(
            _known(self._progress.failing(*period)), _known(self._feedback.hint_ratings(*period))
        )
        return with_counts(measures, judged, ratings)


def _plain(version: Version) -> Version:
    return version.model_copy(update={"cells": tuple(without_extras(cell) for cell in version.cells)})


async def _known(asked: Awaitable[T]) -> T | None:
    try:
        return await asked
    except ServiceError as error:
        _log.warning("measures lack a part", service=error.service, error=error.error)
        return None
