"""Hostile samples answered: by the check, in a talk with the assistant, or by a hint, as learners get them."""

import hashlib
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from evaluation.bench import Bench, InProcess
from evaluation.hostile.leaking import leaking_model
from evaluation.pipeline import CannotAnswer
from evaluation.runs.result import Answer
from evaluation.suites.robustness import HintAsked, Talk, hint_of, talk_of
from evaluation.suites.sample import Sample
from evaluation.wording import Metered, Tokens, metering, open_wording
from feedback.assistance.service import AssistanceService
from feedback.chat.service import ChatService
from feedback.chat.settings import ChatSettings
from feedback.hints.pipeline import HintPipeline
from feedback.hints.task import HintNotMade, HintTask, Made
from feedback.hints.view import Stage
from feedback.model.port import ChatModel
from feedback.pipeline import last
from services.contracts.assistance import AiChoice
from services.contracts.case import AuthorCase, Quotas
from services.contracts.chat import AskChat, ChatDelta, ChatDone
from services.contracts.feedback import CheckRequest, Feedback
from services.contracts.identity import Role, ScopeClaims
from services.kit.clock import utc_now
from services.kit.database import Database
from services.kit.errors import CaseloopError
from services.kit.migrations import migrate

_LASTS: Final = timedelta(hours=1)


class HostilePipeline:
    """Answers hostile samples. What is said in a talk or a hint becomes the remarks of the feedback."""

    def __init__(self, bench: Bench, model: ChatModel, checks: InProcess, rooms: "_Rooms") -> None:
        self._bench, self._model, self._checks, self._rooms = bench, model, checks, rooms

    @property
    def made_of(self) -> dict[str, str]:
        """As the pipeline's own, and who writes."""
        return {**self._checks.made_of, "model": self._model.name, "asked": "hostile"}

    async def answer(self, sample: Sample) -> Answer:
        """What a learner would be told. Raises CannotAnswer."""
        case = self._bench.cases.get(sample.case)
        if case is None:
            raise CannotAnswer(f"the case {sample.case!r} is not open")
        talk, hint = talk_of(sample), hint_of(sample)
        if talk is None and hint is None:
            return await self._checks.answer(sample)
        started = time.perf_counter()
        with metering() as tokens:
            feedback = await self._judged(case, sample)
            try:
                said = await (self._talk(case, sample, talk, feedback) if talk else self._hint(case, sample, hint))
            except (CaseloopError, HintNotMade) as error:
                raise CannotAnswer(f"{type(error).__name__}: {error}") from error
        return _answer(feedback.model_copy(update=said), started, tokens)

    async def _judged(self, case: AuthorCase, sample: Sample) -> Feedback:
        return await last(self._bench.checker.check(case, CheckRequest(subtask=sample.subtask, cells=sample.cells)))

    async def _talk(self, case: AuthorCase, sample: Sample, talk: Talk, feedback: Feedback) -> Mapping[str, object]:
        scope = _scope(case, sample, talk)
        chat = await self._rooms.chat(case, scope, self._model, _KnownVerdict(feedback))
        said, by = [], "rules"
        try:
            for turn in talk.turns:
                shown = ""
                request = AskChat(subtask=sample.subtask, cells=sample.cells, text=turn)
                async for event in chat.ask(request, scope):
                    # What was shown and taken back was read all the same.
                    if isinstance(event, ChatDelta):
                        shown += event.text
                    elif isinstance(event, ChatDone):
                        by = "model" if event.answer.words_by == "model" else by
                        said += [shown] if shown != event.answer.text else []
                        said.append(event.answer.text)
        finally:
            await chat.close()
        return {"remarks": tuple(said), "words_by": by}

    async def _hint(self, case: AuthorCase, sample: Sample, asked: HintAsked | None) -> Mapping[str, object]:
        assert asked is not None
        subtask = case.subtask(sample.subtask)
        if subtask is None:
            raise CannotAnswer(f"the case has no step {sample.subtask!r}")
        checker = self._bench.checker
        task = HintTask(asked.kind, case, subtask, sample.cells, _scope(case, sample, Talk(turns=("",))))
        pipeline = HintPipeline(checker, checker.runs, Metered(self._model), self._bench.firewalls)
        made, _ = await pipeline.make(task, _Watch())
        return {"remarks": (made.text if isinstance(made, Made) else made.problem,), "words_by": _by(made)}


@asynccontextmanager
async def open_hostile(bench: Bench, model: ChatModel | None = None) -> AsyncIterator[HostilePipeline]:
    """For as long as the block runs. `model`: who is to be talked round; None: the one that knows and obeys."""
    model = model or leaking_model(bench.cases.values())
    with tempfile.TemporaryDirectory(prefix="caseloop-hostile-") as folder:
        db = Database(f"sqlite+aiosqlite:///{Path(folder) / 'feedback.sqlite'}")
        try:
            await migrate(db, "feedback")
            async with open_wording(model, bench.firewalls) as wording:
                worded = Bench(bench.cases, bench.checker, bench.firewalls, bench.made_of, model, wording)
                yield HostilePipeline(bench, model, InProcess(worded), _Rooms(bench, db))
        finally:
            await db.close()


@dataclass
class _KnownVerdict:
    """What the check says about the talk's code, which does not change while it lasts."""

    feedback: Feedback

    async def of(self, scope: ScopeClaims, case: AuthorCase, request: CheckRequest) -> Feedback:  # noqa: ARG002
        """The verdict."""
        return self.feedback


@dataclass
class _Rooms:
    """Where the talks take place: one database, one learner a sample."""

    bench: Bench
    db: Database
    cases: dict[str, AuthorCase] = field(default_factory=dict)

    async def author(self, version: str) -> AuthorCase:
        """A case version without quotas: attackers shall not be stopped by those."""
        return self.cases[version]

    async def chat(self, case: AuthorCase, scope: ScopeClaims, model: ChatModel, judged: _KnownVerdict) -> ChatService:
        """The assistant, for one talk."""
        self.cases[case.version] = case.model_copy(update={"quotas": Quotas()})
        choices = AssistanceService(self.db, model.name, remote=False)
        await choices.choose(scope, AiChoice(ai=True))
        firewalls, settings = self.bench.firewalls, ChatSettings()
        return ChatService(self.db, self, judged, choices, firewalls, Metered(model), settings, CollectorRegistry())


class _Watch:
    """Nobody waits, and nobody has reflected."""

    async def stage(self, stage: Stage) -> None:
        """Is not shown."""

    async def reflection(self) -> str | None:
        """None."""
        return None


def _scope(case: AuthorCase, sample: Sample, talk: Talk) -> ScopeClaims:
    return ScopeClaims(
        user=f"hostile-{hashlib.sha256(sample.id.encode()).hexdigest()[:16]}",
        role=Role.LEARNER,
        case=case.id,
        case_version=case.version,
        subtask=sample.subtask,
        strictness=case.strictness,
        scope_mode=talk.scope_mode,
        languages=talk.languages,
        expires=utc_now() + _LASTS,
    )


def _by(made: object) -> str:
    return "model" if isinstance(made, Made) and made.words_by == "model" else "rules"


def _answer(feedback: Feedback, started: float, tokens: Tokens) -> Answer:
    return Answer(
        feedback=feedback,
        wall_ms=round((time.perf_counter() - started) * 1000, 3),
        prompt_tokens=tokens.prompt,
        completion_tokens=tokens.completion,
    )
