from collections.abc import AsyncIterable, AsyncIterator

import httpx
from pydantic import TypeAdapter

from services.contracts.case_version import CaseVersion, VersionChanges, Withdraw
from services.contracts.clients.service import SCOPE_HEADER, ServiceClient
from services.contracts.regrade import RegradeView, StartRegrade
from services.contracts.upload import (
    CHECKSUM_HEADER,
    OFFSET_HEADER,
    CompleteUpload,
    OpenUpload,
    UploadStep,
    UploadView,
)

_UPLOADS = TypeAdapter(tuple[UploadView, ...])
_VERSIONS = TypeAdapter(tuple[CaseVersion, ...])
_REGRADES = TypeAdapter(tuple[RegradeView, ...])


class AuthoringClient(ServiceClient):
    """`case_uploader`, the admins' side. `scope` is the scope token of an admin; others get 403 `not_an_admin`."""

    name = "cases"

    async def open_upload(self, wanted: OpenUpload, scope: str) -> UploadView:
        """Begin an upload. 413 `upload_too_large`, 429 `too_many_uploads`."""
        return _view(await self._call("POST", "/uploads", content=wanted.model_dump_json(), scope=scope))

    async def uploads(self, scope: str) -> tuple[UploadView, ...]:
        """The last uploads, newest first."""
        return _UPLOADS.validate_json((await self._call("GET", "/uploads", scope=scope)).content)

    async def upload(self, upload: str, scope: str) -> UploadView:
        """One upload. 404 `upload_not_found`."""
        return _view(await self._call("GET", f"/uploads/{upload}", scope=scope))

    async def append(
        self, upload: str, offset: int, part: AsyncIterable[bytes], scope: str, checksum: str | None = None
    ) -> UploadView:
        """Send a part on as it arrives; `checksum` as in the header `Upload-Checksum`.

        409 `upload_offset`, 409 `upload_settled`, 413 `upload_too_large`, 422 `upload_checksum`.
        """
        headers = {SCOPE_HEADER: scope, OFFSET_HEADER: str(offset), "Content-Type": "application/octet-stream"}
        if checksum is not None:
            headers[CHECKSUM_HEADER] = checksum
        async with self._mapped():
            response = await self._http.request("PATCH", f"/uploads/{upload}", content=part, headers=headers)
        self._raise_for(response)
        return _view(response)

    async def complete(self, upload: str, wanted: CompleteUpload, scope: str) -> UploadView:
        """Hand the archive over to the workers. 409 `upload_incomplete`, 422 `upload_checksum`."""
        path = f"/uploads/{upload}/completion"
        return _view(await self._call("POST", path, content=wanted.model_dump_json(), scope=scope))

    async def cancel(self, upload: str, scope: str) -> UploadView:
        """Forget an upload that is still being received. 409 `upload_settled`."""
        return _view(await self._call("DELETE", f"/uploads/{upload}", scope=scope))

    async def steps(self, upload: str, after: int, scope: str) -> AsyncIterator[UploadStep]:
        """What the upload tells from step `after` on, until it has ended."""
        async for line in self._lines(f"/uploads/{upload}/steps?after={after}", None, scope, method="GET"):
            yield UploadStep.model_validate_json(line)

    async def waiting(self, scope: str) -> tuple[CaseVersion, ...]:
        """Checked versions of all cases that wait to be published, newest first."""
        return _VERSIONS.validate_json((await self._call("GET", "/waiting", scope=scope)).content)

    async def history(self, case: str, scope: str) -> tuple[CaseVersion, ...]:
        """All versions of a case, newest first. 404 `case_not_found`."""
        return _VERSIONS.validate_json((await self._call("GET", f"/cases/{case}/versions", scope=scope)).content)

    async def compare(self, before: str, after: str, scope: str) -> VersionChanges:
        """What changed from one version to another. 404 `case_version_not_found`, 422 `other_case`."""
        params = {"before": before, "after": after}
        response = await self._call("GET", "/comparison", params=params, scope=scope)
        return VersionChanges.model_validate_json(response.content)

    async def publish(self, version: str, scope: str) -> CaseVersion:
        """Make a checked or an older version the current one. 409 `already_current`."""
        response = await self._call("POST", f"/versions/{version}/publication", scope=scope)
        return CaseVersion.model_validate_json(response.content)

    async def withdraw(self, version: str, wanted: Withdraw, scope: str) -> CaseVersion:
        """Let nobody new get a version. 409 `not_published`."""
        path = f"/versions/{version}/withdrawal"
        response = await self._call("POST", path, content=wanted.model_dump_json(), scope=scope)
        return CaseVersion.model_validate_json(response.content)

    async def discard(self, version: str, scope: str) -> None:
        """Throw a checked version away. 404 `case_version_not_found`."""
        await self._call("DELETE", f"/versions/{version}", scope=scope)

    async def start_regrade(self, wanted: StartRegrade, scope: str) -> RegradeView:
        """Have everybody's work judged again, as a preview. 404 `case_version_not_found`."""
        return _regrade(await self._call("POST", "/regrades", content=wanted.model_dump_json(), scope=scope))

    async def regrade(self, regrade: str, scope: str) -> RegradeView:
        """One regrade with what it found. 404 `regrade_not_found`."""
        return _regrade(await self._call("GET", f"/regrades/{regrade}", scope=scope))

    async def regrades(self, case: str, scope: str) -> tuple[RegradeView, ...]:
        """The last regrades of a case, newest first, without what they found."""
        return _REGRADES.validate_json((await self._call("GET", f"/cases/{case}/regrades", scope=scope)).content)

    async def apply_regrade(self, regrade: str, scope: str) -> RegradeView:
        """Take the gains of a preview over in earnest. 409 `regrade_not_ready`."""
        return _regrade(await self._call("POST", f"/regrades/{regrade}/application", scope=scope))


def _regrade(response: httpx.Response) -> RegradeView:
    return RegradeView.model_validate_json(response.content)


def _view(response: httpx.Response) -> UploadView:
    return UploadView.model_validate_json(response.content)
