"""Real learners' programs, repaired: how many, how fast, how small, and what learners are told about them.

`python -m benchmarks.refactory DIR [--questions 1,2,3] [--pool all|reference] [--limit N]`: DIR holds learners'
programs, unpacked (see `benchmarks.submitted_programs`). Candidates run in a forked process under limits, which is much
faster than a sandbox; every verdict counted here, on the programs as on their repairs, is then given by the real
pipeline in the real sandbox. With `--pool all` other correct programs are known, equal syntax trees once.

`marked` is the share of findings whose lines hold one that the verified repair changes (`Edit.span`: a deletion has its
own lines, an insertion the two between which it belongs). There the pipeline is told the very repair that it is held
against, as it is when it has found one itself: it says whether a repair at hand becomes a mark, and no more. What
learners see is `marked_live`, on a sample: the pipeline looks for a repair itself, with the reference only, and no
longer than a learner waits. `marked_by_code` is the same where no repair is at hand. All are held against the same
repairs.
"""

import argparse
import ast
import asyncio
import collections
import csv
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.harness import CouldNotRun, Figure, Report, main_with
from benchmarks.quick_trials import QuickTrials
from benchmarks.submitted_programs import SUBTASK, Program, Question, read_questions
from evaluation.grading.cli import CannotGrade
from feedback.approved import ApprovedAnswers
from feedback.causes import WAITED_FOR, RepairCauses
from feedback.firewall import Firewall, Own
from feedback.hints.reference_repair import ReferenceRepair
from feedback.ports import Causes, Runs
from feedback.repair.engine import Effort, Engine, Repaired, parted
from feedback.repair.mistakes import changed_lines, mistake
from feedback.repair.pool import Pool
from feedback.repair.trees import size
from infra.settings import EmbeddedSettings
from infra.workshop import CheckerJudge, open_judge
from services.contracts.case import AuthorCase, Subtask
from services.contracts.feedback import Feedback, Verdict
from services.contracts.finding import Finding
from services.contracts.notebook import Cell

_SEED: Final = 20261125
_QUICK: Final = 6
"""Wrong programs of each question under --quick; half as many correct ones."""
_AT_ONCE: Final = 3
_ANSWER: Final = "answer"
_WARMING: Final = 8
_PAUSE: Final = 0.5
"""Seconds between two of them."""
_BESIDE: Final = 60
"""Wrong programs of each question that are judged without a repair that is told; a quarter of it under --quick."""
_LINE: Final = 12
"""Characters of a line of the reference that are a leak when learners read them and did not write them."""


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    folder: Path
    questions: frozenset[str] = frozenset()
    """Numbers; empty: all."""
    pool: str = "all"
    limit: int | None = None


@dataclass
class Outcome:
    """One wrong program, and what came of it. Programs that differ in blank space within lines share a repair."""

    program: Program
    repaired: Repaired | None
    seconds: float
    nodes: int
    feedback: Feedback | None = None
    by_code: Feedback | None = None
    live: Feedback | None = None
    """The same without a repair, and with what a check finds itself, for programs of the sample."""
    approved: bool = False
    """Whether the real pipeline approves the repaired program."""

    @property
    def patch(self) -> float:
        """Relative patch size."""
        return self.repaired.distance / max(self.nodes, 1) if self.repaired else 0.0


@dataclass
class Measured:
    """One question's outcomes."""

    question: Question
    outcomes: list[Outcome] = field(default_factory=list)
    verdicts: list[bool] = field(default_factory=list)
    """Of the real pipeline, for programs whose label is known: whether it agrees."""
    leaks: int = 0
    texts: int = 0
    prepared: float = 0.0


def run(options: Options, report: Report) -> None:
    """Repair programs, then judge them and their repairs."""
    chance = random.Random(_SEED)
    limit = _QUICK if report.quick else options.limit
    questions = [
        question
        for question in read_questions(options.folder, chance, limit)
        if not options.questions or question.name.removeprefix("question_") in options.questions
    ]
    if not questions:
        raise CouldNotRun(f"{options.folder} has none of the questions {', '.join(sorted(options.questions))}")
    cpu = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
    measured = [_repaired(question, options.pool) for question in questions]
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = time.process_time() - cpu[0]
    spent += children.ru_utime + children.ru_stime - cpu[1].ru_utime - cpu[1].ru_stime
    beside = _BESIDE // 4 if report.quick else _BESIDE
    asyncio.run(_judge_all(measured, limit, chance, beside, options.pool))
    _report(report, measured, spent, options)


