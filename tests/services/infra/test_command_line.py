"""The `caseloop` command as it is installed, wherever it is called from."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., str]


@pytest.fixture
def caseloop(tmp_path: Path) -> Run:
    """Run the command in a folder that is not the project's, with a home of its own."""

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "infra.cli", *words]
        own = {"CASELOOP_HOME": str(tmp_path / "home")}
        done = subprocess.run(command, cwd=tmp_path, env=os.environ | own, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.sandbox
def test_an_author_works_in_a_folder_of_their_own(caseloop: Run, tmp_path: Path) -> None:
    caseloop("case", "new", "Coffee sales")
    folder = tmp_path / "coffee-sales"
    data = folder / "data" / "sales.csv"
    text = data.read_text()
    data.unlink()
    (folder / "make_data.py").write_text(f"from pathlib import Path\nPath('data/sales.csv').write_text({text!r})\n")
    assert "reads well" in caseloop("case", "check", "--quick", "--make-data", "coffee-sales")
    (folder / "requirements.txt").write_text("pandas>=1000\n")
    said = caseloop("case", "check", "--quick", "coffee-sales")
    assert "requirement-own" in said, "the learners' environment is looked at from anywhere"
    (folder / "requirements.txt").write_text("pandas\n")
    notebook = (folder / "solution.ipynb").read_text()
    absent = notebook.replace('"import pandas as pd\\n"', '"import absent_module\\n", "import pandas as pd\\n"')
    (folder / "solution.ipynb").write_text(absent)
    command = [sys.executable, "-m", "infra.cli", "case", "check", "--quick", "coffee-sales"]
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "import-missing" in refused.stdout


def test_a_forgotten_password_is_replaced_and_shown_once(caseloop: Run) -> None:
    name, first, role = caseloop("account", "add", "lena").split()
    assert (name, role) == ("lena", "(learner)")
    second = caseloop("account", "password", "lena").strip()
    assert len(second) >= 16
    assert second != first


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (("case", "list"), "CASELOOP_DATABASE_URL"),
        (("grade", "python-basics", "."), "CASELOOP_DATABASE_URL"),
        (("run",), "CASELOOP_VAULT_ADDRESS"),
    ],
)
def test_what_production_lacks_is_said_in_words(tmp_path: Path, words: tuple[str, ...], missing: str) -> None:
    (tmp_path / "one.ipynb").write_text("{}")
    status, said = _refused(tmp_path, *words, CASELOOP_MODE="production")
    assert status in (1, 2)
    assert missing in said


@pytest.mark.parametrize(
    ("name", "value"), [("CASELOOP_PORT", "0"), ("CASELOOP_LOGS__LEVEL", "loud"), ("CASELOOP_RUN_DIR", "/" + 99 * "r")]
)
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    status, said = _refused(tmp_path, "run", **{name: value})
    assert status == 2
    assert f"{name}={value}" in said


def _refused(folder: Path, *words: str, **variables: str) -> tuple[int, str]:
    """Run the command where it must fail; returns its exit status and what it says."""
    own = {"CASELOOP_HOME": str(folder / "home"), **variables}
    command = [sys.executable, "-m", "infra.cli", *words]
    done = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True, check=False)
    said = " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in said
    return done.returncode, said
