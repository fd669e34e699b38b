"""Which mails are ordered, in the transaction of what they are about."""

from datetime import datetime
from typing import Final

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit.jobs import Job, JobQueue
from services.mentoring.models import EscalationRow
from services.mentoring.settings import MailSettings

MAIL_QUEUE: Final = "mail"
MAIL_JOB: Final = "mail"
_ATTEMPTS: Final = 24
"""About three hours, with the queue's own waits in between: as long as a mail server may be away."""


class Mails:
    """Orders mails. Their texts are made when they are sent; a job holds ids and a mentor's address alone."""

    def __init__(self, queue: JobQueue, settings: MailSettings) -> None:
        self._queue, self._settings = queue, settings

    async def waits(self, session: AsyncSession, row: EscalationRow) -> None:
        """Tell the mentors that somebody waits."""
        for address in self._settings.mentor_addresses:
            await self._order(session, {"about": "waits", "escalation": row.id, "to": address})

    async def written(self, session: AsyncSession, row: EscalationRow, note: str) -> None:
        """Tell the learner that a mentor has written, if they left an address."""
        if row.email:
            await self._order(session, {"about": "written", "escalation": row.id, "note": note})

    async def digest(self, session: AsyncSession, day: datetime) -> None:
        """Tell the mentors how the day was."""
        for address in self._settings.mentor_addresses:
            await self._order(session, {"about": "digest", "day": day.isoformat(), "to": address})

    async def _order(self, session: AsyncSession, payload: dict[str, JsonValue]) -> None:
        await self._queue.enqueue(session, Job(MAIL_QUEUE, MAIL_JOB, payload, attempts=_ATTEMPTS))
