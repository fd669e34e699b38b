"""Judge small faults in a reference as if learners had made them, and say what saw them."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from feedback.baseline import Baselines
from feedback.evidence.asked import Asked
from feedback.evidence.clues import CallDiffers, CheckFailed, Clue, Incomplete, NameMissing, Raised, ValueDiffers
from feedback.evidence.gather import gather
from feedback.evidence.values import differences
from feedback.notebook.repair import repair
from feedback.plan import Plan, plan_run
from feedback.ports import Runs
from feedback.reference import reference_cells
from feedback.running import PlatformFailed, observed
from feedback.single_flight import SingleFlight
from feedback.verdict import decide
from services.contracts.case import AuthorCase, Compare, Subtask
from services.contracts.feedback import Verdict
from services.contracts.mutants import Mutant, MutantVerdict
from services.contracts.observation import Observation, Probe, RunRequest

EXTRA = "ci:"
"""Prefix of probes that no verdict rests on."""


def asking_also(request: RunRequest, extra: Sequence[Probe]) -> RunRequest:
    """The same run with more questions, before those that a check can do without: a runner takes none after them."""
    probes = tuple(sorted((*request.probes, *extra), key=attrgetter("optional")))
    return request.model_copy(update={"probes": probes})


class MutantJudge:
    """Runs mutants beside each other; the runner itself decides how many at once."""

    def __init__(self, runs: Runs, baselines: Baselines) -> None:
        self._runs, self._baselines = runs, baselines

    async def judge(self, case: AuthorCase, subtask: Subtask, mutants: Sequence[Mutant]) -> tuple[MutantVerdict, ...]:
        """One verdict for each mutant, in order."""
        try:
            baseline = await self._baselines.of(case, subtask)
        except PlatformFailed as error:
            return (_platform(error),) * len(mutants)
        if baseline.faults:
            told = MutantVerdict(verdict=Verdict.COULD_NOT_JUDGE, fault="case", detail=baseline.faults[0].fact)
            return (told,) * len(mutants)
        batch = _Batch(self._runs, case, subtask, baseline.observations)
        return tuple(await asyncio.gather(*map(batch.judge, mutants)))


@dataclass(frozen=True)
class _Run:
    """One run of one mutant."""

    clues: tuple[Clue, ...]
    verdict: Verdict
    observation: Observation


class _Batch:
    """Mutants of one subtask; what the reference leaves is looked up once for all of them."""

    def __init__(self, runs: Runs, case: AuthorCase, subtask: Subtask, references: dict[int, Observation]) -> None:
        self._runs, self._case, self._subtask, self._references = runs, case, subtask, references
        self._left = SingleFlight[tuple[int, tuple[str, ...]], Observation](8)

    async def judge(self, mutant: Mutant) -> MutantVerdict:
        started, same = time.perf_counter(), bool(mutant.names)
        try:
            for seed in self._references:
                run = await self._run(mutant, seed)
                if run.verdict is not Verdict.APPROVED:
                    return _refused(run, time.perf_counter() - started)
                same = same and await self._leaves_the_same(mutant, seed, run.observation)
        except PlatformFailed as error:
            return _platform(error)
        seconds = time.perf_counter() - started
        return MutantVerdict(verdict=Verdict.APPROVED, same_result=same, seconds=round(seconds, 4))

    async def _run(self, mutant: Mutant, seed: int) -> _Run:
        plan = self._plan(mutant.answer, mutant.names, seed)
        observation = await observed(self._runs, plan.request)
        return await asyncio.to_thread(_judged, plan.asked, observation, self._references[seed])

    def _plan(self, answer: dict[str, str], names: tuple[str, ...], seed: int) -> Plan:
        cells = tuple(
            cell.model_copy(update={"source": answer.get(cell.id, cell.source)}) for cell in reference_cells(self._case)
        )
        plan = plan_run(self._case, self._subtask, repair(self._case, cells), seed)
        extra = tuple(Probe(id=f"{EXTRA}{name}", name=name) for name in names)
        return Plan(plan.asked, asking_also(plan.request, extra))

    async def _leaves_the_same(self, mutant: Mutant, seed: int, observation: Observation) -> bool:
        async def look() -> Observation:
            return await observed(self._runs, self._plan({}, mutant.names, seed).request)

        reference = await self._left.get((seed, mutant.names), look)
        return await asyncio.to_thread(_same, mutant.names, reference, observation)


def _judged(asked: Asked, observation: Observation, reference: Observation) -> _Run:
    clues = gather(asked, observation, reference)
    verdict, _ = decide(clues, complete=observation.complete)
    return _Run(clues, verdict, observation)


def _same(names: Sequence[str], reference: Observation, observation: Observation) -> bool:
    """Whether all values and all printed text are the reference's; what cannot be compared is not."""
    if not (reference.complete and observation.complete):
        return False
    if [_said(cell) for cell in reference.cells] != [_said(cell) for cell in observation.cells]:
        return False
    left, found = ({p.id: p for p in seen.probes} for seen in (reference, observation))
    for name in names:
        one, other = left[f"{EXTRA}{name}"], found[f"{EXTRA}{name}"]
        if one.missing and other.missing:
            continue
        if one.value is None or other.value is None:
            return False
        rule = Compare(name=name, dtypes="exact", relative_tolerance=0, absolute_tolerance=0)
        if differences(one.value, other.value, rule):
            return False
    return True


def _said(cell: object) -> tuple[object, ...]:
    return tuple(getattr(cell, field) for field in ("status", "result", "stdout", "stderr"))


def _refused(run: _Run, seconds: float) -> MutantVerdict:
    words = dict.fromkeys(word for clue in run.clues if clue.decides for word in [_seen_by(clue)] if word)
    seen = tuple(words)[:6] or ("the run did not come to its end",)
    return MutantVerdict(verdict=run.verdict, fault="learner", seen_by=seen, seconds=round(seconds, 4))


def _seen_by(clue: Clue) -> str:
    match clue:
        case CheckFailed():
            return f"check {clue.check.id}"
        case NameMissing():
            return f"check {clue.check.id}" if clue.check else f"the name {clue.evidence.subject} is missing"
        case ValueDiffers():
            return f"compare {clue.name}"
        case CallDiffers():
            return f"call {clue.function} ({clue.probe + 1})"
        case Raised():
            return f"it raises {clue.error.type}"
        case Incomplete():
            return f"it does not end ({clue.lost})"
    return clue.evidence.kind


def _platform(error: PlatformFailed) -> MutantVerdict:
    return MutantVerdict(verdict=Verdict.COULD_NOT_JUDGE, fault="platform", detail=str(error)[:500])
