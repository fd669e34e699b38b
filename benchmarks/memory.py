"""Answer once: how often a class needs a mentor when every answer is remembered by its signature.

`python -m benchmarks.memory DIR`: DIR holds learners' programs, unpacked (see `benchmarks.submitted_programs`). They
are handed in as by one class, in an order drawn once; each is judged by the real pipeline in the real sandbox. One that
fails is an escalation, unless its mistake has been answered before. The mistake is told as it is told when a mentor is
asked: by the verified repair (`feedback.repair_signatures`; the reference alone is known), and where there is none by
the most consequential finding. What the findings alone would give is printed beside it.

An answer is wrong (`remembered_wrong`) when the verified repairs of the two programs, the one that was answered and the
one that gets the words, touch no kind of construct in common. A signature names one that its repair touches, so what is
left are programs that only findings tell apart.

`remembered_unlike` asks a judge that knows nothing of the signature: what the nearest of all accepted programs, the
reference or another learner's, does otherwise; two mistakes are unlike where the kinds of that difference have none in
common. It is noisy, for a program may be equally near to several: `identical_unlike` counts programs whose repairs are
the very same edits, and which it calls unlike all the same. So it is for comparing versions, beside that floor.
"""

import argparse
import ast
import asyncio
import collections
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from benchmarks.harness import CouldNotRun, Figure, Report, main_with
from benchmarks.quick_trials import QuickTrials
from benchmarks.submitted_programs import SUBTASK, Program, Question, read_questions
from evaluation.grading.cli import CannotGrade
from evaluation.grading.grade import Judge
from feedback.hints.difference import differences
from feedback.hints.distance import edits
from feedback.hints.tokens import exact_tokens, loose_tokens
from feedback.repair.engine import Engine, Repaired
from feedback.repair.mistakes import Mistake, mistake
from feedback.repair.pool import Pool
from infra.settings import EmbeddedSettings
from infra.workshop import open_judge
from services.contracts.case import AuthorCase
from services.contracts.feedback import Verdict
from services.contracts.notebook import Cell

_SEED: Final = 20261125
_QUICK: Final = 15
"""Wrong programs of each question under --quick."""
_AT_ONCE: Final = 3
_TENTHS: Final = 10
_ANSWER: Final = "answer"
_exact = lru_cache(maxsize=None)(exact_tokens)
_loose = lru_cache(maxsize=None)(loose_tokens)


@dataclass(frozen=True)
class Judged:
    """A program that failed."""

    program: Program
    signature: str
    kinds: frozenset[str]
    """What the nearest accepted solution does otherwise, by kind of construct."""
    by_repair: str = ""
    """The signature of its verified repair; that of the finding where there is none."""
    edits: str = ""
    """The repair's edits, in full."""
    constructs: frozenset[str] = frozenset()
    """What the repair touches."""


def run(folder: Path, report: Report) -> None:
    """Replay a class and count what its mentors had to answer."""
    chance = random.Random(_SEED)
    questions = read_questions(folder, chance, _QUICK if report.quick else None)
    handed_in = [program for question in questions for program in question.wrong]
    chance.shuffle(handed_in)
    began = time.perf_counter()
    verdicts = asyncio.run(_judge_all(questions, handed_in))
    seconds = time.perf_counter() - began
    failed = _with_repairs(questions, _failed(questions, handed_in, verdicts))
    _report(report, failed, len(handed_in), seconds)


async def _judge_all(questions: Sequence[Question], programs: Sequence[Program]) -> list[tuple[Verdict, str]]:
    """(verdict, signature of the first finding) of each program."""
    with tempfile.TemporaryDirectory(prefix="cl-memory-") as home:
        settings = EmbeddedSettings(home=Path(home), run_dir=Path(home) / "run")
        async with AsyncExitStack() as stack:
            judges: dict[str, tuple[Judge, AuthorCase]] = {}
            for question in questions:
                folder = question.write_case(Path(home) / "questions" / question.name)
                try:
                    judges[question.name] = await stack.enter_async_context(open_judge(settings, str(folder)))
                except CannotGrade as error:
                    raise CouldNotRun(str(error)) from error
                await _approved(question, *judges[question.name])
            places = asyncio.Semaphore(_AT_ONCE)

            async def judged(program: Program) -> tuple[Verdict, str]:
                async with places:
                    return await _judge(*judges[program.question], program.source)

            return await asyncio.gather(*(judged(program) for program in programs))


async def _approved(question: Question, judge: Judge, case: AuthorCase) -> None:
    verdict, _ = await _judge(judge, case, question.reference)
    if verdict is not Verdict.APPROVED:
        raise CouldNotRun(f"the reference of {question.name} is not approved ({verdict})")


async def _judge(judge: Judge, case: AuthorCase, source: str) -> tuple[Verdict, str]:
    cells = tuple(_with(cell, source) for cell in case.cells)
    feedback = (await judge.judge(case, cells))[SUBTASK]
    return feedback.verdict, feedback.findings[0].signature if feedback.findings else ""


def _with(cell: Cell, source: str) -> Cell:
    return cell.model_copy(update={"source": source}) if cell.id == _ANSWER else cell


def _failed(
    questions: Sequence[Question], programs: Sequence[Program], verdicts: Sequence[tuple[Verdict, str]]
) -> list[Judged]:
    """Those that need work, in the order they were handed in."""
    by_name = {question.name: question for question in questions}
    kinds: dict[tuple[str, str], frozenset[str]] = {}
    failed = []
    for program, (verdict, signature) in zip(programs, verdicts, strict=True):
        if verdict is not Verdict.NEEDS_WORK:
            continue
        key = (program.question, program.source)
        if key not in kinds:
            kinds[key] = _repair_kinds(by_name[program.question], program.source)
        failed.append(Judged(program, signature, kinds[key]))
    if not failed:
        raise CouldNotRun("no program failed")
    return failed


