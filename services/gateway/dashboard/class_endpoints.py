from typing import Annotated, Final

from fastapi import Path, Query, Response

from services.contracts.case import CaseSummary, Slug
from services.contracts.classroom import ClassView, LearnersWork
from services.contracts.measures import Measures
from services.contracts.model import MOST
from services.contracts.progress import Version
from services.contracts.session import SessionPart
from services.gateway.dashboard.admission import Asking, Desk, Hex32, api_router
from services.gateway.dashboard.classes import Export

LearnerName = Annotated[str, Path(min_length=1, max_length=255)]

router = api_router()
_TYPES: Final[dict[Export, str]] = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@router.get("/cases")
async def cases(desk: Desk) -> tuple[CaseSummary, ...]:
    """The published cases."""
    return await desk.classes.cases()


@router.get("/cases/{case}/steps")
async def steps(desk: Desk, case: Slug) -> dict[str, str]:
    """Id and title of each step of a case, in their order."""
    return await desk.classes.titles(case)


@router.get("/class")
async def view(
    desk: Desk,
    mentor: Asking,
    case: Slug,
    watch: bool = False,
    after: Annotated[str | None, Query(max_length=512)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ClassView:
    """Part of a class: who is where, who is stuck, who has fallen silent."""
    return await desk.classes.view(mentor, case, watch=watch, after=after, limit=limit)


@router.get("/class/export.{kind}")
async def export(desk: Desk, mentor: Asking, case: Slug, kind: Export) -> Response:
    """The whole class as a file to keep."""
    content = await desk.classes.export(mentor, case, kind)
    # the id of a case is made of letters, digits and dashes: nothing in it ends the quotes
    return Response(
        content, media_type=_TYPES[kind], headers={"Content-Disposition": f'attachment; filename="{case}.{kind}"'}
    )


@router.get("/class/{case}/learners/{learner}")
async def work(desk: Desk, mentor: Asking, case: Slug, learner: LearnerName, step: Slug | None = None) -> LearnersWork:
    """What a learner has done in a step, read-only."""
    return await desk.classes.work(mentor, case, learner, step)


@router.get("/class/{case}/learners/{learner}/versions/{submission}")
async def version(desk: Desk, mentor: Asking, case: Slug, learner: LearnerName, submission: Hex32) -> Version:
    """An earlier version of the learner's."""
    return await desk.classes.version(mentor, case, learner, submission)


@router.get("/class/{case}/learners/{learner}/sessions/{session}")
async def session(
    desk: Desk,
    mentor: Asking,
    case: Slug,
    learner: LearnerName,
    session: Hex32,
    start: Annotated[int, Query(alias="from", ge=0, le=MOST)] = 0,
) -> SessionPart:
    """Part of a recorded session of the learner's, from a sequence number on."""
    return await desk.classes.session(mentor, case, learner, session, start)


@router.get("/measures")
async def measures(
    desk: Desk,
    mentor: Asking,
    case: Slug | None = None,
    days: Annotated[int, Query(ge=1, le=365)] = 7,
) -> Measures:
    """How much mentors were asked."""
    return await desk.classes.measures(mentor, case, days)
