from collections.abc import AsyncIterable, AsyncIterator

from services.contracts.upload import CompleteUpload, OpenUpload, UploadStep, UploadView
from services.gateway.dashboard.backends import Backends
from services.gateway.dashboard.mentor import Mentor, MentorScopes


class Authoring:
    """Cases as admins see them: uploads. Each call acts for the admin it is given."""

    def __init__(self, backends: Backends, scopes: MentorScopes) -> None:
        self._cases, self._scopes = backends.authoring, scopes

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
