from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import StreamingResponse

from services.contracts.observation import CellStarted, RunRequest
from services.kit.errors import CaseloopError
from services.kit.pacing import paced
from services.kit.peer import require_peer
from services.kit.stream import ndjson
from services.runner.errors import RunnerError
from services.runner.service import Runner

router = APIRouter(dependencies=[Depends(require_peer("feedback"))])


class NotWarmed(CaseloopError):
    """The environment could not be loaded; the detail says why."""

    status, error = 503, "environment_unavailable"


async def _service(request: Request) -> Runner:
    return cast("Runner", request.app.state.service)


Service = Annotated[Runner, Depends(_service)]


@router.post("/runs")
async def run(body: RunRequest, runner: Service) -> StreamingResponse:
    """Run a submission; one RunEvent a line. A caller that hangs up ends the run."""
    return ndjson(paced(runner.run(body), _passes))


def _passes(event: object) -> bool:
    return isinstance(event, CellStarted)


@router.post("/zygotes", status_code=204)
async def warm(body: RunRequest, runner: Service) -> Response:
    """Load an environment ahead of its first run. 503 `environment_unavailable`."""
    try:
        await runner.warm(body)
    except RunnerError as error:
        raise NotWarmed(error.detail) from error
    return Response(status_code=204)