def _repaired(question: Question, pool: str) -> Measured:
    measured = Measured(question)
    known: dict[str, Outcome] = {}
    with QuickTrials(question.before, question.calls) as trials:
        began = time.perf_counter()
        others = [program.source for program in question.correct] if pool == "all" else []
        solutions = Pool([question.reference, *others], question.required)
        solutions.rewrite(trials)
        measured.prepared = time.perf_counter() - began
        engine = Engine(solutions, trials, Effort(seconds=60))
        for program in question.wrong:
            # Of one tree, but laid out otherwise, the same lines are not the same statements.
            key = _tree(program.source, lines=True)
            if key not in known:
                known[key] = _outcome(engine, trials, program)
            first = known[key]
            measured.outcomes.append(Outcome(program, first.repaired, first.seconds, first.nodes))
    return measured


def _outcome(engine: Engine, trials: QuickTrials, program: Program) -> Outcome:
    began = time.perf_counter()
    found = engine.repair(program.source)
    repaired = parted(found, trials.failing) if found else None
    seconds = time.perf_counter() - began
    try:
        nodes = size(ast.parse(program.source))
    except SyntaxError:
        nodes = len(program.source.split())
    return Outcome(program, repaired, seconds, nodes)


def _tree(source: str, *, lines: bool = False) -> str:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    at = [(node.lineno, node.end_lineno) for node in ast.walk(tree) if isinstance(node, ast.stmt | ast.expr)]
    return f"{ast.dump(tree)} {at if lines else ''}"


class _Told:
    """Repairs that are known already, by the program that they repair."""

    def __init__(self, outcomes: Sequence[Outcome] = ()) -> None:
        self._known = {outcome.program.source: outcome.repaired for outcome in outcomes}

    async def of(self, case: AuthorCase, subtask: Subtask, cells: tuple[Cell, ...], beside: int) -> Repaired | None:  # noqa: ARG002
        return next((self._known.get(cell.source) for cell in cells if cell.id == _ANSWER), None)


async def _judge_all(
    measured: Sequence[Measured], limit: int | None, chance: random.Random, beside: int, pool: str
) -> None:
    """The real pipeline's verdict on each distinct program, and on each distinct repair."""
    drawn = random.Random(_SEED)
    with tempfile.TemporaryDirectory(prefix="cl-refactory-") as home:
        settings = EmbeddedSettings(home=Path(home), run_dir=Path(home) / "run")
        for one in measured:
            folder = str(one.question.write_case(Path(home) / "questions" / one.question.name))
            sample = drawn.sample(one.outcomes, min(beside, len(one.outcomes)))
            earlier = ApprovedAnswers(_Kept())
            async with _judging(settings, folder, partial(_told, one)) as (judge, case):
                await _judge_question(one, judge, case, limit, chance)
                if pool == "all":
                    await _learn(earlier, case, one.question)
            async with _judging(settings, folder, lambda _: _Told(), earlier) as (judge, case):
                for outcome in sample:
                    outcome.by_code = await _judged(judge, case, outcome.program.source)
            async with _judging(settings, folder, partial(_looking, earlier), earlier) as (judge, case):
                await _warm(judge, case, one.question)
                for outcome in sample:
                    outcome.live = await _judged(judge, case, outcome.program.source)


def _told(measured: Measured, _: Runs) -> _Told:
    return _Told(measured.outcomes)


def _looking(earlier: ApprovedAnswers, runs: Runs) -> RepairCauses:
    """As a running Caseloop does."""
    return RepairCauses(ReferenceRepair(runs, approved=earlier), WAITED_FOR)


