"""Check, warm: against bare execution of the same cells, and against nbgrader on the same notebook and tests."""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.case_at_hand import CASE, CaseAtHand, load
from benchmarks.harness import CouldNotRun, Figure, Report, main
from benchmarks.live_services import LiveServices, live_services
from benchmarks.nbgrader_course import NbgraderCourse
from evaluation.grading.grade import grade_notebooks
from evaluation.grading.journal import Journal
from evaluation.grading.notebooks import HandedIn, find_notebooks
from infra.settings import PROJECT, EmbeddedSettings
from infra.workshop import open_judge
from services.contracts.feedback import Verdict

BATCH = 20


def run(report: Report) -> None:
    """Measure warm checks of the regression case."""
    case = load()
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as folder:
        _against_bare(report, case, Path(folder))
        _against_nbgrader(report, case, Path(folder))


def _against_bare(report: Report, case: CaseAtHand, folder: Path) -> None:
    """In turn: one check through the gateway, one bare execution of the same cells."""
    last = case.draft.author.subtasks[-1].view.id
    times = 15 if report.quick else 60
    with live_services(case) as services, _Bare(case, folder) as bare:
        for warming in range(4):
            _approved(services, case, last, f"warming {warming}")
            bare.run()
        pairs = [(_approved(services, case, last, f"run {number}"), bare.run()) for number in range(times)]
    checks, bares = (statistics.median(column) for column in ([c for c, _ in pairs], [b.cells for _, b in pairs]))
    own = statistics.median(bare.checks for _, bare in pairs)
    report.add("check_ms", Figure(checks, "ms", note="median, from the click to the feedback, all services"))
    report.add("bare_ms", Figure(bares, "ms", note="median, the same cells in a process with the imports loaded"))
    report.add(
        "bare_checks_ms", Figure(own, "ms", note="median, the step's checks there: in a check, not in its budget")
    )
    report.add("check_beyond_1.3_bare", Figure(checks - 1.3 * bares, "ms", target=50))


def _approved(services: LiveServices, case: CaseAtHand, subtask: str, mark: str) -> float:
    taken, feedback = services.check(case, subtask, mark)
    if feedback.verdict is not Verdict.APPROVED:
        raise CouldNotRun(f"the reference was not approved: {feedback.headline}")
    return taken


class _Taken(NamedTuple):
    """Milliseconds of one execution."""

    cells: float
    checks: float


class _Bare:
    """A process of the learners' Python that has the imports loaded."""

    def __init__(self, case: CaseAtHand, folder: Path) -> None:
        job = folder / "cells.json"
        job.write_text(json.dumps({"imports": case.draft.author.imports, "cells": case.code, "checks": case.checks}))
        python = EmbeddedSettings().learner_env / "bin" / "python"
        self._command = [str(python), str(Path(__file__).parent / "bare_cells.py"), str(job)]

    def __enter__(self) -> "_Bare":
        # the same settings that the runner gives: threads of BLAS would only wait for each other
        self._process = subprocess.Popen(
            self._command,
            cwd=PROJECT / "cases" / CASE,
            env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._line()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self) -> _Taken:
        """Execute everything once."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return _Taken(*map(float, self._line().split()))

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def _against_nbgrader(report: Report, case: CaseAtHand, folder: Path) -> None:
    """In turn, whole notebooks with all their tests: ours and nbgrader's, one by one and as a batch."""
    course = NbgraderCourse(folder / "course", case)
    course.prepare()
    students = [f"student{number:02}" for number in range(BATCH)]
    for student in students:
        course.hand_in(student)
    singles = 2 if report.quick else 5
    ours, batch, theirs = asyncio.run(_grade(case, folder, course, students[:singles], quick=report.quick))
    theirs_batch = course.autograde() / BATCH
    if course.points(students[-1]) <= 0:
        raise CouldNotRun("nbgrader gave no points for the reference")
    report.add(
        "notebook_ms",
        Figure(ours * 1e3, "ms", note="median, all subtasks of one notebook, as `caseloop grade` does it"),
    )
    report.add("nbgrader_s", Figure(theirs, "s", note="median, nbgrader autograde --student"))
    report.add("nbgrader_batch_s", Figure(theirs_batch, "s", note=f"a notebook in a batch of {BATCH}"))
    report.add("faster_one_by_one", Figure(theirs / ours, "x", target=25, better="higher"))
    report.add(
        "faster_in_a_batch",
        Figure(theirs_batch / batch, "x", target=12, better="higher", note="median of three batches of ours"),
    )


async def _grade(
    case: CaseAtHand, folder: Path, course: NbgraderCourse, students: list[str], *, quick: bool
) -> tuple[float, float, float]:
    """(ours one by one, ours in a batch, nbgrader one by one), seconds a notebook."""
    settings = EmbeddedSettings(home=folder / "home", run_dir=Path())
    async with open_judge(settings, str(PROJECT / "cases" / CASE)) as (judge, author):

        def handed_in(name: str, count: int) -> list[HandedIn]:
            (folder / name).mkdir()
            for number in range(count):
                case.write_notebook(folder / name / f"{number:02}.ipynb", f"{name} {number}")
            return find_notebooks(folder / name)

        async def graded(notebooks: list[HandedIn], name: str, jobs: int) -> None:
            """As `caseloop grade` does it."""
            with Journal(folder / f"{name}.jsonl") as journal:
                async for result in grade_notebooks(judge, author, notebooks, journal, jobs):
                    if not all(step.verdict is Verdict.APPROVED for step in result.subtasks):
                        raise CouldNotRun(f"the reference was not approved: {result}")

        await graded(handed_in("warming", 2), "warming", 1)
        pairs = []
        for student in students:
            ours = await _timed(partial(graded, handed_in(student, 1), student, 1))
            pairs.append((ours, await asyncio.to_thread(course.autograde, [student])))
        # A batch of ours is over in seconds, in which a busy neighbour weighs much; one of theirs takes a minute.
        names = [f"batch-{number}" for number in range(1 if quick else 3)]
        whole = statistics.median([await _timed(partial(graded, handed_in(name, BATCH), name, 2)) for name in names])
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return ours, whole / BATCH, theirs


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main("check", run))
