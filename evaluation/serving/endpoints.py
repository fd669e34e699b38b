from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query, Request

from evaluation.serving.access import Person, current_person
from evaluation.serving.service import EvaluationService, Wanted
from services.contracts.case import Slug
from services.contracts.evaluated_sample import EvaluatedSample, JudgeExchange, SamplePage
from services.contracts.evaluation import RUN_NAME, SAMPLE_NAME, RunComparison, RunFigures, RunPage
from services.contracts.labelling import GiveLabel, LabelGiven, LabelPage
from services.kit.peer import require_peer

router = APIRouter(dependencies=[Depends(require_peer("dashboard")), Depends(current_person)])
"""For the dashboard, which speaks for the person that the scope token names."""

Run = Annotated[str, Path(pattern=RUN_NAME)]
AskedRun = Annotated[str, Query(pattern=RUN_NAME)]
SampleId = Annotated[str, Query(alias="id", pattern=SAMPLE_NAME)]
After = Annotated[int, Query(ge=0, le=10_000_000)]


async def _service(request: Request) -> EvaluationService:
    return cast("EvaluationService", request.app.state.service)


Service = Annotated[EvaluationService, Depends(_service)]


@router.get("/runs")
async def runs(
    service: Service, suite: Slug | None = None, after: After = 0, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> RunPage:
    """Part of the runs, newest first."""
    return await service.runs(suite, after, limit)


@router.get("/runs/{run}")
async def run(service: Service, run: Run) -> RunFigures:
    """One run in figures."""
    return await service.run(run)


@router.get("/runs/{run}/samples")
async def samples(
    service: Service,
    run: Run,
    case: Slug | None = None,
    failed: Slug | None = None,
    against: AskedRun | None = None,
    changed: bool = False,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SamplePage:
    """Part of its samples: in the suite's order, or, of those that changed, the gravest first."""
    return await service.samples(run, Wanted(case, failed, against, changed), after, limit)


@router.get("/runs/{run}/sample")
async def sample(service: Service, run: Run, sample: SampleId, against: AskedRun | None = None) -> EvaluatedSample:
    """One sample with all that was said about it."""
    return await service.sample(run, sample, against)


@router.get("/runs/{run}/exchanges")
async def exchanges(service: Service, run: Run, sample: SampleId) -> tuple[JudgeExchange, ...]:
    """All that was said to and by the judge about one sample."""
    return await service.exchanges(run, sample)


@router.get("/comparison")
async def comparison(service: Service, before: AskedRun, after: AskedRun) -> RunComparison:
    """Two runs compared."""
    return await service.compare(before, after)


@router.get("/runs/{run}/labels")
async def to_label(service: Service, person: Person, run: Run) -> LabelPage:
    """What the person should label next."""
    return await service.labels.waiting(run, person)


@router.post("/runs/{run}/labels")
async def label(service: Service, person: Person, run: Run, body: GiveLabel) -> LabelGiven:
    """Write one label down."""
    return await service.labels.give(run, person, body)
