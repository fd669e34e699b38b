"""The regression case in a folder of its own, and the real command."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from case_uploader.format.case_folder import CaseDraft, read_case_folder
from case_uploader.make_data import make_data

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def case_folder(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with its data made anew: the repository holds none."""
    folder = tmp_path_factory.mktemp("case") / "clean-regression"
    shutil.copytree(
        project / "cases" / "clean-regression", folder, ignore=shutil.ignore_patterns("data", "__pycache__")
    )
    asyncio.run(make_data(folder, project / ".venv-learner" / "bin" / "python"))
    # What never ends lasts as long as it may; nothing else takes a tenth of this.
    config = folder / "case.yaml"
    config.write_text(config.read_text().replace("cpu_seconds: 20\n", "cpu_seconds: 5\n"))
    return folder


@pytest.fixture(scope="module")
def draft(case_folder: Path) -> CaseDraft:
    """The case as its folder describes it."""
    reading = read_case_folder(case_folder)
    assert reading.draft is not None, reading.problems
    return reading.draft


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Caseloop keeps; made at the first start."""
    return tmp_path_factory.mktemp("caseloop") / "home"


@pytest.fixture(scope="module")
def start(project: Path, home: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Start `caseloop grade …` as a person would."""

    def popen(*arguments: str | Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "infra.cli", "grade", *map(str, arguments)]
        variables = {key: value for key, value in os.environ.items() if not key.startswith("CASELOOP_")}
        variables |= {"CASELOOP_HOME": str(home), "CASELOOP_LEARNER_ENV": str(project / ".venv-learner")}
        return subprocess.Popen(
            command, cwd=project, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    return popen


@pytest.fixture(scope="module")
def grade(start: Callable[..., "subprocess.Popen[str]"]) -> Command:
    """Run `caseloop grade …` to its end."""

    def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        process = start(*arguments)
        stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    return run
