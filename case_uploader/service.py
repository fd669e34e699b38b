from collections.abc import AsyncIterator
from pathlib import Path

from case_uploader.errors import CaseNotFound, CaseVersionNotFound, DataNotFound, TrialsUnavailable
from case_uploader.publish import Errand
from case_uploader.repository import CaseRepository, Listed
from case_uploader.steps import Step
from case_uploader.summaries import summary_of
from case_uploader.uploads.office import Office
from case_uploader.workshop import Workshop
from services.contracts.case import AuthorCase, CaseOutline, CaseSummary, LearnerCase
from services.kit.database import Database
from services.kit.objects import ObjectNotFound, ObjectStore


class CaseService:
    """Published cases to read, and (where a publisher is given) folders to check and publish."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        workshop: Workshop | None = None,
        office: Office | None = None,
    ) -> None:
        self._database, self._objects, self._workshop, self._office = database, objects, workshop, office
        self._outlines: dict[str, CaseOutline] = {}
        """Version -> its outline. A version never changes, so each is read from the objects once."""

    async def published(self) -> tuple[CaseSummary, ...]:
        """The newest version of every case, by title."""
        async with self._database.read() as session:
            return tuple(summary_of(listed) for listed in await CaseRepository(session).newest())

    async def outlines(self) -> tuple[CaseOutline, ...]:
        """The newest version of every case with the titles of its subtasks, by title."""
        async with self._database.read() as session:
            newest = await CaseRepository(session).newest()
        known = self._outlines
        made = [known.get(listed[0].digest) or await self._outline(listed) for listed in newest]
        self._outlines = {outline.version: outline for outline in made}
        return tuple(made)

    async def current(self, case: str) -> LearnerCase:
        """The newest version of one case. Raises `CaseNotFound`."""
        async with self._database.read() as session:
            listed = await CaseRepository(session).newest_of(case)
        if listed is None:
            raise CaseNotFound(f"No case {case[:64]!r} is published.")
        return await self._learner_view(listed)

    async def learner(self, version: str) -> LearnerCase:
        """A published version as learners may see it. Raises `CaseVersionNotFound`."""
        async with self._database.read() as session:
            listed = await CaseRepository(session).published(version)
        if listed is None:
            raise _no_version(version)
        return await self._learner_view(listed)

    async def author(self, version: str) -> AuthorCase:
        """A version with its reference; drafts too, for their trials. Raises `CaseVersionNotFound`."""
        async with self._database.read() as session:
            row = await CaseRepository(session).version(version)
        if row is None:
            raise _no_version(version)
        try:
            case = AuthorCase.model_validate_json(await self._objects.get(row.author_object))
            return case.model_copy(update={"environment": row.environment, "image": row.image})
        except ObjectNotFound:
            # The row of a draft is written before its objects.
            raise _no_version(version) from None

    async def data(self, digest: str, *, drafts: bool) -> AsyncIterator[bytes]:
        """Content of a data file of a published version (or draft), in parts. Raises `DataNotFound`."""
        async with self._database.read() as session:
            known = await CaseRepository(session).is_data(digest, drafts=drafts)
        if not known or not await self._objects.exists(digest):
            raise DataNotFound(f"No case version has a data file {digest[:64]!r}.")
        return self._objects.open(digest)

    def check(self, folder: Path) -> AsyncIterator[Step]:
        """Say whether a folder could be published; see `Publisher.check`."""
        if self._workshop is None:
            raise _cannot_try()
        return self._workshop.work(folder, Errand("forget"))

    def publish(self, source: Path, person: str = "command line") -> AsyncIterator[Step]:
        """Take a folder or a zip archive the same way as an upload; the last step says how it ended."""
        if self._office is None:
            raise _cannot_try()
        return self._office.deliver(source, person, publish=True)

    async def _outline(self, listed: Listed) -> CaseOutline:
        view = await self._learner_view(listed)
        return CaseOutline(id=view.id, version=view.version, title=view.title, subtasks=view.subtasks)

    async def _learner_view(self, listed: Listed) -> LearnerCase:
        version, publication = listed
        view = LearnerCase.model_validate_json(await self._objects.get(version.learner_object))
        now = {"number": publication.number, "environment": version.environment, "image": version.image}
        return view.model_copy(update=now)


def _cannot_try() -> TrialsUnavailable:
    return TrialsUnavailable("This process serves cases; it has no way to try new ones.")


def _no_version(version: str) -> CaseVersionNotFound:
    return CaseVersionNotFound(f"No published case has the version {version[:64]!r}.")
