import time
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from feedback.model.breaker import Breaker
from feedback.model.port import Purpose, Usage
from feedback.model.slots import Slots
from services.kit.tracing import current_span

_log = structlog.get_logger(__name__)
_SECONDS: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60)
_FIRST_SECONDS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class ModelMetrics:
    """Figures about a model server, with labels of few values and never a text."""

    def __init__(self, registry: CollectorRegistry, slots: Slots, breaker: Breaker) -> None:
        def counter(name: str, says: str, *labels: str) -> Counter:
            return Counter(f"caseloop_model_{name}", says, labels, registry=registry)

        self.requests = counter("requests", "Answers asked for, by how they ended.", "purpose", "outcome")
        self.attempts = counter("attempts", "Requests made at the server, repeated ones included.", "purpose")
        self.tokens = counter("tokens", "Tokens: of prompts, of these from the server's cache, of answers.", "kind")
        self.first = Histogram(
            "caseloop_model_first_token_seconds",
            "From having a slot to the first piece of the answer.",
            ("purpose",),
            registry=registry,
            buckets=_FIRST_SECONDS,
        )
        self.seconds = Histogram(
            "caseloop_model_seconds",
            "From asking to the end of the answer, waiting for a slot included.",
            ("purpose",),
            registry=registry,
            buckets=_SECONDS,
        )
        held = Gauge(
            "caseloop_model_slots", "Requests with a slot, and waiting for one.", ("state",), registry=registry
        )
        held.labels("in_use").set_function(lambda: slots.in_use)
        held.labels("waiting").set_function(lambda: slots.waiting)
        open_ = Gauge("caseloop_model_breaker_open", "1 while the server is left alone or on trial.", registry=registry)
        open_.set_function(lambda: not breaker.closed)

    def course(self, purpose: Purpose, model: str, kind: str) -> "Course":
        """Begin to watch one answer of a model; `kind` as in the settings."""
        return Course(self, purpose, model, kind)


class Course:
    """The way of one answer, from asking to its end: what is counted of it, its line in the log, its span in a trace.

    None of them holds a text of the prompt or of the answer.
    """

    def __init__(self, metrics: ModelMetrics, purpose: Purpose, model: str, kind: str) -> None:
        self._metrics, self._purpose = metrics, purpose
        asked = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": kind,
            "gen_ai.request.model": model,
            "caseloop.purpose": purpose,
        }
        request = current_span()
        self._span = None if request is None else request.child(f"chat {model}", "client", asked)
        self._asked = self._admitted = self._began = time.perf_counter()
        self._attempts = 0
        self.outcome = "abandoned"
        """`answered`, `truncated`, `abandoned` or a ModelError's reason."""
        self.detail: str | None = None
        """Why there is no answer."""
        self.usage = Usage()

    def admitted(self) -> None:
        """It has a slot."""
        self._admitted = self._began = time.perf_counter()

    def attempted(self) -> None:
        """A request was made at the server."""
        self._attempts += 1
        self._metrics.attempts.labels(self._purpose).inc()

    def began(self) -> None:
        """The first piece came."""
        self._began = time.perf_counter()
        self._metrics.first.labels(self._purpose).observe(self._began - self._admitted)

    def end(self) -> None:
        """It is over, however it went."""
        seconds = time.perf_counter() - self._asked
        self._metrics.requests.labels(self._purpose, self.outcome).inc()
        self._metrics.seconds.labels(self._purpose).observe(seconds)
        for kind, count in vars(self.usage).items():
            self._metrics.tokens.labels(kind).inc(count)
        waited_ms, first_ms = (round(lap * 1e3) for lap in (self._admitted - self._asked, self._began - self._admitted))
        if self._span is not None:
            self._span.note(
                {
                    "gen_ai.usage.input_tokens": self.usage.prompt,
                    "gen_ai.usage.output_tokens": self.usage.completion,
                    "caseloop.outcome": self.outcome,
                    "caseloop.attempts": self._attempts,
                    "caseloop.waited_ms": waited_ms,
                    "caseloop.first_ms": first_ms,
                }
            )
            self._span.end("" if self.outcome in ("answered", "truncated") else self.outcome)
        tell = _log.info if self.detail is None else _log.warning
        tell(
            "model",
            purpose=self._purpose,
            outcome=self.outcome,
            detail=self.detail,
            attempts=self._attempts,
            waited_ms=waited_ms,
            first_ms=first_ms,
            total_ms=round(seconds * 1e3),
            **vars(self.usage),
        )
