from prometheus_client import CollectorRegistry, Counter

from feedback.firewall.leak import Leak


class WordsMetrics:
    """Figures about words for feedback, in the registry of `feedback`. Labels have few values and never a text."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._words = Counter(
            "caseloop_words",
            "Feedback worded, by how: `model`, or why the words are the rules'.",
            ("outcome",),
            registry=registry,
        )
        self._dropped = Counter(
            "caseloop_words_dropped",
            "Sentences of a model that were not shown, by what spoke against them.",
            ("reason",),
            registry=registry,
        )
        self._leaks = Counter(
            "caseloop_words_leaks",
            "Sentences that gave something of a reference away and were stopped.",
            ("kind",),
            registry=registry,
        )

    def worded(self, outcome: str) -> None:
        """Count a feedback."""
        self._words.labels(outcome).inc()

    def dropped(self, reason: str) -> None:
        """Count a sentence that is not shown."""
        self._dropped.labels(reason).inc()

    def leaked(self, leak: Leak) -> None:
        """Count a sentence that the firewall stopped."""
        self._leaks.labels(leak.kind).inc()
