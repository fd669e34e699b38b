"""A case that asks for a package of its own: its trials, its learners' kernels and their checks have it."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from case_uploader.format.problem import Problems
from case_uploader.format.requirements_file import read_requirements
from case_uploader.scaffold import scaffold
from case_uploader.wiring import open_shelf
from infra.settings import EmbeddedSettings
from tests.e2e.system.caseloop_person import Environment, Person
from tests.e2e.system.caseloop_system import System, eventually
from tests.e2e.system.one_home import small_system
from vault.files import private_folder

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(240)]
CASE, ANSWER_CELL = "coffee-sales", "total-revenue-answer"
TILL = "def earned(frame):\n    return float((frame['price'] * frame['quantity']).sum())\n"
"""The module `caseloop_till`, which no package index has."""
ANSWER = """\
import caseloop_till
import pandas as pd

sales = pd.read_csv("data/sales.csv")


def revenue(frame):
    return caseloop_till.earned(frame)


total = revenue(sales)"""


@pytest.fixture(scope="module")
def system(project: Path) -> Iterator[System]:
    with small_system(project) as system:
        cases = Path(system.variables["CASELOOP_CASES"])
        _write_case(cases)
        _install(cases / CASE, system.home, project)
        system.start()
        yield system


def _write_case(cases: Path) -> None:
    """A new case whose learners begin with an import of the package."""
    folder = scaffold(cases, CASE)
    (folder / "requirements.txt").write_text("pandas\ncaseloop-till==1.0\n")
    notebook = folder / "solution.ipynb"
    text = notebook.read_text()
    assert text.count('"import pandas as pd\\n"') == 1
    notebook.write_text(text.replace('"import pandas as pd\\n"', '"import caseloop_till\\n", "import pandas as pd\\n"'))


def _install(case: Path, home: Path, project: Path) -> None:
    """What the installer would make of the case's requirements: tests fetch nothing from a package index.

    That it does so is tested with an index on the disk (`TestUvBuilder`).
    """
    settings = EmbeddedSettings(home=home)
    settings.prepare()
    private_folder(settings.environments)
    shelf = open_shelf(settings, settings.environments, settings.set_up_dir)
    assert shelf is not None, "the installer is missing: run `make setup`"
    place = settings.environments / shelf.digest(read_requirements(case, None, Problems()))
    shutil.copytree(project / ".venv-learner", place, symlinks=True, copy_function=_link_or_copy)
    (site,) = place.glob("lib/python3*/site-packages")
    (site / "caseloop_till.py").write_text(TILL)
    (site / "caseloop_till-1.0.dist-info").mkdir()
    (site / "caseloop_till-1.0.dist-info" / "METADATA").write_text("Name: caseloop-till\nVersion: 1.0\n")
    (place / "caseloop-ready.json").write_text("{}")


def _link_or_copy(source: str, target: str) -> None:
    """A link costs nothing; the folder of temporary files may be on another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture(scope="module")
def environment(system: System) -> Environment:
    return Person(system).sign_in().start(CASE)


def test_a_learners_kernel_has_the_package_of_the_case_and_the_common_ones(
    system: System, environment: Environment
) -> None:
    kernel = environment.kernel()
    prefix = kernel.ask("import caseloop_till, pandas, sys\nanswer = sys.prefix")
    assert Path(prefix).parent == system.home / "environments"
    written = "try: open(caseloop_till.__file__, 'a'); answer = 'written'\nexcept OSError as e: answer = e.strerror"
    assert kernel.ask(written) == "Read-only file system"


def test_work_that_uses_the_package_is_checked_where_it_is_installed(environment: Environment) -> None:
    cells = environment.cells({ANSWER_CELL: ANSWER})
    assert "import caseloop_till" in json.dumps(environment.notebook())

    name, data = environment.check("total-revenue", cells)[-1]

    assert name == "feedback", data
    assert data["feedback"]["verdict"] == "approved", data


def test_a_folder_of_notebooks_is_graded_there_too(
    system: System, environment: Environment, project: Path, tmp_path: Path
) -> None:
    notebook = environment.notebook()
    answer = next(cell for cell in notebook["cells"] if cell["id"] == ANSWER_CELL)
    answer["source"] = ANSWER
    handed_in = tmp_path / "handed-in"
    handed_in.mkdir()
    (handed_in / "ada.ipynb").write_text(json.dumps(notebook))
    case = Path(system.variables["CASELOOP_CASES"]) / CASE
    command = [sys.executable, "-m", "infra.cli", "grade", case, handed_in, "--out", tmp_path / "grades"]

    done = subprocess.run(command, cwd=project, env=system.environment(), capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    [row] = csv.DictReader((tmp_path / "grades" / "grades.csv").read_text().splitlines())
    assert (row["total-revenue"], row["best-day"]) == ("approved", "needs_work")


def test_an_environment_that_is_not_there_is_said_to_learner_and_operator(
    system: System, environment: Environment
) -> None:
    person = environment.person
    person.stop(CASE)
    [place] = (folder for folder in (system.home / "environments").iterdir() if folder.is_dir())
    aside = place.rename(place.with_name("aside"))
    try:
        person.request_start(CASE)
        log = system.home / "logs" / "hub.log"
        eventually(lambda: f"{place}, for {CASE}, is not on this machine" in log.read_text(), "the log names it")
        eventually(lambda: not person.servers().get(CASE, {}).get("pending"), "the start has ended")
        page = person.http.get(f"/hub/spawn-pending/{person.name}/{CASE}").text
        assert "Tell your teacher; your work is safe" in page
        assert str(place) not in page
    finally:
        aside.rename(place)
    assert person.start(CASE).kernel().ask("import caseloop_till\nanswer = 1") == 1
