"""Mentors' looks at learners' work: who may take one, and the record of all that were taken."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identity import Role, ScopeClaims
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.errors import CaseloopError
from services.progress.errors import OutsideScope
from services.progress.repository import Owner
from services.progress.sessions.models import LookRow

What = Literal["sessions", "session", "history", "version", "class", "work", "export", "dismissals"]
ALL_CASES: Final = "*"
"""The case in the scope of a mentor's call that is about any."""
_ONE_LOOK: Final = timedelta(hours=1)
_MENTORS: Final = (Role.MENTOR, Role.ADMIN)

_log = structlog.get_logger(__name__)


class NotAMentor(CaseloopError):
    """Only mentors and admins may look at the work of others."""

    status, error = 403, "not_a_mentor"


class Looks:
    """Lets mentors look, and writes down that they did before they see anything."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def take(self, scope: ScopeClaims, what: What, case: str, learner: str | None = None, item: str = "") -> None:
        """Write the look down; the same one again within an hour is the same look. Raises NotAMentor, OutsideScope."""
        require_mentor(scope, what, case, learner)
        row = LookRow(
            happened=self._clock(),
            who=scope.user,
            role=scope.role,
            what=what,
            learner=learner,
            case_id=case,
            item=item,
        )
        async with self._db.read() as session:
            if await _taken(session, row):
                return
        async with self._db.write() as session:
            session.add(row)


def require_mentor(scope: ScopeClaims, what: What, case: str, learner: str | None = None) -> None:
    """Go on for mentors and admins whose calls reach the case. Raises NotAMentor, which is logged, OutsideScope."""
    if scope.role not in _MENTORS:
        _log.warning("a look at others' work was refused", user=scope.user, role=scope.role, what=what, case=case)
        whose = "a class" if learner is None else "another learner's work"
        raise NotAMentor(f"Only mentors may look at {whose}; you are signed in as {scope.role}.")
    if scope.case not in (ALL_CASES, case):
        raise OutsideScope(f"This call may touch the case {scope.case!r} only, not {case!r}.")


async def _taken(session: AsyncSession, row: LookRow) -> bool:
    same = select(LookRow.seq).where(
        LookRow.who == row.who,
        LookRow.happened > row.happened - _ONE_LOOK,
        LookRow.what == row.what,
        LookRow.learner.is_(None) if row.learner is None else LookRow.learner == row.learner,
        LookRow.case_id == row.case_id,
        LookRow.item == row.item,
    )
    return (await session.scalars(same.limit(1))).one_or_none() is not None


async def looks_at(session: AsyncSession, owner: Owner) -> Sequence[LookRow]:
    """All looks at one learner's work in a case, oldest first."""
    mine = select(LookRow).where(LookRow.learner == owner.user, LookRow.case_id == owner.case)
    return (await session.scalars(mine.order_by(LookRow.seq))).all()
