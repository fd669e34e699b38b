"""The whole way of a case: real reading, real sandboxes, real judging, real storing."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from case_uploader.app import create_app
from case_uploader.scaffold import scaffold
from case_uploader.service import CaseService
from case_uploader.steps import Passed, Published, Rejected, Reported
from case_uploader.wiring import learner_environment, open_backends, publishing_service
from feedback.app import create_app as create_feedback
from feedback.wiring import build_service
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.feedback import FeedbackClient
from services.kit.http import in_process_client
from services.kit.scope import ScopeVerifier
from services.kit.settings import Settings
from services.runner.service import Runner
from services.runner.settings import RunnerSettings

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(180)]


@pytest.fixture
async def service(
    tmp_path: Path, project: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[CaseService]:
    # Mutants take their time; one test is about them.
    monkeypatch.setenv("CASELOOP_CI_MUTANTS", str("mutants" in request.node.name))
    settings = Settings(home=tmp_path / "home", learner_env=project / ".venv-learner")
    settings.prepare()
    runner_settings = RunnerSettings(learner_env=settings.learner_env, cache=tmp_path / "data-cache")
    async with open_backends(settings) as backends:
        reading = CaseService(backends.database, backends.objects)
        cases_app = create_app(reading, backends)
        async with (
            in_process_client(cases_app, "feedback") as for_feedback,
            in_process_client(cases_app, "runner") as for_runner,
            Runner(runner_settings, CasesClient(for_runner)) as runner,
        ):
            judging = build_service(runner, CasesClient(for_feedback), tmp_path / "baselines")
            verifier = ScopeVerifier(Ed25519PrivateKey.generate().public_key())
            async with in_process_client(create_feedback(judging, verifier), "cases", timeout=None) as http:
                yield publishing_service(backends, FeedbackClient(http), learner_environment(settings))


async def _end(steps):
    return [step async for step in steps][-1]


@pytest.fixture
def new_case(tmp_path: Path) -> Path:
    return scaffold(tmp_path / "authors", "coffee-sales")


async def test_a_new_case_passes_its_check_and_is_published(service, new_case):
    checked = await _end(service.check(new_case))
    assert isinstance(checked, Passed), checked.problems
    published = await _end(service.publish(new_case))
    assert isinstance(published, Published)
    assert published.notes == ()
    assert (await service.published())[0].id == "coffee-sales"


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


async def _rules(service: CaseService, folder: Path) -> set[tuple[str, str]]:
    end = await _end(service.publish(folder))
    assert isinstance(end, Rejected), end
    assert await service.published() == ()
    return {(problem.rule, problem.file) for problem in end.problems}


async def test_a_failing_reference_is_found(service, new_case):
    _replace(new_case / "solution.ipynb", "total - 196.7", "total - 200.0")
    assert await _rules(service, new_case) == {("reference-fails", "solution.ipynb")}


async def test_a_reference_that_is_another_each_time_is_found(service, new_case):
    _replace(new_case / "case.yaml", "      - name: total\n", "      - name: begun\n      - name: total\n")
    added = 'import time\\n",\n    "begun = time.time_ns()\\n",\n    "import pandas as pd\\n'
    _replace(new_case / "solution.ipynb", "import pandas as pd\\n", added)
    assert ("reference-unsteady", "solution.ipynb") in await _rules(service, new_case)


async def test_a_starter_that_passes_already_is_found(service, new_case):
    # The region holds nothing that matters, so what is left of the cell is the whole answer.
    solution = new_case / "solution.ipynb"
    _replace(solution, "    return str(by_day.idxmax())\\n", "    print(by_day)\\n")
    text = solution.read_text()
    region = text.index("### BEGIN SOLUTION", text.index("def best_day"))
    end = text.index("### END SOLUTION", region)
    moved = text[region:end].replace("### BEGIN SOLUTION", "earned_first = 1") + "return str(by_day.idxmax())\\n"
    after = '",\n    "    ### BEGIN SOLUTION\\n",\n    "    pass\\n",\n    "    '
    solution.write_text(text[:region] + moved + after + text[end:])
    assert ("starter-passes", "solution.ipynb") in await _rules(service, new_case)


async def test_a_flaw_that_no_check_catches_is_found(service, new_case):
    _replace(new_case / "flaws.yaml", 'replace: frame["quantity"].fillna(1)', 'replace: frame["quantity"].fillna(0)')
    assert await _rules(service, new_case) == {("flaw-passes", "flaws.yaml")}


async def test_a_variant_that_is_not_accepted_is_found(service, new_case):
    _replace(new_case / "variants" / "with-loops.ipynb", "total = 0.0", "total = 1.0")
    assert await _rules(service, new_case) == {("variant-fails", "variants/with-loops.ipynb")}


async def test_a_reference_that_needs_too_long_is_told(service, new_case):
    _replace(new_case / "case.yaml", "wall_seconds: 20", "wall_seconds: 1")
    _replace(new_case / "solution.ipynb", "import pandas as pd\\n", "import pandas as pd\\nwhile True: pass\\n")
    assert await _rules(service, new_case) == {("reference-fails", "solution.ipynb")}


async def test_mutants_are_judged_by_real_runs(service, new_case):
    steps = [step async for step in service.check(new_case)]

    assert isinstance(steps[-1], Passed), steps[-1]
    assert isinstance(steps[-2], Reported)
    report = steps[-2].report
    outcomes = {mutant.outcome for mutant in report.mutants}
    assert report.counted("not_judged") == 0
    assert "caught" in outcomes
    by_line = {mutant.after: mutant for mutant in report.mutants}
    assert all(mutant.caught_by for mutant in report.mutants if mutant.outcome == "caught")
    assert report.gate.score is not None
    assert report.gate.score >= 0.9, [mutant for mutant in by_line.values() if mutant.outcome == "missed"]
    assert all(line.seconds for line in report.subtasks)


async def test_an_nbgrader_assignment_of_two_notebooks_with_answers_in_words_is_published_as_it_is(service, tmp_path):
    def cell(kind: str, grade_id: str, source: str, **marks: object) -> dict[str, object]:
        code = {"outputs": [], "execution_count": None} if kind == "code" else {}
        nbgrader = {"schema_version": 3, "grade_id": grade_id, "locked": False, **marks}
        return {"cell_type": kind, "metadata": {"nbgrader": nbgrader}, "source": source, **code}

    solved = "def twice(n):\n    ### BEGIN SOLUTION\n    return 2 * n\n    ### END SOLUTION"
    notebooks = {
        "problem1.ipynb": [
            cell("code", "twice", solved, grade=False, solution=True),
            cell("code", "check", "assert twice(4) == 8", grade=True, solution=False, points=1),
        ],
        "problem2.ipynb": [cell("markdown", "why", "Because $2n$ is even.", grade=True, solution=True, points=1)],
    }
    folder = tmp_path / "ps1"
    folder.mkdir()
    for name, cells in notebooks.items():
        book = {"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": cells}
        (folder / name).write_text(json.dumps(book))

    end = await _end(service.publish(folder))

    assert isinstance(end, Published), end
    assert {note.rule for note in end.notes} == {"manifest-default", "manual-grading", "notebooks-joined"}
