from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import StreamingResponse

from case_uploader.service import CaseService
from services.contracts.case import AuthorCase, CaseOutline, CaseSummary, LearnerCase
from services.kit.peer import PeerIdentity, require_peer

_LEARNERS_SIDE = [Depends(require_peer("gateway", "dashboard", "hub"))]

router = APIRouter()


async def _service(request: Request) -> CaseService:
    return cast("CaseService", request.app.state.service)


Cases = Annotated[CaseService, Depends(_service)]
_Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


@router.get("/cases", dependencies=_LEARNERS_SIDE)
async def list_cases(cases: Cases) -> tuple[CaseSummary, ...]:
    """The newest published version of every case."""
    return await cases.published()


@router.get("/outlines", dependencies=[Depends(require_peer("hub"))])
async def outlines(cases: Cases) -> tuple[CaseOutline, ...]:
    """The newest published version of every case, with the titles of its subtasks."""
    return await cases.outlines()


@router.get("/cases/{case}", dependencies=_LEARNERS_SIDE)
async def current_case(case: str, cases: Cases) -> LearnerCase:
    """The newest published version of one case."""
    return await cases.current(case)


@router.get("/versions/{version}/learner", dependencies=_LEARNERS_SIDE)
async def learner_view(version: _Digest, cases: Cases) -> LearnerCase:
    """A published version as learners may see it."""
    return await cases.learner(version)


@router.get("/versions/{version}/author", dependencies=[Depends(require_peer("feedback"))])
async def author_view(version: _Digest, cases: Cases) -> AuthorCase:
    """A version with its reference."""
    return await cases.author(version)


@router.get("/data/{digest}", dependencies=[Depends(require_peer("runner", "hub"))])
async def data_file(digest: _Digest, cases: Cases, peer: PeerIdentity) -> StreamingResponse:
    """Content of one data file. The runner also gets that of drafts, for their trials."""
    parts = await cases.data(digest, drafts=peer.name == "runner")
    return StreamingResponse(parts, media_type="application/octet-stream")
