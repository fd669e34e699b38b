import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from feedback.assistance.reflection import enough
from feedback.hints.difference import differences
from feedback.hints.engines import AcceptedSolutions, RepairEngine
from feedback.hints.ladder import ALREADY_RIGHT, FAST_ALREADY, ladder_step
from feedback.hints.objections import TOLD, Objections
from feedback.hints.ports import Watch
from feedback.hints.prompting import AnswerCells, Prompts, WrittenHint
from feedback.hints.repairing import Repairing
from feedback.hints.settings import HintSettings
from feedback.hints.speed import Stopwatch
from feedback.hints.task import HintTask, Made, Unmade
from feedback.hints.trace import Trace
from feedback.hints.trials import Repair, Trials, helps
from feedback.model.port import BadAnswer, ChatModel, ModelError
from feedback.model.structured import structured
from feedback.notebook.repair import NotebookTooLarge
from feedback.pipeline import Checker
from feedback.ports import Firewalls, Runs
from feedback.prompts.channel import visible
from services.contracts.feedback import Feedback, Verdict

_TURNS: Final = 2
"""A hint is written, and once rewritten."""
_REPAIRING_SHARE: Final = 0.6
"""Of the time budget; the rest is for words."""


class HintPipeline:
    """Makes hints: judge, repair, word, try out. Knows neither the database nor who waits.

    Args:
        checker, runs: what judges a submission, and the runner beneath it, for measuring time.
        model: None: rules write every hint.
        engines: what proposes repairs besides the model.
    """

    def __init__(
        self,
        checker: Checker,
        runs: Runs,
        model: ChatModel | None,
        firewalls: Firewalls,
        settings: HintSettings | None = None,
        engines: Sequence[RepairEngine] = (AcceptedSolutions(),),
    ) -> None:
        self._checker, self._runs, self._model, self._firewalls = checker, runs, model, firewalls
        self._settings, self._engines = settings or HintSettings(), engines

    async def make(self, task: HintTask, watch: Watch) -> tuple[Made | Unmade, Trace]:
        """Make one hint, and say how it came about. Raises HintNotMade when the platform failed."""
        trace = Trace(self._model.name if self._model else None)
        trials = Trials(self._checker, task, trace)
        await watch.stage("checking")
        feedback = await trials.own()
        ended = _ended(task, feedback)
        if ended is None and self._model is None:
            ended = ladder_step(task, feedback, "no_model")
        if ended is None:
            assert self._model is not None
            prompts = Prompts(task, self._settings)
            stopwatch = Stopwatch(self._runs, self._settings)
            repairing = Repairing(task, self._model, self._engines, trials, stopwatch, prompts, trace)
            firewalls = self._firewalls
            ended = await _Making(
                task, watch, trace, trials, feedback, self._model, repairing, prompts, firewalls, self._settings
            ).run()
        trace.note(outcome=ended.reason or "model")
        return ended, trace


def _ended(task: HintTask, feedback: Feedback) -> Made | Unmade | None:
    """What is clear from the verdict alone."""
    right = feedback.verdict is Verdict.APPROVED
    if feedback.verdict is Verdict.COULD_NOT_JUDGE:
        return Unmade("Something is wrong with the case itself, so no hint can be given. It was not counted.", "case")
    if right and task.kind != "optimize":
        return Made(ALREADY_RIGHT, counted=False, reason="already_right")
    if not right and task.kind == "optimize":
        return Unmade(
            "This step is not right yet, so there is nothing to make better. It was not counted.", "not_right"
        )
    return None


@dataclass
class _Making:
    """The making of one hint with a model: whatever goes wrong, the best so far, or the ladder's step, is given."""

    task: HintTask
    watch: Watch
    trace: Trace
    trials: Trials
    feedback: Feedback
    model: ChatModel
    repairing: Repairing
    prompts: Prompts
    firewalls: Firewalls
    settings: HintSettings
    best: Made | None = field(default=None, init=False)
    """A text that may be shown, and has not been found to be of no help."""

    async def run(self) -> Made:
        """The hint. Raises HintNotMade."""
        reason = "late"
        try:
            async with asyncio.timeout(self.settings.budget):
                ended = await self._by_model()
                if isinstance(ended, Made):
                    return ended
                reason = ended
        except TimeoutError:
            self.trace.add("troubles", {"reason": "late"})
        except ModelError as error:
            reason = error.reason
            self.trace.add("troubles", {"reason": reason})
        except NotebookTooLarge:
            reason = "too_large"
        return self.best or ladder_step(self.task, self.feedback, reason)

    async def _by_model(self) -> Made | str:
        """The hint, or why rules must write it."""
        await self.watch.stage("repairing")
        repair = await self._repair()
        if repair is None and self.task.kind == "optimize":
            return Made(FAST_ALREADY, counted=False, reason="fast_already")
        if repair is not None:
            self.trace.note(chosen=repair.candidate.origin, winner=dict(repair.candidate.answers))
        objection: str | None = None
        for _ in range(_TURNS):
            await self.watch.stage("wording")
            text, objection = await self._written(repair, objection)
            if objection is not None:
                continue
            place = None if self.task.kind == "plan" or not self.feedback.findings else self.feedback.findings[0].place
            self.best = Made(text, place, "model")
            await self.watch.stage("trying")
            if await self._helps(text):
                return self.best
            self.best, objection = None, "no_help"
            self.trace.object(objection)
        return objection or "no_help"

    async def _repair(self) -> Repair | None:
        # What has passed the checks when its share of the time is over is good enough.
        with suppress(TimeoutError):
            async with asyncio.timeout(self.settings.budget * _REPAIRING_SHARE):
                if self.task.kind == "optimize":
                    return await self.repairing.fastest()
                return await self.repairing.nearest(self.feedback)
        self.trace.add("troubles", {"purpose": "repair", "reason": "late"})
        if self.task.kind == "optimize":
            # Nobody knows whether there is a faster way: neither may be claimed.
            raise TimeoutError
        return self.trials.nearest

    async def _written(self, repair: Repair | None, objection: str | None) -> tuple[str, str | None]:
        """The model's words, and what speaks against them."""
        answers = repair.candidate.answers if repair else {}
        changed = await asyncio.to_thread(differences, self.task.answers, answers)
        reflection = await self.watch.reflection()
        thought = reflection if enough(reflection) else None
        told = TOLD[objection] if objection else None
        request = self.prompts.hint(self.feedback.findings, [d.fact() for d in changed], thought, told)
        self.trace.prompt(request)
        written = await structured(self.model, request, WrittenHint)
        text = " ".join(visible(written.hint).split())
        firewall = await self.firewalls.of(self.task.case)
        objections = Objections(self.task, self.feedback, firewall, answers, thought)
        against = await asyncio.to_thread(objections.to, text) if text else "empty"
        self.trace.add(
            "written",
            {"hint": text, "explanation": written.explanation, "objection": against, "reflected": thought is not None},
        )
        return text, against

    async def _helps(self, text: str) -> bool:
        """Whether the simulated learner gets further by the text alone."""
        request = self.prompts.simulate(text)
        self.trace.prompt(request)
        try:
            answer = await structured(self.model, request, AnswerCells)
        except BadAnswer:
            # Whoever reads it writes no code any more: that is no help.
            return False
        answers = answer.answers(self.task.answers)
        if answers == self.task.answers:
            return False
        after = await self.trials.of("simulated", answers)
        if self.task.kind == "optimize":
            return after.verdict is Verdict.APPROVED and await self.repairing.is_faster(answers)
        return helps(self.feedback, after)
