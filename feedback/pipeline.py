import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

import structlog

from feedback.approved import ApprovedAnswers
from feedback.baseline import Baseline, Baselines, submission_seed
from feedback.errors import SubtaskNotFound
from feedback.evidence.clues import Behaves, Counterexample
from feedback.evidence.counterexample import failing_tries
from feedback.evidence.odd_behaviour import odd_behaviour
from feedback.findings.voice import Voice
from feedback.judgement import Judgement, Known, judge
from feedback.known_flaws import flaw_of
from feedback.notebook.repair import NotebookTooLarge, Repaired, repair
from feedback.plan import Plan, plan_behaviour, plan_run
from feedback.ports import Causes, Runs
from feedback.repair.engine import Repaired as Cause
from feedback.running import PlatformFailed, observe, observed
from feedback.single_flight import SingleFlight
from feedback.smaller_inputs import SmallerInputs
from feedback.words.port import Draft, Words
from services.contracts.case import AuthorCase, Subtask
from services.contracts.feedback import CheckEvent, CheckRequest, Feedback, Judged, Stage, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.observation import CellStarted, Keep, Observation
from services.kit.laps import Laps
from services.kit.tracing import note

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Manner:
    """How one check is made; what is judged does not depend on it."""

    keep: Keep | None
    locate: bool


