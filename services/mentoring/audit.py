"""The record of what mentors did with other people's work: added to, never changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.mentoring.models import AuditRow

Action = Literal[
    "view", "lease", "release", "write", "answer", "remember", "replace", "edit", "confirm", "withdraw", "set_aside",
    "forget",
]  # fmt: skip
LOOKS: Final = ("view", "lease")
"""Actions that showed somebody the work itself."""
CASELOOP: Final = "caseloop"
"""Who did what no person did."""


def note(session: AsyncSession, who: str, action: Action, about: str, now: datetime, detail: str = "") -> None:
    """Add an entry in the transaction of the deed itself."""
    session.add(AuditRow(happened=now, who=who, action=action, about=about, detail=detail))


async def looked_at(session: AsyncSession, who: str, about: Sequence[str]) -> set[str]:
    """Which of these escalations that person has had on the screen."""
    seen = select(AuditRow.about).where(AuditRow.who == who, AuditRow.about.in_(about), AuditRow.action.in_(LOOKS))
    return set((await session.scalars(seen.distinct())).all())


async def is_looking(session: AsyncSession, who: str, about: str, since: datetime) -> bool:
    """Whether a look of that person at it has been kept since then: what is fetched anew meanwhile is the same look."""
    seen = select(AuditRow.about).where(
        AuditRow.about == about, AuditRow.who == who, AuditRow.action.in_(LOOKS), AuditRow.happened > since
    )
    return (await session.scalars(seen.limit(1))).first() is not None


async def entries(session: AsyncSession, about: str) -> Sequence[AuditRow]:
    """The record of one escalation or remembered answer, oldest first."""
    return (await session.scalars(select(AuditRow).where(AuditRow.about == about).order_by(AuditRow.seq))).all()
