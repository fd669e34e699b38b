"""Traces: how long each part of a request took, across services. They are made where `wiring.open_tracing` says so.

Nothing here knows OpenTelemetry. Names and values of spans are ours: no learner's code or text, and nobody's name.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal, Protocol

import structlog

Attributes = Mapping[str, str | int | float | bool]
Kind = Literal["internal", "client"]
TRACEPARENT: Final = "traceparent"
"""Header of W3C's Trace Context: which trace and span a call belongs to, and whether it is recorded."""


class TracesMisconfigured(Exception):
    """The settings of traces cannot be used; the message says what to do."""


class Span(Protocol):
    """One piece of work in a trace. After its end only `child`, `traceparent` and `trace_id` are of use."""

    @property
    def trace_id(self) -> str:
        """32 hex digits; empty when the trace is not recorded."""

    @property
    def traceparent(self) -> str:
        """The header that makes what is called a part of it; empty when there is nothing to pass on."""

    def child(
        self, name: str, kind: Kind = "internal", attributes: Attributes | None = None, began: int | None = None
    ) -> "Span":
        """Begin a part of it: now, or at `began` (ns of Unix time)."""

    def rename(self, name: str) -> None:
        """Give it a name that was not known when it began."""

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""

    def links_to(self, other: "Span") -> None:
        """Say that another trace's span has to do with it."""

    def end(self, error: str = "") -> None:
        """It is over. `error`: the kind of failure, never its message, which may hold a learner's text."""


class Tracer(Protocol):
    """Makes traces for the services of a process."""

    def request(self, service: str, name: str, traceparent: str, attributes: Attributes) -> Span:
        """Begin to answer a request: in the caller's trace, or in a new one when `traceparent` says nothing."""


_current: ContextVar[Span | None] = ContextVar("span", default=None)
_tracers: list[Tracer] = []
"""Of this process, as its logs are: one, or none."""


@contextmanager
def traced_by(tracer: Tracer) -> Iterator[None]:
    """Have this process's services make traces as long as the block lasts."""
    _tracers.append(tracer)
    try:
        yield
    finally:
        _tracers.remove(tracer)


def active_tracer() -> Tracer | None:
    """Who makes this process's traces; None: nobody does."""
    return _tracers[-1] if _tracers else None


def current_span() -> Span | None:
    """The span of the request being answered, or of the one that began this task. None: nothing is traced."""
    return _current.get()


@contextmanager
def within(span: Span | None) -> Iterator[None]:
    """Make what the block calls a part of the span, and put its trace on the block's log lines. None: as before."""
    if span is None:
        yield
        return
    token = _current.set(span)
    try:
        if span.trace_id:
            with structlog.contextvars.bound_contextvars(trace_id=span.trace_id):
                yield
        else:
            yield
    finally:
        _current.reset(token)


def note(attributes: Attributes) -> None:
    """Add attributes to the current span, if there is one."""
    if (span := _current.get()) is not None:
        span.note(attributes)
