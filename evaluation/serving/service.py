import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evaluation.report.accepted import Acceptance, Accepted
from evaluation.runs.result import SampleResult
from evaluation.runs.store import RUNS, RunStore
from evaluation.serving.aside import aside, known_run
from evaluation.serving.computing import Computing, Remembered
from evaluation.serving.errors import SampleNotFound
from evaluation.serving.headings import Headings
from evaluation.serving.index import RunIndex
from evaluation.serving.indexes import Indexes
from evaluation.serving.kept import compared_stamp, exchanges_at, is_judged, opinions_at, result_at
from evaluation.serving.kept_comparisons import kept_comparison
from evaluation.serving.labelling import Labelling
from evaluation.serving.readings import ReadComparison
from evaluation.serving.sample_view import evaluated, exchange
from evaluation.settings import EvaluationSettings
from services.contracts.evaluated_sample import EvaluatedSample, JudgeExchange, SampleLine, SamplePage
from services.contracts.evaluation import Effect, RunComparison, RunFigures, RunHeading, RunPage
from services.kit.clock import Clock, utc_now

_GRAVEST: Final[tuple[Effect, ...]] = ("broken", "lost", "moved", "fixed", "scores", "words", "same")


@dataclass(frozen=True)
class Wanted:
    """Which samples of a run."""

    case: str | None = None
    failed: str | None = None
    """Name of a score of which they miss something."""
    against: str | None = None
    changed: bool = False
    """Only those that changed since the run `against`, the gravest first."""