class _Kept:
    """A cache for as long as the benchmark runs."""

    def __init__(self) -> None:
        self._data: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self._data.get(key)

    async def put(self, key: str, data: bytes) -> None:
        self._data[key] = data


async def _learn(earlier: ApprovedAnswers, case: AuthorCase, question: Question) -> None:
    """What others were approved for before, as far as a running Caseloop would keep it."""
    (subtask,) = case.subtasks
    for program in question.correct:
        await earlier.learn(case, subtask, {_ANSWER: program.source})


@asynccontextmanager
async def _judging(
    settings: EmbeddedSettings,
    folder: str,
    causes: Callable[[Runs], Causes],
    earlier: ApprovedAnswers | None = None,
) -> AsyncIterator[tuple[CheckerJudge, AuthorCase]]:
    try:
        async with open_judge(settings, folder, causes, earlier) as opened:
            yield opened
    except CannotGrade as error:
        raise CouldNotRun(str(error)) from error


async def _warm(judge: CheckerJudge, case: AuthorCase, question: Question) -> None:
    """Have the step prepared, as after somebody has failed at it: other forms of its reference are made once."""
    for number in range(_WARMING):
        await _judged(judge, case, f"{question.before}\n# {number}")
        await asyncio.sleep(_PAUSE)


async def _judged(judge: CheckerJudge, case: AuthorCase, source: str) -> Feedback:
    cells = tuple(c.model_copy(update={"source": source}) if c.id == _ANSWER else c for c in case.cells)
    return (await judge.judge(case, cells))[SUBTASK]


