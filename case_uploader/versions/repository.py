"""All SQL of a case's history."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_uploader.models import ActionRow, CheckedRow, PublicationRow, VersionRow, WithdrawalRow


class HistoryRepository:
    """Publications, withdrawals, checked versions and the audit log, in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def publications(self, case: str) -> Sequence[tuple[PublicationRow, WithdrawalRow | None]]:
        """All publications of a case, newest first, and their withdrawals."""
        withdrawal = (WithdrawalRow.case_id == PublicationRow.case_id) & (WithdrawalRow.number == PublicationRow.number)
        query = select(PublicationRow, WithdrawalRow).outerjoin(WithdrawalRow, withdrawal)
        query = query.where(PublicationRow.case_id == case).order_by(PublicationRow.number.desc())
        return [(row[0], row[1]) for row in await self._session.execute(query)]

    async def checked(self, case: str | None = None) -> Sequence[tuple[VersionRow, CheckedRow]]:
        """Checked versions (of a case) that wait, newest first."""
        query = select(VersionRow, CheckedRow).join(CheckedRow, CheckedRow.version == VersionRow.digest)
        if case is not None:
            query = query.where(VersionRow.case_id == case)
        return [(row[0], row[1]) for row in await self._session.execute(query.order_by(CheckedRow.checked.desc()))]

    async def versions(self, case: str) -> dict[str, VersionRow]:
        """All versions of a case by digest."""
        rows = await self._session.scalars(select(VersionRow).where(VersionRow.case_id == case))
        return {row.digest: row for row in rows}

    async def version(self, digest: str) -> VersionRow | None:
        """A version that is published or waits; not a draft that is being tried."""
        published = exists().where(PublicationRow.version == VersionRow.digest)
        waits = exists().where(CheckedRow.version == VersionRow.digest)
        query = select(VersionRow).where(VersionRow.digest == digest, published | waits)
        return (await self._session.scalars(query)).one_or_none()

    async def forget_checked(self, digest: str) -> bool:
        """Let a checked version go; False when there was none."""
        gone = delete(CheckedRow).where(CheckedRow.version == digest).returning(CheckedRow.version)
        return (await self._session.execute(gone)).first() is not None

    def withdraw(self, publication: PublicationRow, by: str, reason: str, now: datetime) -> None:
        """Let nobody new get a publication."""
        self._session.add(
            WithdrawalRow(case_id=publication.case_id, number=publication.number, withdrawn=now, by=by, reason=reason)
        )

    def note(self, by: str, what: str, version: VersionRow, now: datetime, detail: str = "") -> None:
        """Write an action down."""
        self._session.add(
            ActionRow(at=now, by=by, what=what, case_id=version.case_id, version=version.digest, detail=detail)
        )