class EvaluationService:
    """The runs and labels of one home. The commands of `caseloop eval` write them, too."""

    def __init__(
        self, home: Path, settings: EvaluationSettings, computing: Computing | None = None, clock: Clock = utc_now
    ) -> None:
        self._settings = settings
        self._store = RunStore(home / RUNS)
        self._headings = Headings(self._store)
        self._computing = computing or Computing(home)
        self._indexes = Indexes(self._store, self._computing)
        self._comparisons = Remembered(6)
        # What is computed once need not be computed again by whoever asked meanwhile.
        self._turn = asyncio.Lock()
        self.labels = Labelling(home, self._indexes, clock)

    async def runs(self, suite: str | None, after: int, limit: int) -> RunPage:
        """Part of the runs, newest first. Raises RunDamaged."""
        headings = await aside(self._headings.all)
        wanted = [heading for heading in headings if suite is None or heading.suite == suite]
        part = wanted[after : after + limit]
        accepted = await self._accepted({heading.suite for heading in part})
        return RunPage(
            items=tuple(self._known(heading, accepted) for heading in part),
            total=len(wanted),
            suites=tuple(sorted({heading.suite for heading in headings})),
            next=after + limit if after + limit < len(wanted) else None,
        )

    async def run(self, run: str) -> RunFigures:
        """One run in figures. Raises RunNotFound, RunDamaged, TookTooLong, CannotCompute."""
        figures = await self._indexes.read(run, lambda index: index.figures)
        judge = figures.judge
        if judge is not None:
            labels = await self.labels.agreed()
            labelled = len(await self._indexes.read(run, lambda index: index.newest_opinions(labels)))
            judge = judge.model_copy(update={"labelled": labelled})
        accepted = (await self._accepted({figures.suite})).get(figures.suite)
        holds = accepted is not None and accepted.run == run
        return figures.model_copy(
            update={
                "accepted": holds,
                "accepted_by": accepted.by if accepted and holds else None,
                "accepted_at": accepted.at if accepted and holds else None,
                "cost": self._settings.cost(figures.prompt_tokens, figures.completion_tokens),
                "judge": judge,
            }
        )

    async def samples(self, run: str, wanted: Wanted, after: int, limit: int) -> SamplePage:
        """Part of a run's samples. Raises as `run`, of either run."""
        effects: Mapping[str, Effect] = {}
        if wanted.against is not None:
            effects = (await self._compared(wanted.against, run)).effects
        lines, total = await self._indexes.read(run, lambda index: _part(index, wanted, effects, after, limit))
        return SamplePage(
            items=tuple(line.model_copy(update={"effect": effects.get(line.id)}) for line in lines),
            total=total,
            next=after + limit if after + limit < total else None,
        )

    async def sample(self, run: str, sample: str, against: str | None) -> EvaluatedSample:
        """One sample with all that was said about it. Raises SampleNotFound, and as `run`."""
        folder = self._indexes.folder(run)
        result = await self._result(run, sample)
        if result is None:
            raise _unknown_sample(run)
        before, effect = None, None
        if against is not None:
            earlier = await self._result(against, sample)
            before = (against, earlier) if earlier else None
            effect = (await self._compared(against, run)).effects.get(sample)
        opinions = await self._indexes.read(run, lambda index: opinions_at(folder, index.opinions(sample)))
        labels = await self.labels.agreed() if opinions else {}
        return await aside(lambda: evaluated(run, result, before, effect, opinions, labels))

    async def exchanges(self, run: str, sample: str) -> tuple[JudgeExchange, ...]:
        """All that was said to and by the judge about one sample. Raises SampleNotFound, and as `run`."""
        folder = self._indexes.folder(run)

        def said(index: RunIndex) -> list[JudgeExchange] | None:
            if index.result(sample) is None:
                return None
            items = {opinion.item for opinion in opinions_at(folder, index.opinions(sample))}
            return [exchange(one) for one in exchanges_at(folder, index.exchanges(items)) if one.item in items]

        found = await self._indexes.read(run, said)
        if found is None:
            raise _unknown_sample(run)
        return tuple(found)

    async def compare(self, before: str, after: str) -> RunComparison:
        """Two runs compared. Raises as `run`, of either run."""
        comparison = (await self._compared(before, after)).comparison
        accepted = await self._accepted({comparison.before.suite, comparison.after.suite})
        return comparison.model_copy(
            update={
                "before": self._known(comparison.before, accepted),
                "after": self._known(comparison.after, accepted),
            }
        )

    async def _compared(self, before: str, after: str) -> ReadComparison:
        folders = self._indexes.folder(before), self._indexes.folder(after)
        for run in (before, after):
            await known_run(self._store, run)
        now = tuple(map(compared_stamp, folders))
        known = self._comparisons.get((before, after), now, ReadComparison)
        known = known or await aside(lambda: kept_comparison(*folders))
        if known is None:
            async with self._turn:
                known = await aside(lambda: kept_comparison(*folders))
                known = known or await self._computing.do(ReadComparison, "comparison", before=before, after=after)
        self._comparisons.keep((before, after), now, known)
        return known

    async def _result(self, run: str, sample: str) -> SampleResult | None:
        folder = self._indexes.folder(run)

        def found(index: RunIndex) -> SampleResult | None:
            where = index.result(sample)
            return None if where is None else result_at(folder, sample, where)

        return await self._indexes.read(run, found)

    async def _accepted(self, suites: set[str]) -> dict[str, Acceptance]:
        def read() -> dict[str, Acceptance]:
            accepted = Accepted(self._store.path)
            return {suite: newest for suite in suites if (newest := accepted.newest(suite))}

        return await aside(read)

    def _known(self, heading: RunHeading, accepted: Mapping[str, Acceptance]) -> RunHeading:
        holds = accepted.get(heading.suite)
        return heading.model_copy(
            update={
                "accepted": holds is not None and holds.run == heading.id,
                "judged": is_judged(self._indexes.folder(heading.id)),
            }
        )


def _unknown_sample(run: str) -> SampleNotFound:
    return SampleNotFound(f"The run {run} has no result for a sample of that name.")


def _part(
    index: RunIndex, wanted: Wanted, effects: Mapping[str, Effect], after: int, limit: int
) -> tuple[list[SampleLine], int]:
    """Part of the samples that are wanted, and how many there are in all."""
    if not wanted.changed:
        return index.page(wanted.case, wanted.failed, after, limit)
    names = [name for name in index.names(wanted.case, wanted.failed) if effects.get(name, "same") != "same"]
    names.sort(key=lambda name: _GRAVEST.index(effects[name]))
    return index.lines(names[after : after + limit]), len(names)
