import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace

import structlog

from feedback.baseline import Baseline, Baselines, submission_seed
from feedback.errors import SubtaskNotFound
from feedback.evidence.clues import Behaves
from feedback.evidence.odd_behaviour import odd_behaviour
from feedback.findings.voice import Voice
from feedback.judgement import Judgement, judge
from feedback.known_flaws import flaw_of
from feedback.notebook.repair import NotebookTooLarge, Repaired, repair
from feedback.plan import Plan, plan_behaviour, plan_run
from feedback.ports import Runs
from feedback.running import PlatformFailed, observe, observed
from feedback.single_flight import SingleFlight
from feedback.words.port import Draft, Words
from services.contracts.case import AuthorCase, Subtask
from services.contracts.feedback import CheckEvent, CheckRequest, Feedback, Judged, Stage, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.notebook import cells_digest
from services.contracts.observation import CellStarted, Observation

_log = structlog.get_logger(__name__)


class Checker:
    """Judges submissions: restore, run, compare, word. Used by the service and by grading without a server alike."""

    def __init__(self, runs: Runs, baselines: Baselines, words: Words) -> None:
        self.runs, self.baselines, self._words = runs, baselines, words
        self._voices = SingleFlight[str, Voice](64)

    async def check(self, case: AuthorCase, request: CheckRequest) -> AsyncGenerator[CheckEvent]:
        """Judge a notebook for one subtask; stages arrive as they begin and the last part is Judged.

        What the platform or the case gets wrong is a Judged, too (`could_not_judge`).

        Raises:
            SubtaskNotFound: the case version has no such subtask.
        """
        started = time.perf_counter()
        subtask = case.subtask(request.subtask)
        if subtask is None:
            known = ", ".join(s.view.id for s in case.subtasks)
            raise SubtaskNotFound(f"This case has no step {request.subtask!r}; it has: {known}.")
        repairs: tuple[str, ...] = ()
        judgement: Judgement | None = None
        async with aclosing(self._judged(case, subtask, request)) as parts:
            async for part in parts:
                if isinstance(part, Stage):
                    yield part
                elif isinstance(part, Repaired):
                    repairs = part.repairs
                else:
                    judgement = part
        assert judgement is not None
        if judgement.verdict is Verdict.NEEDS_WORK:
            yield Stage(name="wording")
        feedback = await self.worded(judgement, repairs)
        wall_ms = (time.perf_counter() - started) * 1000
        yield Judged(feedback=feedback.model_copy(update={"wall_ms": round(wall_ms, 3)}))

    async def _judged(
        self, case: AuthorCase, subtask: Subtask, request: CheckRequest
    ) -> AsyncGenerator[Stage | Repaired | Judgement]:
        yield Stage(name="restoring")
        try:
            repaired = await asyncio.to_thread(repair, case, request.cells)
        except NotebookTooLarge as error:
            yield _too_large(subtask, str(error))
            return
        yield repaired
        try:
            baseline = await self.baselines.of(case, subtask)
            if baseline.faults:
                yield _case_at_fault(case, subtask, baseline.faults)
                return
            async with aclosing(self._compared(case, subtask, request, repaired, baseline)) as parts:
                async for part in parts:
                    yield part
        except PlatformFailed as error:
            _log.error("check could not be run", case=case.id, subtask=subtask.view.id, error=str(error))
            yield Judgement(Verdict.COULD_NOT_JUDGE, "platform", max_points=subtask.view.points)

    async def _compared(
        self, case: AuthorCase, subtask: Subtask, request: CheckRequest, repaired: Repaired, baseline: Baseline
    ) -> AsyncGenerator[Stage | Judgement]:
        seed = submission_seed(case, subtask, cells_digest(subtask.view.id, request.cells), request.seed)
        plan = plan_run(case, subtask, repaired, seed)
        observation: Observation | None = None
        async with aclosing(observe(self.runs, plan.request)) as parts:
            async for part in parts:
                if isinstance(part, CellStarted):
                    yield Stage(name="running", index=part.index, count=part.count)
                else:
                    observation = part
        assert observation is not None
        yield Stage(name="comparing")
        voice = (await self._voices.get(case.version, lambda: _voice(case))).joined_by(request.cells)
        reference = baseline.observations[seed]
        judgement = await asyncio.to_thread(judge, plan.asked, observation, reference, voice, repaired.missing)
        behaviour = await self._behaviour(case, plan, judgement, observation)
        if behaviour:
            judgement = await asyncio.to_thread(
                judge, plan.asked, observation, reference, voice, repaired.missing, behaviour
            )
        yield await self._remembered(case, plan, judgement, observation)

    async def _behaviour(
        self, case: AuthorCase, plan: Plan, judgement: Judgement, seen: Observation
    ) -> tuple[Behaves, ...]:
        """How the results of work that is not right come about: a second run, where there is something to ask."""
        again = plan_behaviour(plan) if judgement.verdict is Verdict.NEEDS_WORK and seen.complete else None
        if again is None:
            return ()
        try:
            reference = await self.baselines.behaviour(case, plan.asked.subtask)
            observation = await observed(self.runs, again.request)
        except PlatformFailed as error:
            # The verdict stands without it.
            _log.warning("behaviour could not be looked at", case=case.id, error=str(error))
            return ()
        return odd_behaviour(plan.asked, observation, reference) if reference is not None else ()

    async def _remembered(self, case: AuthorCase, plan: Plan, judgement: Judgement, seen: Observation) -> Judgement:
        """Attach a mentor's words to each finding that is one known flaw and no other."""
        if not judgement.findings:
            return judgement
        try:
            known = await self.baselines.flaws(case, plan.asked.subtask)
        except PlatformFailed as error:
            # The verdict stands without them.
            _log.warning("known flaws could not be run", case=case.id, error=str(error))
            return judgement
        words = {flaw.id: flaw.words for flaw in case.flaws}
        found = []
        for finding in judgement.findings:
            flaw = flaw_of(finding.signature, known, plan.asked, seen)
            found.append(finding.model_copy(update={"mentor": words[flaw]}) if flaw else finding)
        return replace(judgement, findings=tuple(found))

    async def worded(self, judgement: Judgement, repairs: tuple[str, ...] = ()) -> Feedback:
        """Put a judgement into words."""
        draft = Draft(judgement.verdict, judgement.fault, judgement.findings, judgement.checks)
        worded = await self._words.write(draft)
        return Feedback(
            verdict=judgement.verdict,
            fault=judgement.fault,
            headline=worded.headline,
            warnings=worded.warnings,
            remarks=worded.remarks,
            findings=judgement.findings,
            checks=judgement.checks,
            points=judgement.points,
            max_points=judgement.max_points,
            repairs=repairs,
            words_by=worded.words_by,
        )


