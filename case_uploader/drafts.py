"""Keep a draft while it is tried, then publish it or leave nothing behind."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from anyio import to_thread

from case_uploader.errors import DataChanged
from case_uploader.format.case_folder import CaseDraft
from case_uploader.format.data_files import DataSource
from case_uploader.format.version import canonical_json
from case_uploader.models import ActionRow, CheckedRow, ClaimRow, DataRow, VersionRow
from case_uploader.repository import CaseRepository, Listed
from services.contracts.model import WireModel
from services.kit.database import Database
from services.kit.objects import ObjectStore

CLAIM_HOURS = 6
"""Longer than any trial takes; a claim older than this was left by a process that was killed."""


@dataclass(frozen=True)
class Claim:
    """One publisher's hold on a stored draft."""

    id: str
    version: str


class DraftStore:
    """Drafts in database and object store.

    Rows that refer to objects are written before the objects, and unreferred objects are deleted inside a write
    transaction: so whoever cleans up never removes what somebody else has just put.
    `environment` is the digest of the one that drafts are tried in; None: the common one. `image` is that of the image
    with the same packages; None: there is none.
    """

    def __init__(
        self, database: Database, objects: ObjectStore, environment: str | None = None, image: str | None = None
    ) -> None:
        self._database, self._objects, self._environment, self._image = database, objects, environment, image

    async def newest(self, case: str) -> Listed | None:
        """The case's newest publication."""
        async with self._database.read() as session:
            return await CaseRepository(session).newest_of(case)

    def has_image_of(self, version: VersionRow) -> bool:
        """Whether learners of that version get the image that drafts have; one that was lost is made anew."""
        return self._image is None or version.image == self._image

    async def keep(self, draft: CaseDraft, claim_id: str | None = None) -> Claim:
        """Store the draft; it stays until `discard` or `publish`. Raises `DataChanged`, and then keeps nothing.

        With a `claim_id` of the caller's own, what was held under it before is let go.
        """
        author, learner = _document(draft.author), _document(draft.learner)
        claim = Claim(claim_id or uuid4().hex, draft.version)
        now = datetime.now(UTC)
        async with self._database.write() as session:
            repository = CaseRepository(session)
            await repository.release_older(now - timedelta(hours=CLAIM_HOURS))
            await repository.release(claim.id)
            row = _row(draft, _sha256(author), _sha256(learner), now)
            row.environment, row.image = self._environment, self._image
            await repository.add_version(row, _data_rows(draft))
            repository.claim(ClaimRow(id=claim.id, version=claim.version, claimed=now))
        try:
            for document in (author, learner):
                await self._objects.put(document)
            for source in draft.data:
                await self._put_data(source)
        except BaseException:
            await self.discard(claim)
            raise
        return claim

    async def _put_data(self, source: DataSource) -> None:
        if await self._objects.exists(source.file.digest):
            return
        digest = await self._objects.put(_parts(source))
        if digest == source.file.digest:
            return
        await self._objects.delete(digest)
        raise DataChanged(f"{source.file.path} changed while it was being stored. Publish again when it is at rest.")

    async def discard(self, claim: Claim) -> None:
        """Let go of the draft; without another claim or a publication nothing of it remains."""
        async with self._database.write() as session:
            repository = CaseRepository(session)
            await repository.release(claim.id)
            await self._sweep(repository)

    async def keep_checked(self, claim: Claim, by: str) -> None:
        """Have the draft wait for somebody to publish it."""
        now = datetime.now(UTC)
        async with self._database.write() as session:
            await session.merge(CheckedRow(version=claim.version, checked=now, by=by))

    async def publish(self, claim: Claim, by: str = "") -> tuple[Listed, bool]:
        """Make the draft its case's newest version, in one transaction; tell whether it was not the newest before."""
        now = datetime.now(UTC)
        async with self._database.write() as session:
            repository = CaseRepository(session)
            version = await repository.version(claim.version)
            assert version is not None, "a claimed draft stays"
            newest = await repository.newest_of(version.case_id)
            fresh = newest is None or newest[0].digest != version.digest
            if newest is None or fresh:
                publication = await repository.publish(version, now, by)
                case, digest = version.case_id, version.digest
                session.add(ActionRow(at=now, by=by, what="published", case_id=case, version=digest))
            else:
                publication = newest[1]
            await repository.release(claim.id)
            await self._sweep(repository)
        return (version, publication), fresh

    async def sweep(self) -> None:
        """Remove what nobody holds, waits for or has published."""
        async with self._database.write() as session:
            await self._sweep(CaseRepository(session))

    async def _sweep(self, repository: CaseRepository) -> None:
        for digest in await repository.delete_orphans():
            await self._objects.delete(digest)


def _document(view: WireModel) -> bytes:
    return canonical_json(view.model_dump(mode="json"))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def _parts(source: DataSource) -> AsyncIterator[bytes]:
    parts = source.parts()
    while (part := await to_thread.run_sync(next, parts, None)) is not None:
        yield part


def _row(draft: CaseDraft, author: str, learner: str, now: datetime) -> VersionRow:
    case = draft.learner
    return VersionRow(
        digest=draft.version,
        case_id=case.id,
        title=case.title,
        summary=case.summary,
        level=case.level,
        minutes=case.minutes,
        subtasks=len(case.subtasks),
        author_object=author,
        learner_object=learner,
        requirements=list(draft.requirements),
        created=now,
    )


def _data_rows(draft: CaseDraft) -> list[DataRow]:
    return [
        DataRow(version=draft.version, path=source.file.path, digest=source.file.digest, size=source.file.size)
        for source in draft.data
    ]
