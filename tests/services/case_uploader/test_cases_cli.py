"""`caseloop case …` with the real store; only the judging is scripted."""

import json
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
from packaging.requirements import Requirement
from typer.testing import CliRunner

from case_uploader.adapters.learner_environment import LearnerEnvironmentMissing, SitePackages
from case_uploader.app import create_app
from case_uploader.cli import build_case_app
from case_uploader.format.case_folder import read_case_folder
from case_uploader.make_data import DataNotMade, make_data
from case_uploader.scaffold import CannotScaffold, scaffold
from case_uploader.service import CaseService
from case_uploader.wiring import open_backends, publishing_service
from services.contracts.clients.cases import CasesClient
from services.contracts.errors import ServiceError
from services.kit.http import in_process_client
from services.kit.settings import Settings


@pytest.fixture
def logging_as_before():
    """The command sets logging up for its process, which here is everybody's."""
    root, configured = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.configure(**configured)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def run(tmp_path: Path, scripted_feedback, monkeypatch, logging_as_before):
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)

    @asynccontextmanager
    async def open_service() -> AsyncIterator[CaseService]:
        settings = Settings(home=tmp_path / "home")
        settings.prepare()
        async with open_backends(settings) as backends:
            service = publishing_service(backends, scripted_feedback, None)
            async with in_process_client(create_app(service, backends), "feedback") as http:
                scripted_feedback.cases = CasesClient(http)
                yield service

    app = build_case_app(open_service)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_the_journey_of_an_author(run, tmp_path):
    made = run("new", "Coffee sales", "--in", str(tmp_path))
    assert (made.exit_code, "made" in made.stdout) == (0, True)
    folder = str(tmp_path / "coffee-sales")
    quick = run("check", folder, "--quick")
    assert (quick.exit_code, "the folder reads well" in quick.stdout) == (0, True)
    checked = run("check", folder)
    assert (checked.exit_code, "6 trials came out as they should" in checked.stdout) == (0, True)
    assert "no case is published yet" in run("list").stdout
    assert "coffee-sales: published, number 1" in run("publish", folder).stdout
    assert "coffee-sales: unchanged, number 1" in run("publish", folder).stdout
    listed = run("list")
    assert "coffee-sales" in listed.stdout
    assert listed.exit_code == 0


def test_problems_are_a_table_of_file_cell_rule_and_message(run, case_folder):
    notebook = (case_folder / "solution.ipynb").read_text()
    (case_folder / "solution.ipynb").write_text(notebook.replace("    ### END SOLUTION\\n", "", 1))
    (case_folder / "case.yaml").write_text("id: x\ntitle: '[red]T[/]'\nsumary: y\n")
    result = run("publish", str(case_folder))
    assert result.exit_code == 1
    line = next(line for line in result.stdout.split("\n") if "did you mean" in line)
    assert [word for word in ("case.yaml", "sumary", "key-unknown", "'summary'") if word not in line] == []
    assert "not published" in result.stdout
    assert run("list", "--json").stdout == '{\n  "results": []\n}\n'


def test_authors_words_are_never_read_as_markup(run, case_folder):
    (case_folder / "flaws.yaml").write_text("- '[link=file:///etc]x[/link]'\n")
    assert "[link=file:///etc]" in run("check", "--quick", str(case_folder)).stdout


def test_json_is_one_document_with_everything(run, case_folder, tmp_path):
    broken = scaffold(tmp_path, "broken")
    (broken / "solution.ipynb").write_text("{")
    result = run("publish", str(case_folder), str(broken), "--json")
    assert result.exit_code == 1
    good, bad = json.loads(result.stdout)["results"]
    assert (good["status"], good["case"], good["number"]) == ("published", "coffee-sales", 1)
    assert len(good["version"]) == 64
    assert bad["status"] == "rejected"
    assert {"file", "cell", "rule", "message", "level"} == set(bad["problems"][0])
    listed = json.loads(run("list", "--json").stdout)["results"]
    assert [(case["id"], case["number"]) for case in listed] == [("coffee-sales", 1)]


