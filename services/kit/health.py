import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from fastapi import APIRouter

from services.kit.errors import CaseloopError

Ping = Callable[[], Awaitable[object]]
"""Returns when the part works, raises when it does not."""

TIME_LIMIT: Final = 2.0
"""Seconds that one ping may take."""

_log = structlog.get_logger(__name__)


class NotReady(CaseloopError):
    """A part that the service needs is away."""

    status, error = 503, "not_ready"


def router(name: str, pings: Mapping[str, Ping], time_limit: float = TIME_LIMIT) -> APIRouter:
    """Make the routes /health/live (this process answers) and /health/ready (all pings went well)."""
    routes = APIRouter(prefix="/health")

    @routes.get("/live")
    async def live() -> dict[str, str]:
        return {"status": "alive", "service": name}

    @routes.get("/ready")
    async def ready() -> dict[str, object]:
        outcomes = await asyncio.gather(*(_outcome(part, ping, time_limit) for part, ping in pings.items()))
        failed = [problem for problem in outcomes if problem]
        if failed:
            raise NotReady(f"{name} is not ready: {'; '.join(failed)}")
        return {"status": "ready", "service": name, "checks": sorted(pings)}

    return routes


async def _outcome(part: str, ping: Ping, time_limit: float) -> str | None:
    try:
        async with asyncio.timeout(time_limit):
            await ping()
    except TimeoutError:
        return f"{part} did not answer within {time_limit:g} s"
    except Exception as error:
        _log.warning("ping failed", part=part, exc_info=error)
        return f"{part} failed ({type(error).__name__})"
    return None
