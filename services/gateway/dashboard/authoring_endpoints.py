from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.contracts.upload import CompleteUpload, OpenUpload, UploadStep, UploadView
from services.gateway.dashboard.admission import EVENTS, Administering, Desk, Hex32, admin_api_router
from services.kit.stream import sse

router = admin_api_router()


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
    desk: Desk, admin: Administering, upload: Hex32, after: Annotated[int, Query(ge=0)] = 0
) -> StreamingResponse:
    """What the upload tells, from the step after number `after` on: `step` events until it has ended."""
    return sse(_named(desk.authoring.steps(admin, upload, after)), keep_alive=desk.settings.heartbeat)


async def _named(steps: AsyncIterator[UploadStep]) -> AsyncIterator[tuple[str, BaseModel]]:
    async for step in steps:
        yield "step", step
