import re
from collections.abc import AsyncIterator
from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import StreamingResponse

from case_uploader.access import CurrentAdmin, admin_router
from case_uploader.uploads.errors import WrongChecksum
from case_uploader.uploads.service import Uploads
from services.contracts.model import MOST
from services.contracts.upload import CompleteUpload, OpenUpload, UploadView
from services.kit.stream import KEEP_ALIVE, ndjson

router: Final[APIRouter] = admin_router()
_CHECKSUM: Final = re.compile(r"sha256 ([0-9a-f]{64})")


async def _uploads(request: Request) -> Uploads:
    return cast("Uploads", request.app.state.uploads)


Desk = Annotated[Uploads, Depends(_uploads)]
_Id = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.post("/uploads", status_code=201)
async def open_upload(body: OpenUpload, admin: CurrentAdmin, uploads: Desk) -> UploadView:
    """Begin an upload."""
    return await uploads.open(admin, body)


@router.get("/uploads")
async def list_uploads(uploads: Desk) -> tuple[UploadView, ...]:
    """The last uploads, newest first."""
    return await uploads.newest()


@router.get("/uploads/{upload}")
async def one_upload(upload: _Id, uploads: Desk) -> UploadView:
    """One upload: `received` says where to go on."""
    return await uploads.get(upload)


@router.patch("/uploads/{upload}")
async def append(
    upload: _Id,
    request: Request,
    uploads: Desk,
    offset: Annotated[int, Header(alias="Upload-Offset", ge=0)],
    checksum: Annotated[str | None, Header(alias="Upload-Checksum")] = None,
) -> UploadView:
    """Keep the body as the part that begins at the offset."""
    return await uploads.append(upload, offset, _parts(request), _digest(checksum))


async def _parts(request: Request) -> AsyncIterator[bytes]:
    async for part in request.stream():
        yield part


def _digest(checksum: str | None) -> str | None:
    if checksum is None:
        return None
    match = _CHECKSUM.fullmatch(checksum)
    if match is None:
        raise WrongChecksum("Upload-Checksum is written as `sha256 ` and 64 hex digits.")
    return match[1]


@router.post("/uploads/{upload}/completion")
async def complete(upload: _Id, body: CompleteUpload, uploads: Desk) -> UploadView:
    """Hand the archive over to the workers."""
    return await uploads.complete(upload, body.digest)


@router.delete("/uploads/{upload}")
async def cancel(upload: _Id, uploads: Desk) -> UploadView:
    """Forget an upload that is still being received."""
    return await uploads.cancel(upload)


@router.get("/uploads/{upload}/steps")
async def steps(upload: _Id, uploads: Desk, after: Annotated[int, Query(ge=0, le=MOST)] = 0) -> StreamingResponse:
    """What the upload tells, until it has ended: one step a line, and empty lines while there is nothing to tell."""
    await uploads.get(upload)  # refuses what is not there: a stream that has begun cannot
    return ndjson(uploads.steps(upload, after), keep_alive=KEEP_ALIVE)
