"""Traces by OpenTelemetry, sent to a collector in the background. Nobody waits for it, and it may be away."""

import asyncio
import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Final

import structlog

from services.kit.settings import TraceSettings
from services.kit.tracing import TRACEPARENT, Attributes, Kind, Span, TracesMisconfigured

try:
    import requests
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as missing:
    raise TracesMisconfigured(
        f"CASELOOP_TRACES__ENDPOINT needs {missing.name}; install it: pip install --require-hashes -r "
        "requirements/production.txt"
    ) from missing

_log = structlog.get_logger(__name__)
_PATH: Final = "/v1/traces"
_SECONDS: Final = 5
"""In which the collector must have taken a batch, repetitions included."""
_LAST_SECONDS: Final = 2.0
"""For what is left when the process stops."""
_PAUSE_MS: Final = 2_000
_BATCH: Final = 512
_WAITING: Final = 4_096
"""Spans that wait to be sent; of more, the oldest are dropped. A check makes about forty."""
_LONGEST_VALUE: Final = 200
_SAID_AGAIN: Final = 60.0
"""Seconds between two log lines about a collector that takes nothing."""
_KINDS: Final = {"internal": trace.SpanKind.INTERNAL, "client": trace.SpanKind.CLIENT}


class OtlpTracer:
    """Traces of all services of this process, with one queue and one thread that empties it."""

    def __init__(self, settings: TraceSettings) -> None:
        """The collector is not asked yet."""
        session = requests.Session()
        # No proxy or netrc of the machine's environment has a say.
        session.trust_env = False
        exporter = OTLPSpanExporter(
            endpoint=settings.endpoint.removesuffix("/") + _PATH,
            certificate_file=None if settings.ca is None else str(settings.ca),
            timeout=_SECONDS,
            session=session,
        )
        self._complaints = _Complaints()
        self._processor = BatchSpanProcessor(_Heard(exporter, self._complaints), _WAITING, _PAUSE_MS, _BATCH)
        self._sampler = ParentBased(TraceIdRatioBased(settings.ratio))
        self._instance = str(uuid.uuid4())
        self._tracers: dict[str, trace.Tracer] = {}

    def request(self, service: str, name: str, traceparent: str, attributes: Attributes) -> "OtlpSpan":
        """As `Tracer.request`."""
        tracer = self._tracers.get(service)
        if tracer is None:
            tracer = self._tracers[service] = self._tracer(service)
        parent = TraceContextTextMapPropagator().extract({TRACEPARENT: traceparent}, Context())
        return OtlpSpan(tracer, tracer.start_span(name, parent, trace.SpanKind.SERVER, dict(attributes)))

    async def close(self) -> None:
        """Send what is left, within `_LAST_SECONDS`: a collector that is away must not hold a stop up."""
        loop, sent = asyncio.get_running_loop(), asyncio.Event()

        def send() -> None:
            self._processor.shutdown()  # type: ignore[no-untyped-call]
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(sent.set)

        # The end of the process would wait for a thread of the loop's own.
        threading.Thread(target=send, name="last traces", daemon=True).start()
        try:
            async with asyncio.timeout(_LAST_SECONDS):
                await sent.wait()
        except TimeoutError:
            _log.warning("the last traces are not sent", reason=f"the collector took longer than {_LAST_SECONDS:g} s")
        self._complaints.end()

    def _tracer(self, service: str) -> trace.Tracer:
        resource = Resource.create(
            {"service.name": service, "service.namespace": "caseloop", "service.instance.id": self._instance}
        )
        limits = SpanLimits(max_span_attribute_length=_LONGEST_VALUE)
        provider = TracerProvider(self._sampler, resource, shutdown_on_exit=False, span_limits=limits)
        provider.add_span_processor(self._processor)
        return provider.get_tracer("caseloop")


class OtlpSpan:
    """A `Span` of OpenTelemetry's. Its context is handed on by us, never by OpenTelemetry's own current context."""

    def __init__(self, tracer: trace.Tracer, span: trace.Span) -> None:
        self._tracer, self._span = tracer, span

    @property
    def trace_id(self) -> str:
        """As `Span.trace_id`."""
        context = self._span.get_span_context()
        return trace.format_trace_id(context.trace_id) if context.trace_flags.sampled else ""

    @property
    def traceparent(self) -> str:
        """As `Span.traceparent`."""
        context = self._span.get_span_context()
        if not context.is_valid:
            return ""
        ids = f"{trace.format_trace_id(context.trace_id)}-{trace.format_span_id(context.span_id)}"
        return f"00-{ids}-{context.trace_flags:02x}"

    def child(
        self, name: str, kind: Kind = "internal", attributes: Attributes | None = None, began: int | None = None
    ) -> "OtlpSpan":
        """As `Span.child`."""
        parent = trace.set_span_in_context(self._span, Context())
        span = self._tracer.start_span(name, parent, _KINDS[kind], dict(attributes or {}), start_time=began)
        return OtlpSpan(self._tracer, span)

    def rename(self, name: str) -> None:
        """As `Span.rename`."""
        if self._span.is_recording():
            self._span.update_name(name)

    def note(self, attributes: Attributes) -> None:
        """As `Span.note`; nothing once it has ended, as when a check goes on whose learner left."""
        if self._span.is_recording():
            self._span.set_attributes(dict(attributes))

    def links_to(self, other: Span) -> None:
        """As `Span.links_to`."""
        if isinstance(other, OtlpSpan) and self._span.is_recording():
            self._span.add_link(other._span.get_span_context())

    def end(self, error: str = "") -> None:
        """As `Span.end`."""
        if not self._span.is_recording():
            return
        if error:
            self._span.set_attribute("error.type", error)
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.end()


class _Complaints(logging.Handler):
    """Says once a minute what OpenTelemetry says of every batch that the collector does not take.

    Not of batches of another tracer: one whose collector is away tries on for seconds after it was closed.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._logger, self._said = logging.getLogger("opentelemetry"), -_SAID_AGAIN
        self._logger.addHandler(self)
        self._logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Called from the thread that sends, or from one that puts a span into the queue."""
        if _sending_for.get(self) is not self:
            return
        now = time.monotonic()
        if now - self._said >= _SAID_AGAIN:
            self._said = now
            _log.warning("traces are not taken", reason=record.getMessage())

    def end(self) -> None:
        """Let OpenTelemetry speak for itself again."""
        self._logger.removeHandler(self)
        self._logger.propagate = True


_sending_for: ContextVar[_Complaints] = ContextVar("sending_for")
"""Whose batch the thread sends."""


class _Heard(SpanExporter):
    """Sends batches, and lets their tracer hear what is said of them."""

    def __init__(self, exporter: SpanExporter, complaints: _Complaints) -> None:
        self._exporter, self._complaints = exporter, complaints

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """As `SpanExporter.export`."""
        token = _sending_for.set(self._complaints)
        try:
            return self._exporter.export(spans)
        finally:
            _sending_for.reset(token)

    def shutdown(self) -> None:
        """As `SpanExporter.shutdown`."""
        self._exporter.shutdown()
