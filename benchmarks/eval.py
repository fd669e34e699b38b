"""Evaluation: samples a second by the real pipeline, what running them as a suite costs, and a run that is killed."""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.eval_cheap import SUITE, answered, results_kept
from benchmarks.harness import CouldNotRun, Figure, Report, main
from evaluation.bench import CannotEvaluate, InProcess
from evaluation.quiet import quiet_logs
from evaluation.runs.running import Examination, run_plainly, run_suite
from evaluation.runs.store import RunStore
from evaluation.scorers.rules import RuleScorers
from evaluation.suites.jsonl import read_suite, suite_of
from evaluation.suites.sample import Sample, Suite
from infra.settings import PROJECT, EmbeddedSettings
from infra.workshop import open_bench
from services.kit.clock import utc_now

SHIPPED = PROJECT / "cases" / "sample-cases.jsonl"
JOBS = 2
PATIENCE_SECONDS = 900


def run(report: Report) -> None:
    """Measure runs of the shipped suite, and a long run killed in the middle."""
    quiet_logs()
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as folder:
        asyncio.run(_overhead(report, Path(folder)))
        _killed(report, Path(folder) / "killed", 600 if report.quick else 10_000)


async def _overhead(report: Report, folder: Path) -> None:
    """The same samples in a bare loop and as a run, in turn; what references show is known before."""
    samples = _some(20 if report.quick else 120)
    settings = EmbeddedSettings(home=folder / "home", run_dir=Path())
    cases = tuple(str(SHIPPED.parent / name) for name in dict.fromkeys(sample.case for sample in samples))
    try:
        async with open_bench(settings, cases, False) as bench:
            pipeline = InProcess(bench)
            examination = Examination(pipeline, (RuleScorers(),), await bench.grounds())
            await run_plainly(samples, pipeline, JOBS)
            plain, whole = [], []
            for turn in range(2 if report.quick else 3):
                plain.append(await run_plainly(samples, pipeline, JOBS))
                suite = Suite(id=f"turn-{turn}", samples=tuple(samples))
                whole.append(await _as_run(suite, examination, RunStore(folder / "runs")))
    except CannotEvaluate as error:
        raise CouldNotRun(str(error)) from error
    rate = len(samples) / min(whole)
    report.add("samples_per_second", Figure(rate, "1/s", better="higher", note=f"{JOBS} at a time, words by rules"))
    report.add("plain_s", Figure(min(plain), "s", note=f"{len(samples)} samples in a bare loop"))
    report.add("run_s", Figure(min(whole), "s", note="the same, scored, kept, and in inspect-ai's log"))
    report.add("overhead", Figure(min(whole) / min(plain), "x", target=1.2))


def _some(count: int) -> list[Sample]:
    """Evenly out of the shipped suite."""
    from case_uploader.format.case_folder import read_case_folder

    file = read_suite(SHIPPED)
    drafts = {name: read_case_folder(SHIPPED.parent / name).draft for name in file.cases}
    missing = [name for name, draft in drafts.items() if draft is None]
    if missing:
        raise CouldNotRun(f"{', '.join(missing)} cannot be read; `make setup` makes the cases' data")
    samples = suite_of(file, {name: draft.author for name, draft in drafts.items() if draft is not None}).samples
    return [samples[at * len(samples) // count] for at in range(count)]


async def _as_run(suite: Suite, examination: Examination, store: RunStore) -> float:
    started = time.perf_counter()
    with store.begin(suite, dict(examination.pipeline.made_of), ["rules"], utc_now()) as writer:
        await run_suite(suite, examination, writer, JOBS, lambda _: None)
    return time.perf_counter() - started


def _killed(report: Report, folder: Path, count: int) -> None:
    """A run by a pipeline that answers at once: by the real one it would take hours, and it is the run that counts."""
    folder.mkdir()
    command = [sys.executable, "-m", "benchmarks.eval_cheap", str(folder), str(count)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=PROJECT) as first:
        while results_kept(folder) < count // 2:
            if first.poll() is not None or time.perf_counter() - started > PATIENCE_SECONDS:
                first.kill()
                raise CouldNotRun(f"the long run ended by itself, with {results_kept(folder)} results")
            time.sleep(0.05)
        first.kill()
    finished = {result.sample.id for result in RunStore(folder / "runs").open(_only(folder)).results}
    before = Counter(answered(folder))
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, timeout=PATIENCE_SECONDS, cwd=PROJECT)
    again = Counter(answered(folder)) - before
    results = RunStore(folder / "runs").open(_only(folder)).results
    report.add(
        "killed_after", Figure(len(finished), f"of {count}", note="samples finished when it was killed (SIGKILL)")
    )
    report.add("repeated", Figure(sum(again[name] for name in finished), "samples", target=0))
    report.add("results", Figure(len({result.sample.id for result in results}), "", target=count, better="higher"))
    report.add("both_s", Figure(time.perf_counter() - started, "s", note="both starts together"))


def _only(folder: Path) -> str:
    [header] = [one for one in RunStore(folder / "runs").list() if one.suite == SUITE]
    return header.id


if __name__ == "__main__":
    sys.exit(main("eval", run))
