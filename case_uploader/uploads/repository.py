"""All SQL of uploads."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from case_uploader.models import TurnRow, UploadRow, UploadStepRow
from services.contracts.upload import UNDER_WAY


class UploadRepository:
    """Uploads, what they told, and whose turn it is, in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, upload: str) -> UploadRow | None:
        """One upload."""
        return await self._session.get(UploadRow, upload)

    def add(self, upload: UploadRow) -> None:
        """Add one."""
        self._session.add(upload)

    async def newest(self, limit: int) -> Sequence[UploadRow]:
        """The newest ones first."""
        query = select(UploadRow).order_by(UploadRow.begun.desc(), UploadRow.id).limit(limit)
        return (await self._session.scalars(query)).all()

    async def unfinished_of(self, person: str) -> int:
        """How many uploads one person has that have not ended."""
        query = select(func.count()).select_from(UploadRow)
        query = query.where(UploadRow.by == person, UploadRow.state.in_(UNDER_WAY))
        return await self._session.scalar(query) or 0

    async def unfinished(self) -> set[str]:
        """Ids of all uploads that have not ended."""
        return set(await self._session.scalars(select(UploadRow.id).where(UploadRow.state.in_(UNDER_WAY))))

    async def advance(self, upload: str, offset: int, received: int, now: datetime) -> bool:
        """Note that a part is here; False when another one was first."""
        changed = await self._session.execute(
            update(UploadRow)
            .where(UploadRow.id == upload, UploadRow.state == "receiving", UploadRow.received == offset)
            .values(received=received, touched=now)
            .returning(UploadRow.id)
        )
        return changed.first() is not None

    async def abandoned(self, before: datetime) -> Sequence[UploadRow]:
        """Uploads for which no part has come since then."""
        query = select(UploadRow).where(UploadRow.state == "receiving", UploadRow.touched < before)
        return (await self._session.scalars(query)).all()

    async def tell(self, upload: str, step: str, now: datetime) -> None:
        """Add a step."""
        last = select(func.max(UploadStepRow.sequence)).where(UploadStepRow.upload == upload)
        sequence = (await self._session.scalar(last) or 0) + 1
        self._session.add(UploadStepRow(upload=upload, sequence=sequence, at=now, step=step))

    async def told(self, upload: str, after: int) -> Sequence[UploadStepRow]:
        """Steps with a higher number than `after`, in order."""
        query = select(UploadStepRow).where(UploadStepRow.upload == upload, UploadStepRow.sequence > after)
        return (await self._session.scalars(query.order_by(UploadStepRow.sequence))).all()

    async def take_turn(self, case: str, holder: str, until: datetime, now: datetime) -> bool:
        """Take or renew a turn at the case; False while it is another one's."""
        row = await self._session.get(TurnRow, case)
        if row is None:
            self._session.add(TurnRow(case_id=case, holder=holder, until=until))
            return True
        if row.holder != holder and row.until > now:
            return False
        row.holder, row.until = holder, until
        return True

    async def end_turn(self, case: str, holder: str) -> None:
        """Give a turn back."""
        row = await self._session.get(TurnRow, case)
        if row is not None and row.holder == holder:
            await self._session.delete(row)
