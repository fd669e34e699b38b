from typing import Annotated

from fastapi import Path, Query

from services.contracts.case import Slug
from services.contracts.evaluated_sample import EvaluatedSample, JudgeExchange, SamplePage
from services.contracts.evaluation import RUN_NAME, SAMPLE_NAME, RunComparison, RunFigures, RunPage
from services.contracts.labelling import GiveLabel, LabelGiven, LabelPage
from services.gateway.dashboard.admission import Desk, Measuring, qa_api_router

router = qa_api_router()
_Run = Annotated[str, Path(pattern=RUN_NAME)]
_AskedRun = Annotated[str, Query(pattern=RUN_NAME)]
_SampleId = Annotated[str, Query(alias="id", pattern=SAMPLE_NAME)]
_After = Annotated[int, Query(ge=0, le=10_000_000)]


@router.get("/runs")
async def runs(
    desk: Desk,
    person: Measuring,
    suite: Slug | None = None,
    after: _After = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> RunPage:
    """Part of the runs, newest first."""
    return await desk.quality.runs(person, suite, after, limit)


@router.get("/runs/{run}")
async def run(desk: Desk, person: Measuring, run: _Run) -> RunFigures:
    """One run in figures."""
    return await desk.quality.run(person, run)


@router.get("/runs/{run}/samples")
async def samples(
    desk: Desk,
    person: Measuring,
    run: _Run,
    case: Slug | None = None,
    failed: Slug | None = None,
    against: _AskedRun | None = None,
    changed: bool = False,
    after: _After = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SamplePage:
    """Part of its samples: of a case, with less than the whole of a score, changed since another run."""
    return await desk.quality.samples(
        person, run, case=case, failed=failed, against=against, changed=changed, after=after, limit=limit
    )


@router.get("/runs/{run}/sample")
async def sample(
    desk: Desk, person: Measuring, run: _Run, sample: _SampleId, against: _AskedRun | None = None
) -> EvaluatedSample:
    """One sample with all that was said about it."""
    return await desk.quality.sample(person, run, sample, against)


@router.get("/runs/{run}/exchanges")
async def exchanges(desk: Desk, person: Measuring, run: _Run, sample: _SampleId) -> tuple[JudgeExchange, ...]:
    """All that was said to and by the judge about one sample."""
    return await desk.quality.exchanges(person, run, sample)


@router.get("/comparison")
async def comparison(desk: Desk, person: Measuring, before: _AskedRun, after: _AskedRun) -> RunComparison:
    """Two runs compared, and the gate's answer."""
    return await desk.quality.compare(person, before, after)


@router.get("/runs/{run}/labels")
async def to_label(desk: Desk, person: Measuring, run: _Run) -> LabelPage:
    """What the person should label next."""
    return await desk.quality.to_label(person, run)


@router.post("/runs/{run}/labels", status_code=201)
async def label(desk: Desk, person: Measuring, run: _Run, body: GiveLabel) -> LabelGiven:
    """Write one label down in the person's name."""
    return await desk.quality.label(person, run, body)
