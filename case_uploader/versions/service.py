from case_uploader.drafts import DraftStore
from case_uploader.errors import CaseNotFound, CaseVersionNotFound
from case_uploader.models import CheckedRow, PublicationRow, VersionRow, WithdrawalRow
from case_uploader.repository import CaseRepository
from case_uploader.versions.comparing import Side, compare
from case_uploader.versions.errors import AlreadyCurrent, NotPublished, OtherCase
from case_uploader.versions.repository import HistoryRepository
from services.contracts.case import AuthorCase, LearnerCase
from services.contracts.case_version import CaseVersion, VersionChanges, VersionState
from services.kit.clock import Clock, utc_now
from services.kit.database import Database
from services.kit.objects import ObjectStore


class Versions:
    """A case's history, and the decisions of admins about it. Every one of them is written down."""

    def __init__(self, db: Database, objects: ObjectStore, clock: Clock = utc_now) -> None:
        self._db, self._objects, self._clock = db, objects, clock
        self._drafts = DraftStore(db, objects)

    async def history(self, case: str) -> tuple[CaseVersion, ...]:
        """Checked versions that wait, then all that were published, newest first. Raises `CaseNotFound`."""
        async with self._db.read() as session:
            repository = HistoryRepository(session)
            publications, checked = await repository.publications(case), await repository.checked(case)
            rows = await repository.versions(case)
        if not publications and not checked:
            raise CaseNotFound(f"There is no case {case[:64]!r}.")
        current = next((one.number for one, withdrawn in publications if withdrawn is None), None)
        seen: set[str] = set()
        told = [_waiting(row, one) for row, one in checked]
        for publication, withdrawal in publications:
            # a version that was published twice is told once, by its newest publication
            if publication.version not in seen:
                seen.add(publication.version)
                told.append(_published(rows[publication.version], publication, withdrawal, current))
        return tuple(told)

    async def waiting(self) -> tuple[CaseVersion, ...]:
        """The checked versions of all cases that wait to be published, newest first."""
        async with self._db.read() as session:
            return tuple(_waiting(row, one) for row, one in await HistoryRepository(session).checked())

    async def compare(self, before: str, after: str) -> VersionChanges:
        """What changed from one version to another. Raises `CaseVersionNotFound`, `OtherCase`."""
        one, other = await self._side(before), await self._side(after)
        if one.author.id != other.author.id:
            raise OtherCase(f"These are versions of two cases: {one.author.id!r} and {other.author.id!r}.")
        return compare(one, other)

    async def publish(self, version: str, by: str) -> CaseVersion:
        """Make a checked or an older version the case's current one. Raises `CaseVersionNotFound`, `AlreadyCurrent`.

        Publishing an older one is rolling back: it becomes current under a new number.
        """
        async with self._db.write() as session:
            history, cases = HistoryRepository(session), CaseRepository(session)
            row = await _existing(history, version)
            newest = await cases.newest_of(row.case_id)
            if newest is not None and newest[0].digest == version:
                raise AlreadyCurrent("This version is the current one already.")
            rolled_back = await cases.published(version) is not None
            await cases.publish(row, self._clock(), by)
            history.note(by, "rolled back" if rolled_back else "published", row, self._clock())
        return await self._one(row.case_id, version)

    async def withdraw(self, version: str, by: str, reason: str) -> CaseVersion:
        """Let nobody new get a version; those who work on it stay. Raises `CaseVersionNotFound`, `NotPublished`.

        The newest version before it that is not withdrawn is current then; without one the case is not listed.
        """
        async with self._db.write() as session:
            history = HistoryRepository(session)
            row = await _existing(history, version)
            publications = await history.publications(row.case_id)
            open_ones = [one for one, withdrawn in publications if one.version == version and withdrawn is None]
            if not open_ones:
                raise NotPublished("This version is not published (any more).")
            for publication in open_ones:
                history.withdraw(publication, by, reason, self._clock())
            history.note(by, "withdrawn", row, self._clock(), reason)
        return await self._one(row.case_id, version)

    async def discard(self, version: str, by: str) -> None:
        """Throw a checked version away. Raises `CaseVersionNotFound`."""
        async with self._db.write() as session:
            history = HistoryRepository(session)
            row = await _existing(history, version)
            if not await history.forget_checked(version):
                raise _unknown(version)
            history.note(by, "discarded", row, self._clock())
        await self._drafts.sweep()

    async def _one(self, case: str, version: str) -> CaseVersion:
        return next(one for one in await self.history(case) if one.version == version)

    async def _side(self, version: str) -> Side:
        async with self._db.read() as session:
            row = await _existing(HistoryRepository(session), version)
        author = AuthorCase.model_validate_json(await self._objects.get(row.author_object))
        learner = LearnerCase.model_validate_json(await self._objects.get(row.learner_object))
        return Side(author, learner, tuple(row.requirements))


async def _existing(repository: HistoryRepository, version: str) -> VersionRow:
    row = await repository.version(version)
    if row is None:
        raise _unknown(version)
    return row


def _unknown(version: str) -> CaseVersionNotFound:
    return CaseVersionNotFound(f"There is no published or checked version {version[:64]!r}.")


def _waiting(row: VersionRow, checked: CheckedRow) -> CaseVersion:
    return CaseVersion(
        case=row.case_id,
        version=row.digest,
        state="checked",
        title=row.title,
        at=checked.checked,
        by=checked.by or None,
        subtasks=row.subtasks,
        requirements=tuple(row.requirements),
        image=row.image,
    )


def _published(
    row: VersionRow, publication: PublicationRow, withdrawal: WithdrawalRow | None, current: int | None
) -> CaseVersion:
    state: VersionState = "older"
    if withdrawal is not None:
        state = "withdrawn"
    elif publication.number == current:
        state = "current"
    return CaseVersion(
        case=row.case_id,
        version=row.digest,
        number=publication.number,
        state=state,
        title=row.title,
        at=publication.published,
        by=publication.by or None,
        subtasks=row.subtasks,
        requirements=tuple(row.requirements),
        image=row.image,
        withdrawn_by=withdrawal.by if withdrawal else None,
        reason=withdrawal.reason if withdrawal else "",
    )
