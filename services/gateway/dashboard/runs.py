from collections.abc import AsyncIterator
from contextlib import aclosing

from pydantic import Field

from services.contracts.clients.feedback import FeedbackClient
from services.contracts.feedback import CheckEvent, CheckRequest
from services.contracts.model import WireModel
from services.contracts.notebook import MAX_CELLS, Cell
from services.gateway.dashboard.errors import RunTooLong
from services.gateway.dashboard.mentor import Mentor
from services.gateway.dashboard.settings import DashboardSettings
from services.gateway.dashboard.subjects import Subjects
from services.gateway.deadline import within
from services.gateway.seats import Seats


class RunCode(WireModel):
    """POST api/queue/{id}/run: the learner's notebook, changed by the mentor or not."""

    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)


class Runs:
    """Checks that a mentor has made of a learner's code. The learner's attempts and history know nothing of them."""

    def __init__(
        self,
        feedback: FeedbackClient,
        subjects: Subjects,
        seats: Seats,
        settings: DashboardSettings,
    ) -> None:
        self._feedback, self._subjects = feedback, subjects
        self._seats, self._settings = seats, settings

    async def run(self, mentor: Mentor, escalation: str, code: RunCode) -> AsyncIterator[CheckEvent]:
        """Judge the cells by the case's checks, as it happens; the last part is Judged.

        Raises TooManyRequests, RunTooLong, ServiceError.
        """
        subject = await self._subjects.of(mentor, escalation)
        request = CheckRequest(subtask=subject.subtask, cells=code.cells)
        with self._seats.taken(mentor.user):
            parts = self._feedback.check(request, self._subjects.scope(mentor, subject))
            async with aclosing(within(self._settings.run_seconds, parts)) as events:
                try:
                    async for event in events:
                        yield event
                except TimeoutError as error:
                    raise RunTooLong(f"The run took longer than {self._settings.run_seconds:g} seconds.") from error
