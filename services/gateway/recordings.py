from collections.abc import AsyncIterator

from services.contracts.clients.progress import ProgressClient
from services.contracts.session import EventBatch, EventsKept, Recording, RecordingChoice, SessionSummary
from services.gateway.learner import Learner
from services.gateway.scopes import Scopes


class Recordings:
    """What is recorded of a learner's work in a case, with consent; all of it theirs to see, take and delete."""

    def __init__(self, progress: ProgressClient, scopes: Scopes) -> None:
        self._progress, self._scopes = progress, scopes

    async def record(self, learner: Learner, batch: EventBatch) -> EventsKept:
        """Keep events of a session. Raises ServiceError without consent."""
        return await self._progress.record(batch, self._scopes.of(learner))

    async def standing(self, learner: Learner) -> Recording:
        """Whether the learner is recorded, and what there is."""
        return await self._progress.recording(self._scopes.of(learner))

    async def choose(self, learner: Learner, choice: RecordingChoice) -> Recording:
        """Keep the learner's consent, or its end."""
        return await self._progress.choose_recording(choice, self._scopes.of(learner))

    async def sessions(self, learner: Learner) -> tuple[SessionSummary, ...]:
        """The recorded sessions, newest first."""
        return await self._progress.own_sessions(self._scopes.of(learner))

    async def export(self, learner: Learner) -> AsyncIterator[str]:
        """All that is kept, as the lines of one JSON document."""
        async for line in self._progress.export_sessions(self._scopes.of(learner)):
            yield line

    async def delete(self, learner: Learner) -> Recording:
        """Delete all of it."""
        return await self._progress.delete_sessions(self._scopes.of(learner))
