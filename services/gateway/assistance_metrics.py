from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120)


class AssistanceMetrics:
    """Figures about words, hints and conversations as learners got them, in the gateway's registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._words = Counter(
            "caseloop_lab_words",
            "Judged versions that a model was asked to word, by who worded them.",
            ("words_by",),
            registry=registry,
        )
        self._words_joined = Counter(
            "caseloop_lab_words_joined", "Requests for words that joined an equal one under way.", registry=registry
        )
        self._words_failed = Counter(
            "caseloop_lab_words_failed", "Words that did not come to be, by reason.", ("error",), registry=registry
        )
        self._words_seconds = Histogram(
            "caseloop_lab_words_seconds", "From the question to the words kept.", registry=registry, buckets=_SECONDS
        )
        self._hints = Counter("caseloop_lab_hints_asked", "Hints asked for, by kind.", ("kind",), registry=registry)
        self._answers = Counter(
            "caseloop_lab_chat_answers",
            "Answers of the assistant, by who worded them.",
            ("words_by",),
            registry=registry,
        )
        self._chat_failed = Counter(
            "caseloop_lab_chat_failed", "Messages without an answer, by reason.", ("error",), registry=registry
        )
        self._chat_first = Histogram(
            "caseloop_lab_chat_first_words_seconds",
            "From the message to the first words of the answer.",
            registry=registry,
            buckets=_SECONDS,
        )

    def worded(self, words_by: str, seconds: float) -> None:
        """Count a version's words, and note how long they took."""
        self._words.labels(words_by).inc()
        self._words_seconds.observe(seconds)

    def words_joined(self) -> None:
        """Count a request that joined an equal one."""
        self._words_joined.inc()

    def words_failed(self, error: str) -> None:
        """Count words that did not come to be."""
        self._words_failed.labels(error).inc()

    def hint_asked(self, kind: str) -> None:
        """Count a hint that was asked for and not refused."""
        self._hints.labels(kind).inc()

    def chat_answered(self, words_by: str | None) -> None:
        """Count an answer."""
        self._answers.labels(words_by or "rules").inc()

    def chat_failed(self, error: str) -> None:
        """Count a message that got no answer."""
        self._chat_failed.labels(error).inc()

    def chat_first(self, seconds: float) -> None:
        """Note how long a learner waited for the first words of an answer."""
        self._chat_first.observe(seconds)