class Checker:
    """Judges submissions: restore, run, compare, word. Used by the service and by grading without a server alike.

    Args:
        causes: what would put failing work right, for saying where it goes wrong; None: the code alone says it.
        approved: what learners were approved for before; None: only the case's own solutions are known.
        smaller: makes inputs that show a mistake smaller; None: the smallest of those tried with every check is told.
    """

    def __init__(
        self,
        runs: Runs,
        baselines: Baselines,
        words: Words,
        causes: Causes | None = None,
        approved: ApprovedAnswers | None = None,
        smaller: SmallerInputs | None = None,
    ) -> None:
        self.runs, self.baselines, self._words, self._causes, self._approved = runs, baselines, words, causes, approved
        self._smaller = smaller
        self._under_way = 0
        self._voices = SingleFlight[str, Voice](64)

    async def check(
        self, case: AuthorCase, request: CheckRequest, keep: Keep | None = None, *, locate: bool = True
    ) -> AsyncGenerator[CheckEvent]:
        """Judge a notebook for one subtask; stages arrive as they begin and the last part is Judged.

        What the platform or the case gets wrong is a Judged, too (`could_not_judge`). `keep`: whose notebook it is, so
        that the next check of it need not run all cells again; what is judged does not depend on it. `locate`: False
        where no repair need be looked for: nobody reads where a mistake is, or it must not depend on the time there is.

        Raises:
            SubtaskNotFound: the case version has no such subtask.
        """
        laps = Laps()
        subtask = case.subtask(request.subtask)
        if subtask is None:
            known = ", ".join(s.view.id for s in case.subtasks)
            raise SubtaskNotFound(f"This case has no step {request.subtask!r}; it has: {known}.")
        repairs: tuple[str, ...] = ()
        judgement: Judgement | None = None
        self._under_way += 1
        try:
            async with aclosing(self._judged(case, subtask, request, laps, _Manner(keep, locate))) as parts:
                async for part in parts:
                    if isinstance(part, Stage):
                        yield part
                    elif isinstance(part, Repaired):
                        repairs = part.repairs
                    else:
                        judgement = part
        finally:
            self._under_way -= 1
        assert judgement is not None
        if judgement.verdict is Verdict.NEEDS_WORK:
            yield Stage(name="wording")
        feedback = await self.worded(judgement, repairs)
        laps.lap("wording")
        wall_ms = round(sum(laps.ms.values()), 3)
        _log.info("judged", case=case.id, subtask=subtask.view.id, verdict=judgement.verdict, ms=wall_ms, laps=laps.ms)
        note({"caseloop.case": case.id, "caseloop.subtask": subtask.view.id, "caseloop.verdict": judgement.verdict})
        yield Judged(feedback=feedback.model_copy(update={"wall_ms": wall_ms}))

    async def _judged(
        self, case: AuthorCase, subtask: Subtask, request: CheckRequest, laps: Laps, manner: _Manner
    ) -> AsyncGenerator[Stage | Repaired | Judgement]:
        yield Stage(name="restoring")
        try:
            repaired = await asyncio.to_thread(repair, case, request.cells)
        except NotebookTooLarge as error:
            yield _too_large(subtask, str(error))
            return
        yield repaired
        laps.lap("restoring")
        try:
            baseline = await self.baselines.of(case, subtask)
            laps.lap("baseline")
            if baseline.faults:
                yield _case_at_fault(case, subtask, baseline.faults)
                return
            async with aclosing(self._compared(case, subtask, request, repaired, baseline, laps, manner)) as parts:
                async for part in parts:
                    yield part
        except PlatformFailed as error:
            _log.error("check could not be run", case=case.id, subtask=subtask.view.id, error=str(error))
            yield Judgement(Verdict.COULD_NOT_JUDGE, "platform", max_points=subtask.view.points)

    async def _compared(
        self,
        case: AuthorCase,
        subtask: Subtask,
        request: CheckRequest,
        repaired: Repaired,
        baseline: Baseline,
        laps: Laps,
        manner: _Manner,
    ) -> AsyncGenerator[Stage | Judgement]:
        seed = submission_seed(case, request.cells, request.seed)
        plan = plan_run(case, subtask, repaired, seed, manner.keep)
        observation: Observation | None = None
        async with aclosing(observe(self.runs, plan.request)) as parts:
            async for part in parts:
                if isinstance(part, CellStarted):
                    yield Stage(name="running", index=part.index, count=part.count)
                else:
                    observation = part
        assert observation is not None
        laps.lap("running")
        yield Stage(name="comparing")
        voice = (await self._voices.get(case.version, lambda: _voice(case))).joined_by(request.cells)
        reference = baseline.observations[seed]
        known = Known(solutions=await self._approved.of(case, subtask) if self._approved else ())
        judgement = await asyncio.to_thread(judge, plan.asked, observation, reference, voice, repaired.missing, known)
        laps.lap("comparing")
        behaviour = await self._behaviour(case, plan, judgement, observation)
        laps.lap("behaviour")
        cause, inputs = None, dict[str, Counterexample]()
        if manner.locate:
            cause, inputs = await asyncio.gather(
                self._cause(case, subtask, request, judgement),
                self._inputs(plan, judgement, observation, reference),
            )
        laps.lap("locating")
        if behaviour or cause is not None or inputs:
            known = replace(known, behaviour=behaviour, repaired=cause, inputs=inputs)
            judgement = await asyncio.to_thread(
                judge, plan.asked, observation, reference, voice, repaired.missing, known
            )
        laps.lap("comparing")
        remembered = await self._remembered(case, plan, judgement, observation)
        laps.lap("known_flaws")
        yield remembered

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

    async def _cause(
        self, case: AuthorCase, subtask: Subtask, request: CheckRequest, judgement: Judgement
    ) -> Cause | None:
        """What would put work right that is not."""
        if self._causes is None or not judgement.findings:
            return None
        return await self._causes.of(case, subtask, request.cells, self._under_way - 1)

    async def _inputs(
        self, plan: Plan, judgement: Judgement, seen: Observation, reference: Observation
    ) -> dict[str, Counterexample]:
        """Smaller inputs than those that are told of by now."""
        told = {one.subject for finding in judgement.findings for one in finding.evidence if one.kind == "input"}
        if self._smaller is None or not told:
            return {}
        failing = await asyncio.to_thread(failing_tries, plan.asked, seen, reference)
        starts = {name: one for name, one in failing.items() if name in told}
        return await self._smaller.of(plan, seen, starts, self._under_way - 1)

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
