"""The record of what somebody did with other people's conversations: added to, never changed, without content."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.chat.models import AuditRow

Action = Literal["export", "reset", "forget", "retention"]


@dataclass(frozen=True)
class Entry:
    """Who did what, to how much of it."""

    who: str
    action: Action
    case: str | None = None
    learner: str | None = None
    """Whom it was about; only a digest of the name is kept."""
    conversations: int = 0
    messages: int = 0
    others: int = 0
    path: str | None = None
    job: str | None = None


def note(session: AsyncSession, entry: Entry, now: datetime) -> None:
    """Add the entry in the transaction of the deed itself."""
    session.add(
        AuditRow(
            happened=now,
            who=entry.who,
            action=entry.action,
            case_id=entry.case,
            subject=None if entry.learner is None else subject(entry.learner),
            conversations=entry.conversations,
            messages=entry.messages,
            others=entry.others,
            path=entry.path,
            job=entry.job,
        )
    )


async def entries(session: AsyncSession, job: str | None = None) -> Sequence[AuditRow]:
    """The record, oldest first; of one job or all."""
    query = select(AuditRow).order_by(AuditRow.seq)
    if job is not None:
        query = query.where(AuditRow.job == job)
    return (await session.scalars(query)).all()


def subject(learner: str) -> str:
    """What stands for a learner in the record."""
    return hashlib.sha256(learner.encode("utf-8", "surrogatepass")).hexdigest()