def test_a_platform_that_is_away_is_told_apart_from_a_broken_case(run, case_folder, scripted_feedback):
    scripted_feedback.error = ServiceError("feedback", 503, "service_unavailable", "feedback could not be reached")
    result = run("publish", "--json", str(case_folder))
    assert result.exit_code == 1
    outcome = json.loads(result.stdout)["results"][0]
    assert outcome["status"] == "failed"
    assert "could not be reached" in outcome["detail"]


@pytest.mark.parametrize(
    "arguments", [("check",), ("publish", "nowhere"), ("list", "--what"), ("new",), ("frobnicate",)]
)
def test_wrong_usage_is_status_2(run, arguments):
    assert run(*arguments).exit_code == 2


class TestScaffold:
    def test_a_new_case_reads_without_any_problem(self, tmp_path):
        reading = read_case_folder(scaffold(tmp_path, 'Tables: a "first" look'))
        assert reading.problems == ()
        assert reading.draft.learner.title == 'Tables: a "first" look'
        assert reading.draft.author.id == "tables-a-first-look"

    def test_nothing_is_overwritten(self, tmp_path, run):
        scaffold(tmp_path, "mine")
        with pytest.raises(CannotScaffold, match="there already"):
            scaffold(tmp_path, "mine")
        assert run("new", "mine", "--in", str(tmp_path)).exit_code == 1
        with pytest.raises(CannotScaffold, match="letters"):
            scaffold(tmp_path, "…")


class TestMakeData:
    async def test_the_script_runs_in_its_folder(self, case_folder):
        (case_folder / "make_data.py").write_text("open('data/made.txt', 'w').write('1')")
        await make_data(case_folder, Path(sys.executable))
        assert (case_folder / "data" / "made.txt").read_text() == "1"

    async def test_without_a_script_nothing_happens(self, case_folder):
        await make_data(case_folder, Path("/nowhere/python"))

    async def test_a_failing_script_says_why(self, case_folder):
        (case_folder / "make_data.py").write_text("raise SystemExit('no disk')")
        with pytest.raises(DataNotMade, match="status 1: no disk"):
            await make_data(case_folder, Path(sys.executable))

    async def test_a_missing_interpreter_says_how_to_get_one(self, case_folder):
        (case_folder / "make_data.py").write_text("")
        with pytest.raises(DataNotMade, match="make setup"):
            await make_data(case_folder, Path("/nowhere/python"))

    def test_the_option_makes_the_data_first(self, run, case_folder, tmp_path, monkeypatch):
        learner_env = tmp_path / "env"
        (learner_env / "bin").mkdir(parents=True)
        (learner_env / "bin" / "python").symlink_to(sys.executable)
        monkeypatch.setenv("CASELOOP_LEARNER_ENV", str(learner_env))
        sales = case_folder / "data" / "sales.csv"
        (case_folder / "make_data.py").write_text(f"open('data/sales.csv', 'w').write({sales.read_text()!r})")
        sales.unlink()
        assert run("check", "--quick", str(case_folder)).exit_code == 1
        assert run("check", "--quick", "--make-data", str(case_folder)).exit_code == 0


class TestLearnerEnvironment:
    def _environment(self, root: Path) -> Path:
        site = root / "lib" / "python3.11" / "site-packages"
        (site / "Num_Py-2.4.1.dist-info").mkdir(parents=True)
        (site / "Num_Py-2.4.1.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: Num_Py\nVersion: 2.4.1\n"
        )
        (site / "numpy_like").mkdir()
        (site / "numpy_like" / "__init__.py").write_text("raise SystemExit('never imported')")
        return root

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("num-py>=2", None),
            ("NUM.PY==2.4.*", None),
            ("num-py<2", "num-py 2.4.1 is installed there"),
            ("torch", "torch is not installed there"),
        ],
    )
    def test_requirements_are_compared_with_what_is_installed(self, tmp_path, line, why):
        assert SitePackages(self._environment(tmp_path)).unmet(Requirement(line)) == why

    def test_modules_are_found_without_importing_them(self, tmp_path):
        environment = SitePackages(self._environment(tmp_path))
        assert [environment.has_module(name) for name in ("numpy_like", "json", "torch")] == [True, True, False]

    def test_a_missing_environment_says_how_to_make_it(self, tmp_path):
        with pytest.raises(LearnerEnvironmentMissing, match="make setup"):
            SitePackages(tmp_path)
