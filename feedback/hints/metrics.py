from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from services.contracts.hint import HintKind

_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 90)


class HintMetrics:
    """Counts hints by who wrote them, and why it was not the model."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        registry = registry or CollectorRegistry()
        self._hints = Counter(
            "caseloop_hints",
            "Hints that came to an end. `reason`: why rules wrote it, or why it failed; empty: the model wrote it.",
            ("kind", "words_by", "reason"),
            registry=registry,
        )
        self._objections = Counter(
            "caseloop_hint_objections",
            "Texts of a model that were not shown: a leak, a giveaway, another language, no help …",
            ("objection",),
            registry=registry,
        )
        self._ratings = Counter(
            "caseloop_hint_ratings",
            "What learners said of hints. Whoever changes their mind is counted once more.",
            ("case", "kind", "helpful"),
            registry=registry,
        )
        self._seconds = Histogram(
            "caseloop_hint_seconds",
            "From taking up a hint to its text.",
            ("kind",),
            registry=registry,
            buckets=_SECONDS,
        )

    def objected(self, objection: str) -> None:
        """Count a text that was not shown."""
        self._objections.labels(objection).inc()

    def rated(self, case: str, kind: str, *, helpful: bool) -> None:
        """Count a rating."""
        self._ratings.labels(case, kind, "yes" if helpful else "no").inc()

    def ended(self, kind: HintKind, words_by: str, reason: str, seconds: float) -> None:
        """Count one hint. `words_by`: `failed` where there is no text."""
        self._hints.labels(kind, words_by, reason).inc()
        self._seconds.labels(kind).observe(seconds)
