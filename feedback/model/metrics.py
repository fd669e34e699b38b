from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from feedback.model.breaker import Breaker
from feedback.model.port import Purpose, Usage
from feedback.model.slots import Slots

_SECONDS: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60)
_FIRST_SECONDS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class ModelMetrics:
    """Figures about a model server, with labels of few values and never a text."""

    def __init__(self, registry: CollectorRegistry, slots: Slots, breaker: Breaker) -> None:
        def counter(name: str, says: str, *labels: str) -> Counter:
            return Counter(f"caseloop_model_{name}", says, labels, registry=registry)

        self._requests = counter("requests", "Answers asked for, by how they ended.", "purpose", "outcome")
        self._attempts = counter("attempts", "Requests made at the server, repeated ones included.", "purpose")
        self._tokens = counter("tokens", "Tokens: of prompts, of these from the server's cache, of answers.", "kind")
        self._first = Histogram(
            "caseloop_model_first_token_seconds",
            "From having a slot to the first piece of the answer.",
            ("purpose",),
            registry=registry,
            buckets=_FIRST_SECONDS,
        )
        self._seconds = Histogram(
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

    def attempted(self, purpose: Purpose) -> None:
        """Count a request made at the server."""
        self._attempts.labels(purpose).inc()

    def began(self, purpose: Purpose, seconds: float) -> None:
        """Note when the first piece came."""
        self._first.labels(purpose).observe(seconds)

    def ended(self, purpose: Purpose, outcome: str, seconds: float, usage: Usage) -> None:
        """Note the end. `outcome`: `answered`, `truncated`, `abandoned` or a ModelError's reason."""
        self._requests.labels(purpose, outcome).inc()
        self._seconds.labels(purpose).observe(seconds)
        self._tokens.labels("prompt").inc(usage.prompt)
        self._tokens.labels("cached").inc(usage.cached)
        self._tokens.labels("completion").inc(usage.completion)
