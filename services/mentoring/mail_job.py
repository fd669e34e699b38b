"""Sending the mails that were ordered, and ordering the daily one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.jobs import Held, Job, JobQueue, Lease
from services.kit.mail import Mail, Mailer, MailRefused
from services.mentoring import letters
from services.mentoring.letters import Letter
from services.mentoring.mails import MAIL_QUEUE, Mails
from services.mentoring.measuring import measures_of
from services.mentoring.metrics import MentoringMetrics
from services.mentoring.models import EscalationRow, NoteRow
from services.mentoring.repository import Queue
from services.mentoring.settings import MailSettings

DIGEST_JOB: Final = "digest"
_DAY: Final = timedelta(days=1)

_log = structlog.get_logger(__name__)


def digest_job(now: datetime, hour: int) -> Job:
    """The job that orders the next digest; there is only ever one of it."""
    due = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return Job(MAIL_QUEUE, DIGEST_JOB, {}, key=DIGEST_JOB, delay=(due if due > now else due + _DAY) - now)


class MailJob:
    """Sends one mail. Its id is the job's, so that an attempt that is repeated sends the same mail."""

    def __init__(self, db: Database, mailer: Mailer, settings: MailSettings, metrics: MentoringMetrics) -> None:
        self._db, self._mailer, self._settings, self._metrics = db, mailer, settings, metrics

    async def run(self, lease: Lease) -> None:
        """Write it, hand it over."""
        written = await self._written(lease.job)
        if written is None:
            return
        to, letter = written
        try:
            await self._mailer.send(Mail(lease.job.id, to, letter.subject, letter.text))
        except MailRefused as error:
            # Trying again would be refused again.
            _log.error("a mail can never be sent", job=lease.job.id, error=str(error))
            self._metrics.mailed("refused")
            return
        self._metrics.mailed("sent")

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:  # noqa: ARG002
        """What the mail was about is in the queue and beside the learner's cell all the same."""
        _log.error("a mail was given up", job=job.id, error=error)
        self._metrics.mailed("given_up")

    async def _written(self, job: Held) -> tuple[str, Letter] | None:
        """(address, letter); None when there is nothing to write about any more."""
        about, to = job.payload["about"], str(job.payload.get("to", ""))
        async with self._db.read() as session:
            if about == "digest":
                return to, await self._digest(session, datetime.fromisoformat(str(job.payload["day"])))
            query = select(EscalationRow).where(EscalationRow.id == str(job.payload["escalation"]))
            row = (await session.scalars(query)).one_or_none()
            if row is None:
                return None
            if about == "waits":
                # Answered or cancelled while the mail server was away: nobody needs to hear of it.
                return (to, letters.waits(row, self._settings.link)) if row.state in ("waiting", "leased") else None
            note = (await session.scalars(select(NoteRow).where(NoteRow.id == str(job.payload["note"])))).one_or_none()
            # Whoever has asked anew without an address has seen it.
            return None if note is None or not row.email else (row.email, letters.written(row, note))

    async def _digest(self, session: AsyncSession, day: datetime) -> Letter:
        figures = await measures_of(session, [], None, day - _DAY, day)
        waiting, since = await Queue(session, None).waiting()
        return letters.digest(
            day, figures, waiting, timedelta(0) if since is None else day - since, self._settings.link
        )


@dataclass(frozen=True)
class DigestJob:
    """Orders the daily mail, and itself for the next day, in one transaction."""

    db: Database
    queue: JobQueue
    mails: Mails
    settings: MailSettings
    clock: Clock

    async def run(self, lease: Lease) -> None:
        """Do it. A day on which nothing happened and nobody waits has none."""
        now = self.clock()
        async with self.db.write() as session:
            figures = await measures_of(session, [], None, now - _DAY, now)
            waiting, _ = await Queue(session, None).waiting()
            if waiting or figures.escalated or figures.answered or figures.remembered:
                await self.mails.digest(session, now)
            # Done first: as long as it is under way another one would join it.
            await lease.done(session)
            await self.queue.enqueue(session, digest_job(now, self.settings.digest_hour))

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:
        """Tomorrow again."""
        _log.error("the digest was given up", job=job.id, error=error)
        await self.queue.enqueue(session, digest_job(self.clock(), self.settings.digest_hour))
