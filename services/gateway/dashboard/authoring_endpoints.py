from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import Header, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.contracts.case import Slug
from services.contracts.case_version import CaseVersion, VersionChanges, Withdraw
from services.contracts.model import MOST
from services.contracts.regrade import RegradeView, StartRegrade
from services.contracts.upload import CompleteUpload, OpenUpload, UploadStep, UploadView
from services.gateway.dashboard.admission import EVENTS, Administering, Desk, Hex32, admin_api_router
from services.kit.stream import sse

router = admin_api_router()
_DIGEST: Final = r"^[0-9a-f]{64}$"
_Digest = Annotated[str, Path(pattern=_DIGEST)]


@router.get("/uploads")
async def uploads(desk: Desk, admin: Administering) -> tuple[UploadView, ...]:
    """The last uploads, newest first."""
    return await desk.authoring.uploads(admin)


@router.post("/uploads", status_code=201)
async def open_upload(desk: Desk, admin: Administering, body: OpenUpload) -> UploadView:
    """Begin an upload."""
    return await desk.authoring.open(admin, body)


@router.get("/uploads/{upload}")
async def upload(desk: Desk, admin: Administering, upload: Hex32) -> UploadView:
    """One upload: `received` says where to go on."""
    return await desk.authoring.upload(admin, upload)


@router.patch("/uploads/{upload}")
async def append(
    desk: Desk,
    admin: Administering,
    upload: Hex32,
    request: Request,
    offset: Annotated[int, Header(alias="Upload-Offset", ge=0)],
    checksum: Annotated[str | None, Header(alias="Upload-Checksum", max_length=80)] = None,
) -> UploadView:
    """Keep the body as the part of the archive that begins at the offset."""
    return await desk.authoring.append(admin, upload, offset, request.stream(), checksum)


@router.post("/uploads/{upload}/completion")
async def complete(desk: Desk, admin: Administering, upload: Hex32, body: CompleteUpload) -> UploadView:
    """Have the archive worked on."""
    return await desk.authoring.complete(admin, upload, body)


@router.delete("/uploads/{upload}")
async def cancel(desk: Desk, admin: Administering, upload: Hex32) -> UploadView:
    """Forget an upload that is still being received."""
    return await desk.authoring.cancel(admin, upload)


@router.get("/uploads/{upload}/steps", response_class=StreamingResponse, responses=EVENTS)
async def steps(
    desk: Desk, admin: Administering, upload: Hex32, after: Annotated[int, Query(ge=0, le=MOST)] = 0
) -> StreamingResponse:
    """What the upload tells, from the step after number `after` on: `step` events until it has ended."""
    await desk.authoring.upload(admin, upload)  # what is to be refused is refused before the stream begins
    return sse(_named(desk.authoring.steps(admin, upload, after)), keep_alive=desk.settings.heartbeat, at_once=True)


@router.get("/cases/waiting")
async def waiting(desk: Desk, admin: Administering) -> tuple[CaseVersion, ...]:
    """Checked versions of all cases that wait to be published."""
    return await desk.authoring.waiting(admin)


@router.get("/cases/{case}/versions")
async def history(desk: Desk, admin: Administering, case: Slug) -> tuple[CaseVersion, ...]:
    """All versions of a case, newest first."""
    return await desk.authoring.history(admin, case)


@router.get("/cases/{case}/comparison")
async def comparison(
    desk: Desk,
    admin: Administering,
    case: Slug,
    before: Annotated[str, Query(pattern=_DIGEST)],
    after: Annotated[str, Query(pattern=_DIGEST)],
) -> VersionChanges:
    """What changed from one version to another, and how many learners are on the first."""
    return await desk.authoring.compare(admin, case, before, after)


@router.post("/versions/{version}/publication")
async def publish(desk: Desk, admin: Administering, version: _Digest) -> CaseVersion:
    """Make a checked or an older version the current one."""
    return await desk.authoring.publish(admin, version)


@router.post("/versions/{version}/withdrawal")
async def withdraw(desk: Desk, admin: Administering, version: _Digest, body: Withdraw) -> CaseVersion:
    """Let nobody new get a version."""
    return await desk.authoring.withdraw(admin, version, body)


@router.delete("/versions/{version}", status_code=204)
async def discard(desk: Desk, admin: Administering, version: _Digest) -> None:
    """Throw a checked version away."""
    await desk.authoring.discard(admin, version)


@router.get("/cases/{case}/regrades")
async def regrades(desk: Desk, admin: Administering, case: Slug) -> tuple[RegradeView, ...]:
    """The last regrades of a case."""
    return await desk.authoring.regrades(admin, case)


@router.post("/regrades", status_code=201)
async def start_regrade(desk: Desk, admin: Administering, body: StartRegrade) -> RegradeView:
    """Have everybody's work judged again, as a preview."""
    return await desk.authoring.start_regrade(admin, body)


@router.get("/regrades/{regrade}")
async def regrade(desk: Desk, admin: Administering, regrade: Hex32) -> RegradeView:
    """One regrade with what it found."""
    return await desk.authoring.regrade(admin, regrade)


@router.post("/regrades/{regrade}/application")
async def apply_regrade(desk: Desk, admin: Administering, regrade: Hex32) -> RegradeView:
    """Take the gains of a preview over in earnest."""
    return await desk.authoring.apply_regrade(admin, regrade)


async def _named(steps: AsyncIterator[UploadStep]) -> AsyncIterator[tuple[str, BaseModel]]:
    async for step in steps:
        yield "step", step
