from collections.abc import AsyncIterable, AsyncIterator

from services.contracts.case_version import CaseVersion, VersionChanges, Withdraw
from services.contracts.regrade import RegradeView, StartRegrade
from services.contracts.upload import CompleteUpload, OpenUpload, UploadStep, UploadView
from services.gateway.dashboard.backends import Backends
from services.gateway.dashboard.mentor import Mentor, MentorScopes


class Authoring:
    """Cases as admins see them: uploads and versions. Each call acts for the admin it is given."""

    def __init__(self, backends: Backends, scopes: MentorScopes) -> None:
        self._cases, self._progress, self._scopes = backends.authoring, backends.progress, scopes

    async def uploads(self, admin: Mentor) -> tuple[UploadView, ...]:
        """The last uploads, newest first."""
        return await self._cases.uploads(self._scopes.everywhere(admin))

    async def open(self, admin: Mentor, wanted: OpenUpload) -> UploadView:
        """Begin an upload."""
        return await self._cases.open_upload(wanted, self._scopes.everywhere(admin))

    async def upload(self, admin: Mentor, upload: str) -> UploadView:
        """One upload."""
        return await self._cases.upload(upload, self._scopes.everywhere(admin))

    async def append(
        self, admin: Mentor, upload: str, offset: int, part: AsyncIterable[bytes], checksum: str | None
    ) -> UploadView:
        """Pass a part on as it arrives."""
        return await self._cases.append(upload, offset, part, self._scopes.everywhere(admin), checksum)

    async def complete(self, admin: Mentor, upload: str, wanted: CompleteUpload) -> UploadView:
        """Have it worked on."""
        return await self._cases.complete(upload, wanted, self._scopes.everywhere(admin))

    async def cancel(self, admin: Mentor, upload: str) -> UploadView:
        """Forget it."""
        return await self._cases.cancel(upload, self._scopes.everywhere(admin))

    def steps(self, admin: Mentor, upload: str, after: int) -> AsyncIterator[UploadStep]:
        """What it tells until it has ended."""
        return self._cases.steps(upload, after, self._scopes.everywhere(admin))

    async def waiting(self, admin: Mentor) -> tuple[CaseVersion, ...]:
        """Checked versions of all cases that wait to be published."""
        return await self._cases.waiting(self._scopes.everywhere(admin))

    async def history(self, admin: Mentor, case: str) -> tuple[CaseVersion, ...]:
        """All versions of a case, newest first, and how many learners are on each."""
        scope = self._scopes.everywhere(admin)
        versions = await self._cases.history(case, scope)
        learners = await self._progress.learners_by_version(case, scope)
        return tuple(one.model_copy(update={"learners": learners.get(one.version, 0)}) for one in versions)

    async def compare(self, admin: Mentor, case: str, before: str, after: str) -> VersionChanges:
        """What changed from one version to another, and how many learners are still on the first."""
        scope = self._scopes.everywhere(admin)
        changes = await self._cases.compare(before, after, scope)
        learners = await self._progress.learners_by_version(case, scope)
        return changes.model_copy(update={"affected": learners.get(before, 0)})

    async def publish(self, admin: Mentor, version: str) -> CaseVersion:
        """Make a checked or an older version the current one."""
        return await self._cases.publish(version, self._scopes.everywhere(admin))

    async def withdraw(self, admin: Mentor, version: str, wanted: Withdraw) -> CaseVersion:
        """Let nobody new get a version."""
        return await self._cases.withdraw(version, wanted, self._scopes.everywhere(admin))

    async def discard(self, admin: Mentor, version: str) -> None:
        """Throw a checked version away."""
        await self._cases.discard(version, self._scopes.everywhere(admin))

    async def start_regrade(self, admin: Mentor, wanted: StartRegrade) -> RegradeView:
        """Have everybody's work judged again, as a preview."""
        return await self._cases.start_regrade(wanted, self._scopes.everywhere(admin))

    async def regrade(self, admin: Mentor, regrade: str) -> RegradeView:
        """One regrade with what it found."""
        return await self._cases.regrade(regrade, self._scopes.everywhere(admin))

    async def regrades(self, admin: Mentor, case: str) -> tuple[RegradeView, ...]:
        """The last regrades of a case."""
        return await self._cases.regrades(case, self._scopes.everywhere(admin))

    async def apply_regrade(self, admin: Mentor, regrade: str) -> RegradeView:
        """Take the gains of a preview over in earnest."""
        return await self._cases.apply_regrade(regrade, self._scopes.everywhere(admin))