def _repair_kinds(question: Question, source: str) -> frozenset[str]:
    """Kinds of construct that the nearest accepted solution changes: a repair that is verified, for it was accepted."""
    solutions = [question.reference, *(program.source for program in question.correct)]
    nearest = min(solutions, key=lambda solution: _distance(source, solution))
    return frozenset(difference.change for difference in differences({_ANSWER: source}, {_ANSWER: nearest}))


def _with_repairs(questions: Sequence[Question], failed: Sequence[Judged]) -> list[Judged]:
    """The same with what their verified repairs say, found with the reference alone."""
    told: dict[tuple[str, str], tuple[Mistake, str]] = {}
    for question in questions:
        with QuickTrials(question.before, question.calls) as trials:
            pool = Pool([question.reference], question.required)
            pool.rewrite(trials)
            engine = Engine(pool, trials)
            for source in {one.program.source for one in failed if one.program.question == question.name}:
                repaired = engine.repair(source)
                if repaired is not None:
                    told[question.name, source] = mistake(source, repaired), _written(repaired)
    return [_with_repair(one, told.get((one.program.question, one.program.source))) for one in failed]


def _with_repair(one: Judged, told: tuple[Mistake, str] | None) -> Judged:
    if told is None:
        return replace(one, by_repair=one.signature)
    made, edits = told
    return replace(one, by_repair=made.signature(SUBTASK), edits=edits, constructs=frozenset(made.constructs))


def _written(repaired: Repaired) -> str:
    """The edits in full, in a form that is equal for the same edits."""
    sides = ((edit.how, edit.place, edit.mine, edit.other) for edit in repaired.edits)
    return repr([(how, place, *(ast.dump(side) if side else "" for side in two)) for how, place, *two in sides])


def _distance(one: str, other: str) -> int:
    """As `feedback.hints.distance.code_distance`, with every program read once instead of a thousand times."""
    first, second = _exact(one), _exact(other)
    if first is None or second is None:
        return edits(_loose(one), _loose(other))
    return edits(first, second)


def _report(report: Report, failed: Sequence[Judged], handed_in: int, seconds: float) -> None:
    report.add("failing", Figure(len(failed), "programs", note=f"{len(failed)} of {handed_in} handed in"))
    report.add("judge_ms", Figure(seconds * 1000 / handed_in, "ms", note=f"a program, {_AT_ONCE} at once"))
    asked, given = _replayed(failed, lambda one: one.by_repair)
    note = "mentor answers a 100 failing submissions, by the signature of the verified repair"
    report.add("answers_per_100", Figure(_per_100(asked), target=15, note=note))
    for tenth in range(_TENTHS):
        part = asked[tenth * len(asked) // _TENTHS : (tenth + 1) * len(asked) // _TENTHS]
        report.add(f"answers_per_100_tenth_{tenth + 1}", Figure(_per_100(part), note=f"{len(part)} submissions"))
    per_question = collections.defaultdict(list)
    for one, was_asked in zip(failed, asked, strict=True):
        per_question[one.program.question].append(was_asked)
    for name in sorted(per_question):
        figures = per_question[name]
        report.add(f"answers_per_100_{name}", Figure(_per_100(figures), note=f"{len(figures)} submissions"))
    report.add("remembered", Figure(len(given), "answers", note=f"{len(given)} given without a mentor"))
    note = "verified repairs touch no construct in common"
    report.add("remembered_wrong", Figure(_per_100(_wrong(given)), "%", target=2, note=note))
    note = "their nearest accepted solutions do nothing of one kind otherwise"
    report.add("remembered_unlike", Figure(_per_100(_unlike(given)), "%", note=note))
    _, same = _replayed([one for one in failed if one.edits], lambda one: one.edits)
    note = f"of {len(same)} with the very same repair: what that judge cannot tell"
    report.add("identical_unlike", Figure(_per_100(_unlike(same)), "%", note=note))
    asked, given = _replayed(failed, lambda one: one.signature)
    report.add("finding_answers_per_100", Figure(_per_100(asked), note="by the signature of the first finding"))
    report.add("finding_remembered_wrong", Figure(_per_100(_wrong(given)), "%", note=f"of {len(given)}"))
    report.add("finding_remembered_unlike", Figure(_per_100(_unlike(given)), "%", note=f"of {len(given)}"))


def _replayed(
    failed: Sequence[Judged], told: Callable[[Judged], str]
) -> tuple[list[bool], list[tuple[Judged, Judged]]]:
    """For each, whether a mentor had to be asked; and for each that was given an answer, whose it was."""
    memory: dict[tuple[str, str], Judged] = {}
    asked, given = [], []
    for one in failed:
        key = (one.program.question, told(one))
        remembered = memory.get(key) if key[1] else None
        asked.append(remembered is None)
        if remembered is None:
            memory[key] = one
        else:
            given.append((remembered, one))
    return asked, given


def _wrong(given: Sequence[tuple[Judged, Judged]]) -> list[bool]:
    """Also of programs without a repair: nothing shows that their answers fit."""
    return [not first.constructs & later.constructs for first, later in given]


def _unlike(given: Sequence[tuple[Judged, Judged]]) -> list[bool]:
    return [not first.kinds & later.kinds for first, later in given if first.kinds and later.kinds]


def _per_100(flags: Sequence[bool]) -> float:
    return 100 * sum(flags) / len(flags) if flags else 0.0


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=run.__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="holds learners' programs, unpacked")
    return main_with(parser, lambda report, told: run(told.folder, report))


if __name__ == "__main__":
    sys.exit(_main())