async def _voice(case: AuthorCase) -> Voice:
    return Voice.of(case)


def _case_at_fault(case: AuthorCase, subtask: Subtask, faults: Sequence[Evidence]) -> Judgement:
    _log.error("the case cannot judge", case=case.id, version=case.version, faults=[f.fact for f in faults])
    finding = Finding(
        id="1-case",
        kind="case",
        severity="error",
        subtask=subtask.view.id,
        message="This step's own solution does not pass its own checks, so nobody's work can be judged by them.",
        evidence=tuple(faults),
        signature=f"{subtask.view.id}|case",
    )
    return Judgement(Verdict.COULD_NOT_JUDGE, "case", (finding,), max_points=subtask.view.points)


def _too_large(subtask: Subtask, detail: str) -> Judgement:
    finding = Finding(
        id="1-notebook",
        kind="notebook",
        severity="error",
        subtask=subtask.view.id,
        message=detail,
        evidence=(Evidence(kind="notebook", subject="notebook", aspect="size", fact=detail),),
        signature=f"{subtask.view.id}|notebook|notebook|size",
    )
    return Judgement(Verdict.NEEDS_WORK, "learner", (finding,), max_points=subtask.view.points)


PLATFORM_FAILED = Judgement(Verdict.COULD_NOT_JUDGE, "platform")


async def last(events: AsyncIterator[CheckEvent]) -> Feedback:
    """The feedback at the end of a check's events."""
    feedback = None
    async for event in events:
        if isinstance(event, Judged):
            feedback = event.feedback
    if feedback is None:
        raise ValueError("the check ended without a verdict")
    return feedback
