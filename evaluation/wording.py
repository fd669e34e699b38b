"""A model's words for samples, by the very service that words learners' feedback."""

import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from evaluation.suites.sample import Sample
from feedback.assistance.service import AssistanceService
from feedback.model.port import ChatModel, ModelAnswer, ModelDelta, ModelRequest
from feedback.ports import Firewalls
from feedback.words.service import WordsService
from feedback.words.settings import WordsSettings
from services.contracts.assistance import AiChoice
from services.contracts.case import AuthorCase
from services.contracts.feedback import Feedback
from services.contracts.identity import Role, ScopeClaims
from services.contracts.words import Worded, WordsRequest
from services.kit.clock import utc_now
from services.kit.database import Database
from services.kit.migrations import migrate

_NOBODY: Final = "evaluation"
"""Whom the words are for: a learner who is none."""


@dataclass
class Tokens:
    """What was sent to a model, and what came from it."""

    prompt: int = 0
    completion: int = 0


_spent: ContextVar[Tokens | None] = ContextVar("_spent", default=None)


@contextmanager
def metering() -> Iterator[Tokens]:
    """Counts what metered models are asked for within the block."""
    tokens = Tokens()
    token = _spent.set(tokens)
    try:
        yield tokens
    finally:
        _spent.reset(token)


class Metered:
    """A chat model whose tokens are counted for whoever asks."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model's own."""
        return self._model.name

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelDelta | ModelAnswer, None]:
        """As the model's."""
        parts, tokens = self._model.stream(request), _spent.get()
        try:
            async for part in parts:
                if isinstance(part, ModelAnswer) and tokens is not None:
                    tokens.prompt += part.usage.prompt
                    tokens.completion += part.usage.completion
                yield part
        finally:
            await parts.aclose()


@dataclass
class _Cases:
    """The case versions that samples are of."""

    known: dict[str, AuthorCase] = field(default_factory=dict)

    async def author(self, version: str) -> AuthorCase:
        """One that was asked about."""
        return self.known[version]


class ServiceWording:
    """Words by `WordsService`."""

    def __init__(self, words: WordsService, choices: AssistanceService, cases: _Cases) -> None:
        self._words, self._choices, self._cases = words, choices, cases

    async def worded(self, case: AuthorCase, sample: Sample, feedback: Feedback) -> tuple[Feedback, int, int]:
        """The feedback in the model's words, or in the rules' where the model has none that may be shown."""
        scope = ScopeClaims(
            user=_NOBODY,
            role=Role.LEARNER,
            case=case.id,
            case_version=case.version,
            subtask=sample.subtask,
            strictness=case.strictness,
            expires=utc_now() + timedelta(minutes=10),
        )
        if case.version not in self._cases.known:
            await self._choices.choose(scope, AiChoice(ai=True))
            self._cases.known[case.version] = case
        with metering() as tokens:
            request = WordsRequest(subtask=sample.subtask, cells=sample.cells, feedback=feedback)
            async for part in self._words.words(request, scope):
                if isinstance(part, Worded):
                    said = part.words
                    words = {"headline": said.headline, "warnings": said.warnings, "remarks": said.remarks}
                    feedback = feedback.model_copy(update={**words, "words_by": said.words_by})
        return feedback, tokens.prompt, tokens.completion


@asynccontextmanager
async def open_wording(model: ChatModel, firewalls: Firewalls) -> AsyncIterator[ServiceWording]:
    """For as long as the block runs; what the service writes down of its uses goes with it."""
    with tempfile.TemporaryDirectory(prefix="caseloop-eval-") as folder:
        db = Database(f"sqlite+aiosqlite:///{Path(folder) / 'feedback.sqlite'}")
        try:
            await migrate(db, "feedback")
            cases, choices = _Cases(), AssistanceService(db, model.name, remote=False)
            words = WordsService(db, cases, choices, firewalls, Metered(model), WordsSettings(), CollectorRegistry())
            yield ServiceWording(words, choices, cases)
        finally:
            await db.close()
