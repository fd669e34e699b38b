"""All SQL of `cases`."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, and_, delete, exists, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from case_uploader.models import CheckedRow, ClaimRow, DataRow, PublicationRow, VersionRow, WithdrawalRow

Listed = tuple[VersionRow, PublicationRow]


class CaseRepository:
    """Versions, their data, publications and drafts, in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def newest(self) -> Sequence[Listed]:
        """The newest publication of every case that is not withdrawn, by title."""
        rows = await self._session.execute(_newest().order_by(VersionRow.title, VersionRow.case_id))
        return [(version, publication) for version, publication in rows]

    async def newest_of(self, case: str) -> Listed | None:
        """The newest publication of one case that is not withdrawn."""
        row = (await self._session.execute(_newest().where(PublicationRow.case_id == case))).one_or_none()
        return (row[0], row[1]) if row else None

    async def published(self, version: str) -> Listed | None:
        """A version with its newest publication, withdrawn or not; None for drafts and unknown digests."""
        query = (
            select(VersionRow, PublicationRow)
            .join(PublicationRow, PublicationRow.version == VersionRow.digest)
            .where(VersionRow.digest == version)
            .order_by(PublicationRow.number.desc())
            .limit(1)
        )
        row = (await self._session.execute(query)).one_or_none()
        return (row[0], row[1]) if row else None

    async def version(self, version: str) -> VersionRow | None:
        """A version, draft or published."""
        return await self._session.get(VersionRow, version)

    async def is_data(self, digest: str, *, drafts: bool) -> bool:
        """Whether the digest is a data file of a published version (or, if asked, of a draft)."""
        query = select(DataRow.version).where(DataRow.digest == digest)
        if not drafts:
            query = query.join(PublicationRow, PublicationRow.version == DataRow.version)
        return (await self._session.scalars(query.limit(1))).first() is not None

    async def add_version(self, version: VersionRow, data: Iterable[DataRow]) -> None:
        """Add a version unless it is there; equal digests mean equal content."""
        known = await self.version(version.digest)
        if known is not None:
            # made anew since, on another common environment: it is tried in the new one, and used in it from now on
            if version.image or known.environment != version.environment:
                known.image = version.image
            known.environment = version.environment
            return
        self._session.add(version)
        await self._session.flush()
        self._session.add_all(data)

    async def environments(self) -> set[str]:
        """Environments that a version needs, published or not."""
        query = select(VersionRow.environment).where(VersionRow.environment.is_not(None))
        return {digest for digest in await self._session.scalars(query) if digest is not None}

    async def images(self) -> set[str]:
        """Images that a version needs, published or not."""
        query = select(VersionRow.image).where(VersionRow.image.is_not(None))
        return {digest for digest in await self._session.scalars(query) if digest is not None}

    def claim(self, claim: ClaimRow) -> None:
        """Keep the version alive while it is tried."""
        self._session.add(claim)

    async def release(self, claim: str) -> None:
        """End a claim."""
        await self._session.execute(delete(ClaimRow).where(ClaimRow.id == claim))

    async def release_older(self, moment: datetime) -> None:
        """End the claims of those who died while trying."""
        await self._session.execute(delete(ClaimRow).where(ClaimRow.claimed < moment))

    async def publish(self, version: VersionRow, now: datetime, by: str) -> PublicationRow:
        """Make the version its case's newest; it waits no longer."""
        last = select(func.max(PublicationRow.number)).where(PublicationRow.case_id == version.case_id)
        number = (await self._session.scalar(last) or 0) + 1
        publication = PublicationRow(
            case_id=version.case_id, number=number, version=version.digest, published=now, by=by
        )
        self._session.add(publication)
        await self._session.execute(delete(CheckedRow).where(CheckedRow.version == version.digest))
        await self._session.flush()
        return publication

    async def delete_orphans(self) -> set[str]:
        """Delete drafts that nobody tries any more; return the objects that nothing refers to after that."""
        claimed = exists().where(ClaimRow.version == VersionRow.digest)
        published = exists().where(PublicationRow.version == VersionRow.digest)
        checked = exists().where(CheckedRow.version == VersionRow.digest)
        orphans = (await self._session.scalars(select(VersionRow).where(~claimed, ~published, ~checked))).all()
        objects: set[str] = set()
        for orphan in orphans:
            data = await self._session.scalars(select(DataRow.digest).where(DataRow.version == orphan.digest))
            objects |= {orphan.author_object, orphan.learner_object, *data}
            await self._session.delete(orphan)
        await self._session.flush()
        return {digest for digest in objects if not await self._referred(digest)}

    async def _referred(self, digest: str) -> bool:
        in_data = exists().where(DataRow.digest == digest)
        in_views = exists().where(or_(VersionRow.author_object == digest, VersionRow.learner_object == digest))
        return bool(await self._session.scalar(select(or_(in_data, in_views))))


async def named_objects(session: AsyncSession) -> AsyncIterator[str]:
    """Objects of all versions that are published or wait for it; a draft's may still be on their way."""
    published = exists().where(PublicationRow.version == VersionRow.digest)
    checked = exists().where(CheckedRow.version == VersionRow.digest)
    kept = select(VersionRow.digest).where(or_(published, checked))
    for digest in await session.scalars(
        union(
            select(VersionRow.author_object).where(VersionRow.digest.in_(kept)),
            select(VersionRow.learner_object).where(VersionRow.digest.in_(kept)),
            select(DataRow.digest).where(DataRow.version.in_(kept)),
        )
    ):
        yield digest


def _newest() -> Select[VersionRow, PublicationRow]:
    withdrawn = exists().where(
        WithdrawalRow.case_id == PublicationRow.case_id, WithdrawalRow.number == PublicationRow.number
    )
    last = (
        select(PublicationRow.case_id, func.max(PublicationRow.number).label("number"))
        .where(~withdrawn)
        .group_by(PublicationRow.case_id)
        .subquery()
    )
    return (
        select(VersionRow, PublicationRow)
        .join(PublicationRow, PublicationRow.version == VersionRow.digest)
        .join(last, and_(last.c.case_id == PublicationRow.case_id, last.c.number == PublicationRow.number))
    )