async def _judge_question(
    measured: Measured, judge: CheckerJudge, case: AuthorCase, limit: int | None, chance: random.Random
) -> None:
    correct = list(measured.question.correct)
    if limit is not None:
        correct = chance.sample(correct, min(limit // 2, len(correct)))
    repairs = [one.repaired.source for one in measured.outcomes if one.repaired]
    wrong = [one.program.source for one in measured.outcomes]
    sources = list(dict.fromkeys([*(one.source for one in correct), *wrong, *repairs]))
    places = asyncio.Semaphore(_AT_ONCE)

    async def judged(source: str) -> Feedback:
        async with places:
            return await _judged(judge, case, source)

    given = dict(zip(sources, await asyncio.gather(*map(judged, sources)), strict=True))
    measured.verdicts += [given[one.source].verdict is Verdict.APPROVED for one in correct]
    firewall = Firewall.of(case)
    for one in measured.outcomes:
        one.feedback = given[one.program.source]
        measured.verdicts.append(one.feedback.verdict is not Verdict.APPROVED)
        one.approved = one.repaired is not None and given[one.repaired.source].verdict is Verdict.APPROVED
        _count_leaks(measured, firewall, one)


def _count_leaks(measured: Measured, firewall: Firewall, outcome: Outcome) -> None:
    own = Own((outcome.program.source,))
    known = outcome.program.source + measured.question.description
    lines = [line.strip() for line in measured.question.reference.splitlines()]
    secret = [line for line in lines if len(line) >= _LINE and line not in known]
    for text in _read_by_learners(outcome.feedback):
        measured.texts += 1
        measured.leaks += firewall.examine(text, own) is not None or any(line in text for line in secret)


def _read_by_learners(feedback: Feedback | None) -> list[str]:
    if feedback is None:
        return []
    texts = [feedback.headline, *(warning.message for warning in feedback.warnings), *feedback.remarks]
    for finding in feedback.findings:
        texts += [finding.message, *(hint.text for hint in finding.ladder)]
    return texts


def _report(report: Report, measured: Sequence[Measured], cpu: float, options: Options) -> None:
    outcomes = [outcome for one in measured for outcome in one.outcomes]
    whole = options.pool == "all"
    verdicts = [flag for one in measured for flag in one.verdicts]
    note = f"{len(verdicts)} programs, by the real pipeline"
    report.add("verdicts", Figure(_percent(verdicts), "%", 100, "higher", note))
    share = _percent([one.approved for one in outcomes])
    note = f"{len(outcomes)} wrong programs; approved by the real pipeline"
    report.add("repaired", Figure(share, "%", 99 if whole else 95, "higher", note))
    for one in measured:
        share = _percent([outcome.approved for outcome in one.outcomes])
        report.add(f"repaired_{one.question.name}", Figure(share, "%", 96 if whole else None, "higher"))
    for limit in (1, 5, 60):
        flags = [o.approved and o.repaired is not None and o.repaired.first_seconds <= limit for o in outcomes]
        report.add(f"repaired_within_{limit}s", Figure(_percent(flags), "%"))
    seconds = sorted(outcome.seconds for outcome in outcomes)
    report.add("seconds_mean", Figure(statistics.fmean(seconds), "s", 0.3 if whole else None, note="wall clock"))
    report.add("seconds_median", Figure(statistics.median(seconds), "s"))
    report.add("seconds_95", Figure(seconds[int(0.95 * (len(seconds) - 1))], "s", 2 if whole else None))
    distinct = len({(o.program.question, _tree(o.program.source)) for o in outcomes})
    note = f"{distinct} distinct trees; processor time of search and candidates, preparing included"
    report.add("cpu_seconds_mean", Figure(cpu / distinct, "s", note=note))
    report.add("prepared", Figure(sum(one.prepared for one in measured), "s", note="reading and rewriting solutions"))
    sizes = [outcome.patch for outcome in outcomes if outcome.approved] or [0.0]
    report.add("patch_mean", Figure(statistics.fmean(sizes), "", 0.25 if whole else 0.5, note="edit distance / size"))
    report.add("patch_median", Figure(statistics.median(sizes), "", 0.17 if whole else None))
    for one in measured:
        own = [outcome.patch for outcome in one.outcomes if outcome.approved] or [0.0]
        report.add(f"patch_mean_{one.question.name}", Figure(statistics.fmean(own)))
    _report_findings(report, outcomes)
    _report_signatures(report, outcomes)
    texts, leaks = sum(one.texts for one in measured), sum(one.leaks for one in measured)
    report.add("leaks", Figure(leaks, "", 0, note=f"{texts} texts that learners read"))
    _report_paired(report, options.folder, outcomes)


def _report_findings(report: Report, outcomes: Sequence[Outcome]) -> None:
    """Of findings with marked lines, the share that marks a line which the verified repair changes."""
    flags = [flag for one in outcomes for flag in _marked(one, one.feedback)]
    note = f"{len(flags)} findings with lines; the pipeline is told the repair that it is held against"
    report.add("marked", Figure(_percent(flags), "%", 90, "higher", note))
    sample = [one for one in outcomes if one.by_code is not None and one.live is not None]
    flags = [flag for one in sample for flag in _marked(one, one.by_code)]
    note = f"{len(flags)} findings of {len(sample)} programs, no repair at hand"
    report.add("marked_by_code", Figure(_percent(flags), "%", note=note))
    flags = [flag for one in sample for flag in _marked(one, one.live)]
    note = f"{len(flags)} findings of the same programs, where the check itself looks for a repair by the reference"
    report.add("marked_live", Figure(_percent(flags), "%", 90, "higher", note))
    flags = [any(map(_mended, one.live.findings)) for one in sample if one.live and one.live.findings]
    report.add("live_repairs", Figure(_percent(flags), "%", note="of them, those that are marked by a repair"))
    for name, given in (("by_code", [one.by_code for one in sample]), ("live", [one.live for one in sample])):
        lines = [count for feedback in given if feedback for count in _lines(feedback)]
        if lines:
            note = "how many lines a finding marks, on average: more are more easily right"
            report.add(f"lines_{name}", Figure(statistics.fmean(lines), "lines", note=note))
    waits = [one.live.wall_ms - one.by_code.wall_ms for one in sample if one.live and one.by_code]
    if waits:
        note = "median of what a failing check takes longer by that"
        report.add("marked_live_ms", Figure(statistics.median(waits), "ms", note=note))


def _marked(outcome: Outcome, feedback: Feedback | None) -> Iterator[bool]:
    """For each finding with lines, whether one of them is changed."""
    if outcome.repaired is None or feedback is None:
        return
    changed = changed_lines(outcome.repaired)
    for finding in feedback.findings:
        if finding.place is not None and finding.place.line is not None:
            first, last = finding.place.line, finding.place.end_line or finding.place.line
            yield finding.place.cell == _ANSWER and any(first <= line <= last for line in changed)


def _mended(finding: Finding) -> bool:
    """Whether a repair says where to look."""
    return any(evidence.aspect == "repair" for evidence in finding.evidence)


def _lines(feedback: Feedback) -> Iterator[int]:
    for finding in feedback.findings:
        if finding.place is not None and finding.place.line is not None:
            yield (finding.place.end_line or finding.place.line) - finding.place.line + 1


def _report_signatures(report: Report, outcomes: Sequence[Outcome]) -> None:
    counted = collections.Counter(
        mistake(outcome.program.source, outcome.repaired).signature(outcome.program.question)
        for outcome in outcomes
        if outcome.repaired and outcome.approved
    )
    needed: dict[int, int] = {}
    covered = 0
    for number, (_, count) in enumerate(counted.most_common(), 1):
        covered += count
        for share in (50, 80, 90):
            if covered >= share / 100 * len(outcomes):
                needed.setdefault(share, number)
    for share in (50, 80, 90):
        number = needed.get(share, len(outcomes))
        target = 15 if share == 90 else None
        figure = Figure(100 * number / len(outcomes), "%", target, note=f"{number} signatures cover {share}%")
        report.add(f"signatures_{share}", figure)


def _report_paired(report: Report, folder: Path, outcomes: Sequence[Outcome]) -> None:
    """Against the published results, program by program."""
    file = folder / "published.csv"
    if not file.exists():
        return
    with file.open(encoding="utf-8", newline="") as lines:
        published = {(row["question"], row["file"].removesuffix(".py")): row for row in csv.DictReader(lines)}
    pairs = [(one, row) for one in outcomes if (row := published.get(_key(one))) is not None]
    ours = [(one, row) for one, row in pairs if one.approved]
    theirs = [(one, row) for one, row in pairs if _holds(row)]
    both = [(one, row) for one, row in ours if _holds(row)]
    report.add("paired", Figure(len(pairs), "programs", note="that published.csv knows"))
    report.add("paired_ours_only", Figure(len(ours) - len(both), "programs", note="repaired here, not there"))
    report.add("paired_theirs_only", Figure(len(theirs) - len(both), "programs", note="repaired there, not here"))
    if both:
        smaller = [one.patch < float(row["relative_patch_size"]) - 0.005 for one, row in both]
        larger = [one.patch > float(row["relative_patch_size"]) + 0.005 for one, row in both]
        difference = statistics.fmean(one.patch - float(row["relative_patch_size"]) for one, row in both)
        faster = [one.seconds < float(row["total_seconds"]) for one, row in both]
        report.add("paired_patch_smaller", Figure(_percent(smaller), "%", note=f"larger: {_percent(larger):.1f} %"))
        report.add("paired_patch_difference", Figure(difference, "", note="mean, ours less theirs"))
        report.add("paired_faster", Figure(_percent(faster), "%", note="another machine's seconds"))


def _key(outcome: Outcome) -> tuple[str, str]:
    return outcome.program.question.removeprefix("question_"), outcome.program.name


def _holds(row: Mapping[str, str]) -> bool:
    return row["status"].startswith("success") and row["passed_checks"] == row["checks"]


def _percent(flags: Sequence[bool]) -> float:
    return 100 * sum(flags) / len(flags) if flags else 0.0


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.refactory", description=run.__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="holds learners' programs, unpacked")
    parser.add_argument(
        "--questions",
        type=lambda text: frozenset(text.split(",")),
        default=frozenset(),
        metavar="1,2,3",
        help="of these questions only",
    )
    parser.add_argument(
        "--pool", choices=("all", "reference"), default="all", help="whether other correct programs are known"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="wrong programs of each question")
    return main_with(
        parser,
        lambda report, told: run(Options(told.folder, told.questions, told.pool, told.limit), report),
    )


if __name__ == "__main__":
    sys.exit(_main())
