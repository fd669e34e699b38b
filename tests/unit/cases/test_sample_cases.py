"""The cases that ship: complete, well-formed, and with data that every machine makes alike."""

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
import yaml

from case_uploader.adapters.learner_environment import SitePackages
from case_uploader.format.case_folder import CaseDraft, read_case_folder

SUBTASKS = {"python-basics": 6, "clean-regression": 6, "forecast-validation": 5}
CASES = sorted(SUBTASKS)


@dataclass(frozen=True)
class SampleCase:
    """A sample case with its data, in a folder of its own."""

    folder: Path
    draft: CaseDraft
    digests: Mapping[str, str]
    """Of each data file, by name."""


@pytest.fixture(scope="module")
def learner_python(project: Path) -> Path:
    python = project / ".venv-learner" / "bin" / "python"
    assert python.exists(), "the learners' environment is not set up (make setup)"
    return python


@pytest.fixture(scope="module")
def samples(project: Path, learner_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, SampleCase]:
    """Every sample case, copied without any data that may lie there, and with its data made anew."""
    root = tmp_path_factory.mktemp("cases")
    for name in CASES:
        shutil.copytree(project / "cases" / name, root / name, ignore=shutil.ignore_patterns("data", "__pycache__"))
    asyncio.run(_make_all(learner_python, {root / name / "make_data.py": root / name / "data" for name in CASES}))
    environment = SitePackages(project / ".venv-learner")
    made = {}
    for name in CASES:
        reading = read_case_folder(root / name, environment)
        assert reading.problems == ()
        assert reading.draft is not None
        made[name] = SampleCase(root / name, reading.draft, _digests(root / name / "data"))
    return made


async def _make_all(python: Path, folders: Mapping[Path, Path], **environment: str) -> None:
    """Run each script with the folder to write into, all at once."""
    runs = [
        await asyncio.create_subprocess_exec(
            python, "-I", script, folder, cwd=script.parent.parent, env=os.environ | environment
        )
        for script, folder in folders.items()
    ]
    assert [await run.wait() for run in runs] == [0] * len(runs)


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_every_folder_in_cases_is_one_of_the_sample_cases(project: Path) -> None:
    assert sorted(path.name for path in (project / "cases").iterdir() if path.is_dir()) == CASES


def test_data_scripts_write_the_same_bytes_again(
    samples: dict[str, SampleCase], learner_python: Path, tmp_path: Path
) -> None:
    folders = {samples[name].folder / "make_data.py": tmp_path / name / "deeper" for name in CASES}
    asyncio.run(_make_all(learner_python, folders, PYTHONHASHSEED="7", LC_ALL="C", TZ="Asia/Tokyo"))

    assert {name: _digests(tmp_path / name / "deeper") for name in CASES} == {
        name: samples[name].digests for name in CASES
    }
    assert all(samples[name].digests for name in CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_case_has_its_subtasks_each_with_hints_for_every_check(name: str, samples: dict[str, SampleCase]) -> None:
    subtasks = samples[name].draft.author.subtasks

    assert samples[name].draft.author.id == name
    assert len(subtasks) == SUBTASKS[name]
    for subtask in subtasks:
        assert subtask.plan, subtask.view.id
        assert subtask.example, subtask.view.id
        assert {check.hidden for check in subtask.checks} == {False, True}, subtask.view.id
        assert all(check.hint for check in subtask.checks), subtask.view.id


@pytest.mark.parametrize("name", CASES)
def test_every_verdict_rests_on_a_comparison_outside_the_sandbox(name: str, samples: dict[str, SampleCase]) -> None:
    for subtask in samples[name].draft.author.subtasks:
        assert subtask.probes or any(compare.decides for compare in subtask.compare), subtask.view.id
        assert all(probe.hidden for probe in subtask.probes), subtask.view.id


@pytest.mark.parametrize("name", CASES)
def test_known_flaws_cover_every_subtask_and_change_its_answer(name: str, samples: dict[str, SampleCase]) -> None:
    author = samples[name].draft.author
    reference = {subtask.view.id: subtask.reference for subtask in author.subtasks}

    assert len(author.flaws) >= 6
    assert {flaw.subtask for flaw in author.flaws} == set(reference)
    for flaw in author.flaws:
        assert flaw.answer, flaw.id
        assert all(source != reference[flaw.subtask][cell] for cell, source in flaw.answer.items()), flaw.id
        assert "`" not in flaw.words, f"{flaw.id}: a mentor's words tell the consequence, not the code"


@pytest.mark.parametrize("name", CASES)
def test_a_variant_answers_differently_and_completely(name: str, samples: dict[str, SampleCase]) -> None:
    author = samples[name].draft.author
    reference = {cell: source for subtask in author.subtasks for cell, source in subtask.reference.items()}

    assert author.variants
    for variant in author.variants:
        assert variant.keys() == reference.keys()
    for cell, source in reference.items():
        assert any(variant[cell].strip() != source.strip() for variant in author.variants), cell


@pytest.mark.parametrize("name", CASES)
def test_notebooks_are_committed_stable_and_without_outputs(name: str, samples: dict[str, SampleCase]) -> None:
    folder = samples[name].folder
    for path in [folder / "solution.ipynb", *sorted((folder / "variants").glob("*.ipynb"))]:
        text = path.read_text(encoding="utf-8")
        book = json.loads(text)
        assert text == json.dumps(book, indent=1, ensure_ascii=False) + "\n", path.name
        nbformat.validate(nbformat.reads(text, as_version=4))
        assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
        for cell in book["cells"]:
            assert cell["id"] == cell["metadata"]["nbgrader"]["grade_id"]
            assert cell["metadata"]["nbgrader"]["schema_version"] == 3
            assert not cell.get("outputs")


@pytest.mark.parametrize("name", CASES)
def test_the_learners_notebook_shows_no_hidden_test_and_no_solution(name: str, samples: dict[str, SampleCase]) -> None:
    shown = json.dumps(samples[name].draft.learner.notebook)
    author = samples[name].draft.author

    assert "HIDDEN TESTS" not in shown
    assert "SOLUTION" not in shown
    assert shown.count("raise NotImplementedError()") >= len(author.subtasks)
    for subtask in author.subtasks:
        assert all("raise NotImplementedError()" in source for source in subtask.starter.values()), subtask.view.id


@pytest.mark.parametrize("name", CASES)
def test_every_name_that_is_compared_stands_in_the_instructions(name: str, samples: dict[str, SampleCase]) -> None:
    draft = samples[name].draft
    told = {cell.id: cell.source for cell in draft.author.cells}
    for subtask in draft.author.subtasks:
        text = "\n".join(told[cell] for cell in subtask.view.cells)
        asked = {compare.name for compare in subtask.compare} | {probe.call for probe in subtask.probes}
        assert all(f"`{wanted}" in text for wanted in asked), (subtask.view.id, asked)


@pytest.mark.parametrize("name", CASES)
def test_the_manifest_is_complete(name: str, samples: dict[str, SampleCase]) -> None:
    manifest = yaml.safe_load((samples[name].folder / "case.yaml").read_text(encoding="utf-8"))

    wanted = {"id", "title", "summary", "level", "minutes", "ai_mode", "strictness", "topics", "limits", "subtasks"}
    assert wanted <= manifest.keys()
    assert len(manifest["summary"]) < 200
