"""All SQL about hints. What learners ask is bound to their own: user, case, and the scope's subtask."""

from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from feedback.hints.models import HintRow
from services.contracts.hint import HintKind
from services.contracts.identity import ScopeClaims

UNDER_WAY = ("working", "reflect")


class HintRepository:
    """Hints of one scope's learner and case; of its subtask alone where it has one."""

    def __init__(self, session: AsyncSession, scope: ScopeClaims) -> None:
        self._session, self._scope = session, scope

    async def hint(self, id_: str) -> HintRow | None:
        """One hint of the learner's own."""
        return (await self._session.scalars(self._one(id_))).one_or_none()

    async def hint_to_change(self, id_: str) -> HintRow | None:
        """The same, locked until the transaction ends where the database locks rows."""
        return (await self._session.scalars(_locked(self._one(id_)))).one_or_none()

    async def of_subtask(self, subtask: str) -> Sequence[HintRow]:
        """All hints of a subtask, oldest first."""
        rows = self._mine().where(HintRow.subtask == subtask).order_by(HintRow.seq)
        return (await self._session.scalars(rows)).all()

    async def under_way(self, subtask: str) -> HintRow | None:
        """The hint that is being made or waits for a reflection; there is at most one."""
        rows = self._mine().where(HintRow.subtask == subtask, HintRow.state.in_(UNDER_WAY))
        return (await self._session.scalars(rows)).one_or_none()

    async def short_answer(self, subtask: str, version: str, kind: HintKind, digest: str) -> HintRow | None:
        """The answer that cost nothing, if these very cells got one before."""
        same = (HintRow.subtask == subtask, HintRow.case_version == version, HintRow.digest == digest)
        free = (HintRow.kind == kind, HintRow.state == "ready", HintRow.counted.is_(False))
        rows = self._mine().where(*same, *free).order_by(HintRow.seq.desc()).limit(1)
        return (await self._session.scalars(rows)).one_or_none()

    async def unrated(self, subtask: str) -> HintRow | None:
        """The earliest hint that was read and not rated. What cost nothing needs no rating."""
        rows = self._mine().where(
            HintRow.subtask == subtask,
            HintRow.state == "ready",
            HintRow.counted.is_(True),
            HintRow.helpful.is_(None),
        )
        return (await self._session.scalars(rows.order_by(HintRow.seq).limit(1))).one_or_none()

    async def taken(self, subtask: str, besides: str | None = None) -> dict[HintKind, int]:
        """Hints of each kind that take a place of the quota, whatever the case's version; `besides`: not that one."""
        counted = (
            select(HintRow.kind, func.count())
            .where(
                HintRow.learner == self._scope.user,
                HintRow.case_id == self._scope.case,
                HintRow.subtask == subtask,
                HintRow.counted.is_(True),
            )
            .group_by(HintRow.kind)
        )
        if besides is not None:
            counted = counted.where(HintRow.id != besides)
        kinds: dict[str, HintKind] = {"plan": "plan", "debug": "debug", "optimize": "optimize"}
        return {kinds[kind]: number for kind, number in (await self._session.execute(counted)).all()}

    async def add(self, row: HintRow) -> bool:
        """Write a new hint down; False when another one of its subtask is under way."""
        try:
            async with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError:
            return False
        return True

    def _one(self, id_: str) -> Select[HintRow]:
        row = self._mine().where(HintRow.id == id_)
        return row if self._scope.subtask is None else row.where(HintRow.subtask == self._scope.subtask)

    def _mine(self) -> Select[HintRow]:
        mine = select(HintRow).where(HintRow.learner == self._scope.user, HintRow.case_id == self._scope.case)
        # They are large, and nobody but the job needs them.
        return mine.options(defer(HintRow.cells, raiseload=True), defer(HintRow.trace, raiseload=True))


async def hint_to_make(session: AsyncSession, id_: str) -> HintRow | None:
    """A hint for the job that makes it, whoever it belongs to."""
    return (await session.scalars(select(HintRow).where(HintRow.id == id_))).one_or_none()


async def hint_to_write(session: AsyncSession, id_: str) -> HintRow | None:
    """The same, locked until the transaction ends where the database locks rows."""
    return (await session.scalars(_locked(select(HintRow).where(HintRow.id == id_)))).one_or_none()


def _locked(rows: Select[HintRow]) -> Select[HintRow]:
    # populate_existing: after waiting for the lock, what another transaction wrote must be seen.
    return rows.with_for_update().execution_options(populate_existing=True)
