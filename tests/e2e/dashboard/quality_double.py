"""The QA pages' part of the door: the real service over a real home, without sockets and certificates between."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from evaluation.serving.service import EvaluationService, Wanted
from services.contracts.evaluated_sample import EvaluatedSample, JudgeExchange, SamplePage
from services.contracts.evaluation import RunComparison, RunFigures, RunPage
from services.contracts.labelling import GiveLabel, LabelGiven, LabelPage
from services.kit.errors import CaseloopError

PERSON = "quinn"


def quality_router(prefix: str) -> APIRouter:
    """The calls; `app.state.quality()` is the service."""
    router = APIRouter(prefix=prefix)
    router.get("/runs")(_runs)
    router.get("/runs/{run}")(_run)
    router.get("/runs/{run}/samples")(_samples)
    router.get("/runs/{run}/sample")(_sample)
    router.get("/runs/{run}/exchanges")(_exchanges)
    router.get("/comparison")(_compare)
    router.get("/runs/{run}/labels")(_to_label)
    router.post("/runs/{run}/labels", status_code=201)(_label)
    return router


async def refused(_: Request, error: Exception) -> Response:
    """An error in the one shape."""
    assert isinstance(error, CaseloopError)
    body = {"error": error.error, "detail": error.detail, "request_id": "r-1"}
    return JSONResponse(body, status_code=error.status)


def _service(request: Request) -> EvaluationService:
    service: EvaluationService = request.app.state.quality(request)
    return service


_Service = Annotated[EvaluationService, Depends(_service)]
_Id = Annotated[str, Query(alias="id")]


async def _runs(service: _Service, suite: str | None = None, after: int = 0, limit: int = 20) -> RunPage:
    return await service.runs(suite, after, limit)


async def _run(service: _Service, run: str) -> RunFigures:
    return await service.run(run)


async def _samples(
    service: _Service,
    run: str,
    case: str | None = None,
    failed: str | None = None,
    against: str | None = None,
    changed: bool = False,
    after: int = 0,
    limit: int = 50,
) -> SamplePage:
    return await service.samples(run, Wanted(case, failed, against, changed), after, limit)


async def _sample(service: _Service, run: str, sample: _Id, against: str | None = None) -> EvaluatedSample:
    return await service.sample(run, sample, against)


async def _exchanges(service: _Service, run: str, sample: _Id) -> tuple[JudgeExchange, ...]:
    return await service.exchanges(run, sample)


async def _compare(service: _Service, before: str, after: str) -> RunComparison:
    return await service.compare(before, after)


async def _to_label(service: _Service, run: str) -> LabelPage:
    return await service.labels.waiting(run, PERSON)


async def _label(service: _Service, run: str, body: GiveLabel) -> LabelGiven:
    return await service.labels.give(run, PERSON, body)
