import asyncio
from collections.abc import Sequence

from feedback.hints.engines import Candidate, RepairEngine
from feedback.hints.prompting import AnswerCells, Prompts
from feedback.hints.speed import Stopwatch
from feedback.hints.task import Answers, HintTask
from feedback.hints.trace import Trace
from feedback.hints.trials import Repair, Trials
from feedback.model.port import BadAnswer, ChatModel, ModelError, ModelRequest
from feedback.model.structured import structured
from services.contracts.feedback import CheckRequest, Feedback


class Repairing:
    """Finds what would put the learner's work right, or do the same faster: by the model, then by the engines."""

    def __init__(
        self,
        task: HintTask,
        model: ChatModel,
        engines: Sequence[RepairEngine],
        trials: Trials,
        stopwatch: Stopwatch,
        prompts: Prompts,
        trace: Trace,
    ) -> None:
        self._task, self._model, self._engines, self._trials = task, model, engines, trials
        self._stopwatch, self._prompts, self._trace = stopwatch, prompts, trace
        self.mine_ms: float | None = None
        """CPU time of the learner's own answer, once it has been measured."""

    async def nearest(self, feedback: Feedback) -> Repair | None:
        """The verified repair that is nearest to the learner's code, or None. Raises ModelError, HintNotMade."""
        asked = [self._prompts.repair(feedback.findings, seed) for seed in self._seeds()]
        await self._trials.verify(await self._first(asked))
        if self._trials.nearest is None:
            await self._trials.verify(await self._proposed(last_resort=True))
        return self._trials.nearest

    async def fastest(self) -> Repair | None:
        """The verified version that takes least CPU time, and noticeably less than the learner's, or None.

        Raises ModelError, HintNotMade.
        """
        self.mine_ms = await self._time(self._task.with_answers({}))
        if self.mine_ms is None:
            return None
        self._trace.note(cpu_ms=round(self.mine_ms, 3))
        asked = [self._prompts.faster(seed) for seed in self._seeds()]
        await self._trials.verify(await self._first(asked))
        return await self._faster() or await self._faster_of_accepted()

    async def is_faster(self, answers: Answers) -> bool:
        """Whether these answers take noticeably less time than the learner's. Raises HintNotMade."""
        spent = await self._time(self._task.with_answers(answers))
        return spent is not None and self.mine_ms is not None and self._stopwatch.is_faster(spent, self.mine_ms)

    async def _faster_of_accepted(self) -> Repair | None:
        self._trials.verified.clear()
        await self._trials.verify(await self._proposed(last_resort=True))
        return await self._faster()

    async def _faster(self) -> Repair | None:
        """The fastest of what has passed the checks, where it is noticeably faster than the learner's."""
        timed = [await self._timed(repair) for repair in self._trials.verified]
        mine = self.mine_ms or 0.0
        faster = [r for r in timed if r.cpu_ms is not None and self._stopwatch.is_faster(r.cpu_ms, mine)]
        return min(faster, key=lambda repair: repair.cpu_ms or 0.0, default=None)

    async def _first(self, asked: Sequence[ModelRequest]) -> list[Candidate]:
        return [*await self._by_model(asked), *await self._proposed(last_resort=False)]

    async def _by_model(self, asked: Sequence[ModelRequest]) -> list[Candidate]:
        """What the model answers with in time. Raises ModelError when the server, not the answers, is the trouble."""
        answers = await asyncio.gather(*(self._ask(request) for request in asked), return_exceptions=True)
        found, troubles = [], []
        for answer in answers:
            match answer:
                case Candidate():
                    found.append(answer)
                case BadAnswer():
                    self._trace.add("troubles", {"purpose": "repair", "reason": answer.reason})
                case ModelError():
                    self._trace.add("troubles", {"purpose": "repair", "reason": answer.reason})
                    troubles.append(answer)
                case BaseException():
                    raise answer
        if troubles and len(troubles) == len(answers):
            raise troubles[0]
        return found

    async def _ask(self, request: ModelRequest) -> Candidate:
        self._trace.prompt(request)
        answer = await structured(self._model, request, AnswerCells)
        return Candidate("model", answer.answers(self._task.answers))

    async def _proposed(self, *, last_resort: bool) -> list[Candidate]:
        engines = [engine for engine in self._engines if engine.last_resort is last_resort]
        return [candidate for engine in engines for candidate in await engine.candidates(self._task)]

    async def _timed(self, repair: Repair) -> Repair:
        spent = await self._time(self._task.with_answers(repair.candidate.answers))
        self._trace.add("timed", {"origin": repair.candidate.origin, "cpu_ms": spent})
        return Repair(repair.candidate, repair.distance, spent)

    async def _time(self, request: CheckRequest) -> float | None:
        return await self._stopwatch.cpu_ms(self._task, request)

    def _seeds(self) -> range:
        return range(1, self._prompts.settings.repairs + 1)
