from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300)


class CheckMetrics:
    """Figures about checks, in the gateway's registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._verdicts = Counter(
            "caseloop_checks",
            "Checks that were judged, by case and verdict.",
            # A case that was never published has no environment, so nobody can make up names for it.
            ("case", "verdict"),
            registry=registry,
        )
        self._repeated = Counter(
            "caseloop_checks_repeated", "Checks answered from an earlier verdict.", registry=registry
        )
        self._joined = Counter(
            "caseloop_checks_joined", "Checks that joined an equal one under way.", registry=registry
        )
        self._failed = Counter(
            "caseloop_checks_failed", "Checks that ended in an error.", ("error",), registry=registry
        )
        self._first = Histogram(
            "caseloop_check_first_event_seconds",
            "From the click to the first event.",
            registry=registry,
            buckets=_SECONDS,
        )
        self._feedback = Histogram(
            "caseloop_check_feedback_seconds", "From the click to the feedback.", registry=registry, buckets=_SECONDS
        )

    def judged(self, case: str, verdict: str) -> None:
        """Count a verdict that was written down."""
        self._verdicts.labels(case, verdict).inc()

    def repeated(self) -> None:
        """Count a check that was answered from an earlier verdict."""
        self._repeated.inc()

    def joined(self) -> None:
        """Count a check that joined an equal one."""
        self._joined.inc()

    def failed(self, error: str) -> None:
        """Count a check that ended without feedback."""
        self._failed.labels(error).inc()

    def first_event(self, seconds: float) -> None:
        """Note how long a learner waited for the first sign."""
        self._first.observe(seconds)

    def feedback(self, seconds: float) -> None:
        """Note how long a learner waited for the feedback."""
        self._feedback.observe(seconds)
