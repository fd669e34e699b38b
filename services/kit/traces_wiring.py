"""Whether traces are made, apart from the other wiring: the runner opens neither tables nor objects."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from services.kit.settings import TraceSettings
from services.kit.tracing import TracesMisconfigured, traced_by

if TYPE_CHECKING:
    from services.kit.adapters.traces_otlp import OtlpTracer


@asynccontextmanager
async def open_tracing(settings: TraceSettings) -> AsyncIterator[None]:
    """Trace what this process's services answer and call in the block, if the settings say where traces are sent.

    Clients of services are traced when they are made in the block. Raises `TracesMisconfigured`.
    """
    if not settings.endpoint:
        yield
        return
    require_usable_traces(settings)
    tracer = _maker()(settings)
    try:
        with traced_by(tracer):
            yield
    finally:
        await tracer.close()


def require_usable_traces(settings: TraceSettings) -> None:
    """Find out before anything is started whether the settings can be used. Raises `TracesMisconfigured`."""
    if not settings.endpoint:
        return
    if settings.ca is not None and not settings.ca.is_file():
        raise TracesMisconfigured(f"CASELOOP_TRACES__CA names {settings.ca}, and there is no such file")
    _maker()


def _maker() -> "type[OtlpTracer]":
    # Here, because who sends no traces pays neither the time nor the memory of what makes them.
    from services.kit.adapters.traces_otlp import OtlpTracer

    return OtlpTracer
