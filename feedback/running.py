from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from feedback.ports import Runs
from services.contracts.errors import ServiceError
from services.contracts.observation import CellStarted, Observation, RunEvent, RunFailed, RunFinished, RunRequest


class PlatformFailed(Exception):
    """The platform could not run the code: nobody's work can be judged by that."""

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(f"{error}: {detail}")
        self.error, self.detail = error, detail


async def observe(runs: Runs, request: RunRequest) -> AsyncGenerator[CellStarted | Observation]:
    """Run and pass on what happens; the last part is the Observation.

    Read to the end: an answer that is left before keeps its connection from being used again.

    Raises:
        PlatformFailed: the runner failed, was away, or broke off without a result.
    """
    finished = False
    try:
        async with _closing(runs.run(request)) as events:
            async for event in events:
                match event:
                    case RunFinished(observation=observation):
                        finished = True
                        yield observation
                    case RunFailed(error=error, detail=detail):
                        raise PlatformFailed(error, detail)
                    case CellStarted():
                        yield event
    except ServiceError as error:
        if not finished:
            raise PlatformFailed(error.error, error.detail) from error
    if not finished:
        raise PlatformFailed("run_broken_off", "the runner's answer ended without a result")


async def observed(runs: Runs, request: RunRequest) -> Observation:
    """Run and return what was observed. Raises `PlatformFailed`."""
    observation: Observation | None = None
    async with aclosing(observe(runs, request)) as parts:
        async for part in parts:
            if isinstance(part, Observation):
                observation = part
    assert observation is not None, "without one, observe raises"
    return observation


@asynccontextmanager
async def _closing(events: AsyncIterator[RunEvent]) -> AsyncGenerator[AsyncIterator[RunEvent]]:
    """Close the run when its reader is gone, so that the runner can stop it."""
    try:
        yield events
    finally:
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()
