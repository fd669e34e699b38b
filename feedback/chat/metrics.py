from prometheus_client import CollectorRegistry, Counter

from feedback.firewall.leak import Leak
from services.contracts.assistance import WordsBy


class ChatMetrics:
    """Figures about conversations, in the registry of `feedback`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "caseloop_chat_answers",
            "Answers, by who wrote them, and why rules did: no_model, off_topic, guessing, leak, an objection, or what "
            "the model failed with.",
            ("words_by", "reason"),
            registry=registry,
        )
        self._leaks = Counter(
            "caseloop_chat_leaks",
            "Answers that gave something of a reference away and were stopped.",
            ("kind",),
            registry=registry,
        )
        self._left = Counter(
            "caseloop_chat_left", "Questions whose learner went away before the answer.", registry=registry
        )
        self._summaries = Counter(
            "caseloop_chat_summaries", "Summaries of talks, by who wrote them.", ("words_by",), registry=registry
        )

    def answered(self, words_by: WordsBy, reason: str) -> None:
        """Count an answer that was kept. `reason`: why rules wrote it, empty for a model's."""
        self._answers.labels(words_by, reason).inc()

    def leaked(self, leak: Leak) -> None:
        """Count an answer that the firewall stopped."""
        self._leaks.labels(leak.kind).inc()

    def left(self) -> None:
        """Count a learner who did not wait."""
        self._left.inc()

    def summarised(self, words_by: WordsBy) -> None:
        """Count a summary."""
        self._summaries.labels(words_by).inc()
