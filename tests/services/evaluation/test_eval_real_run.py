"""`caseloop eval` as somebody would use it: the real command, the real pipeline, a few samples of a shipped case."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from case_uploader.make_data import make_data
from evaluation.runs.result import EvalRun
from evaluation.runs.running import inspect_logs
from evaluation.runs.store import RESULTS, RunStore
from evaluation.serving.index import read_index
from evaluation.suites.jsonl import read_suite

Command = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]
PATIENCE = 120.0
CASE = "python-basics"


@pytest.fixture(scope="module")
def folder(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cases beside which suites are written."""
    folder = tmp_path_factory.mktemp("cases")
    skipped = shutil.ignore_patterns("data", "__pycache__")
    shutil.copytree(project / "cases" / CASE, folder / CASE, ignore=skipped)
    asyncio.run(make_data(folder / CASE, project / ".venv-learner" / "bin" / "python"))
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home") / "caseloop"


@pytest.fixture(scope="module")
def start(project: Path, home: Path) -> Callable[..., "subprocess.Popen[str]"]:
    def started(*words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "infra.cli", "eval", *words],
            cwd=project,
            env=os.environ | {"CASELOOP_HOME": str(home), "NO_COLOR": "1", "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return started


@pytest.fixture(scope="module")
def caseloop(start: Callable[..., "subprocess.Popen[str]"]) -> Command:
    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        with start(*words) as process:
            said, complained = process.communicate(timeout=PATIENCE * 2)
        return subprocess.CompletedProcess(words, process.returncode, said, complained)

    return run


@pytest.fixture(scope="module")
def shipped(project: Path) -> list[dict[str, Any]]:
    lines = (project / "cases" / "sample-cases.jsonl").read_bytes().splitlines()
    return [line for line in map(json.loads, lines) if line["case"] == CASE]


def write(folder: Path, name: str, lines: list[dict[str, Any]]) -> Path:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def the_run(home: Path, suite: str) -> EvalRun:
    store = RunStore(home / "evaluations")
    [header] = [one for one in store.list() if one.suite == suite]
    return store.open(header.id)


def test_a_suite_is_answered_scored_and_kept(
    folder: Path, home: Path, shipped: list[dict[str, Any]], caseloop: Command
) -> None:
    first = {line["source"]: line for line in reversed(shipped)}
    lied = first["reference"] | {"id": "wrongly-expected", "expected": {"verdict": "needs_work"}}
    done = caseloop("run", str(write(folder, "few", [*first.values(), lied])))
    assert done.returncode == 0, done.stderr
    run = the_run(home, "few")
    assert run.ended is not None
    assert len(run.results) == 6
    verdicts = {result.sample.id: result.score("verdict") for result in run.results}
    assert verdicts.pop("wrongly-expected") == 0
    assert set(verdicts.values()) == {1}
    by_source = {result.sample.source: result for result in run.results}
    assert by_source["flaw"].score("problem-recall") == 1
    assert by_source["mutant"].score("localisation") == 1
    assert {result.score("no-leak") for result in run.results} == {1}
    assert run.pipeline["model"] == "none"
    assert len(run.pipeline[f"case {CASE}"]) == 64
    assert f"verdict           │       {5 / 6:.3f}" in done.stdout
    assert "No model was asked." in done.stdout
    assert read_index(home / "evaluations" / run.id, lambda index: index.figures.samples) == (6,)
    [log] = inspect_logs(home / "evaluations" / run.id)
    assert log.stat().st_size > 0


def test_a_killed_run_goes_on_without_a_finished_sample(
    folder: Path,
    home: Path,
    shipped: list[dict[str, Any]],
    caseloop: Command,
    start: Callable[..., "subprocess.Popen[str]"],
) -> None:
    path = write(folder, "killed", shipped[:8])
    with start("run", str(path), "--jobs", "1") as process:
        finished = _until_some_are_finished(process, home, "killed")
        process.send_signal(signal.SIGKILL)
    assert len(finished) < 8, "it was killed too late to show anything"
    again = caseloop("run", str(path))
    assert again.returncode == 0, again.stderr
    assert "samples are answered." in again.stderr
    run = the_run(home, "killed")
    assert [result.sample.id for result in run.results] == [line["id"] for line in shipped[:8]]
    lines = (home / "evaluations" / run.id / RESULTS).read_bytes().splitlines()
    assert lines[: len(finished)] == finished
    ids = [json.loads(line)["sample"]["id"] for line in lines if line.endswith(b"}")]
    assert sorted(ids) == sorted(line["id"] for line in shipped[:8])


def test_a_run_that_is_stopped_says_how_it_goes_on(
    folder: Path, home: Path, shipped: list[dict[str, Any]], start: Callable[..., "subprocess.Popen[str]"]
) -> None:
    with start("run", str(write(folder, "stopped", shipped[:8])), "--jobs", "1") as process:
        _until_some_are_finished(process, home, "stopped")
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (130, "")
    assert "the same command goes on from there" in complained
    assert "Traceback" not in complained
    assert the_run(home, "stopped").ended is None


def _until_some_are_finished(process: "subprocess.Popen[str]", home: Path, suite: str) -> list[bytes]:
    end = time.monotonic() + PATIENCE
    while True:
        for path in (home / "evaluations").glob(f"{suite}-*/{RESULTS}"):
            whole = path.read_bytes().split(b"\n")[:-1]
            if len(whole) >= 2:
                return whole
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "no sample is finished"
        time.sleep(0.01)


def test_a_suite_is_built_from_a_case(folder: Path, caseloop: Command) -> None:
    out = folder / "made.jsonl"
    done = caseloop("suite", "build", str(folder / CASE), "--out", str(out), "--mutants", "1")
    assert done.returncode == 0, done.stderr
    assert "6 reference, 6 starter" in done.stdout
    made = read_suite(out)
    assert made.cases == (CASE,)
    assert any("in-variant" in line.tags for _, line in made.lines)


def test_what_cannot_be_run_is_said_with_status_2(
    folder: Path, shipped: list[dict[str, Any]], caseloop: Command
) -> None:
    twice = write(folder, "twice", [shipped[0], shipped[0]])
    refused = caseloop("run", str(twice))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"{twice}:2: the id {shipped[0]['id']!r} is that of line 1, too" in refused.stderr
    unknown = write(folder, "unknown", [shipped[0] | {"subtask": "gone"}])
    assert f"{unknown}:1: the case {CASE!r} has no subtask 'gone'" in caseloop("run", str(unknown)).stderr
    nobody = caseloop("run", "no-such-suite-or-case")
    assert nobody.returncode == 2
    assert "There is no folder 'no-such-suite-or-case' and no published case of that name" in nobody.stderr
