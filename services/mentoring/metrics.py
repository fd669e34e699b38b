from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400, 259200)


class MentoringMetrics:
    """Figures about escalations and remembered answers, in the registry of `mentoring`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._opened = Counter(
            "caseloop_escalations", "Escalations opened, and reopened.", ("case", "reason"), registry=registry
        )
        self._answered = Counter("caseloop_escalation_answers", "Answers of mentors.", ("case",), registry=registry)
        self._first = Histogram(
            "caseloop_escalation_first_answer_seconds",
            "From a learner's question to the first answer.",
            ("case",),
            registry=registry,
            buckets=_SECONDS,
        )
        self._given = Counter(
            "caseloop_remembered_given",
            "Remembered answers given, one a check and finding.",
            ("case",),
            registry=registry,
        )
        self._rated = Counter(
            "caseloop_mentor_ratings",
            "Ratings of mentors' answers, given in person or remembered.",
            ("case", "answer", "helpful"),
            registry=registry,
        )
        self._mails = Counter("caseloop_mails", "Mails, by what became of them.", ("outcome",), registry=registry)
        self._refused = Counter(
            "caseloop_mentoring_refused", "Calls refused: not_a_mentor, not_theirs.", ("reason",), registry=registry
        )
        self._waiting = Gauge("caseloop_escalations_waiting", "Escalations in the queue.", registry=registry)
        self._longest = Gauge(
            "caseloop_escalations_longest_wait_seconds", "How long the first of them waits.", registry=registry
        )
        self._saved = Gauge(
            "caseloop_minutes_saved",
            "Minutes that remembered answers have spared mentors in the last seven days.",
            ("case",),
            registry=registry,
        )

    def opened(self, case: str, reason: str) -> None:
        """Count a question, or one that came back."""
        self._opened.labels(case, reason).inc()

    def answered(self, case: str, first_after: float | None) -> None:
        """Count an answer; `first_after`: seconds since the question, None when it is not the first."""
        self._answered.labels(case).inc()
        if first_after is not None:
            self._first.labels(case).observe(first_after)

    def given(self, case: str, count: int) -> None:
        """Count remembered answers that a check got."""
        self._given.labels(case).inc(count)

    def rated(self, case: str, answer: str, *, helpful: bool) -> None:
        """Count a rating. `answer`: mentor or remembered."""
        self._rated.labels(case, answer, "yes" if helpful else "no").inc()

    def mailed(self, outcome: str) -> None:
        """Count a mail: sent, refused or given_up."""
        self._mails.labels(outcome).inc()

    def refused(self, reason: str) -> None:
        """Count a call that nobody honest makes."""
        self._refused.labels(reason).inc()

    def queue(self, waiting: int, longest_seconds: float) -> None:
        """Set how the queue stands."""
        self._waiting.set(waiting)
        self._longest.set(longest_seconds)

    def saved(self, minutes: Mapping[str, float]) -> None:
        """Set the minutes of each case that has any; the others have none any more."""
        self._saved.clear()
        for case, saved in minutes.items():
            self._saved.labels(case).set(saved)
