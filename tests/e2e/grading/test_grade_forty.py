"""`caseloop grade` on a pile of notebooks: right ones, every known mistake twice, unlucky and broken ones."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from case_uploader.drafts import DraftStore
from case_uploader.format.case_folder import CaseDraft
from case_uploader.wiring import open_backends
from services.kit.settings import Settings
from tests.e2e.grading.handed_in import UNREADABLE, NotebookFile, everything

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(900)]
LETTERS = {"approved": "A", "needs_work": "N", "could_not_judge": "?"}


@dataclass(frozen=True)
class Pile:
    """Notebooks on disk, and what is expected of each."""

    folder: Path
    files: dict[str, NotebookFile]

    @property
    def readable(self) -> list[str]:
        return [name for name, file in self.files.items() if file.expected != UNREADABLE]


@dataclass(frozen=True)
class Graded:
    """One run of the command, and what it wrote."""

    run: "CompletedProcess[str]"
    out: Path

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        report = json.loads((self.out / "grades.json").read_text("utf-8"))
        return {result["file"]: result for result in report["results"]}

    @property
    def journal(self) -> list[str]:
        (path,) = self.out.glob(".journal-*.jsonl")
        return [json.loads(line)["file"] for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def pile(draft: CaseDraft, tmp_path_factory: pytest.TempPathFactory) -> Pile:
    folder = tmp_path_factory.mktemp("pile") / "handed-in"
    files = {file.name: file for file in everything(draft)}
    for name, file in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(file.content)
    return Pile(folder, files)


@pytest.fixture(scope="module")
def graded(case_folder: Path, pile: Pile, grade, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    out = tmp_path_factory.mktemp("graded")
    return Graded(grade(case_folder, pile.folder, "--jobs", "2", "--out", out), out)


def test_the_pile_holds_at_least_forty_notebooks_and_every_known_mistake_twice(pile: Pile, draft: CaseDraft) -> None:
    assert len(pile.files) >= 40
    flaws = [file.flaw for file in pile.files.values() if file.flaw]
    assert all(flaws.count(flaw.id) == 2 for flaw in draft.author.flaws)
    assert len({file.content for file in pile.files.values()}) == len(pile.files)


def test_every_notebook_gets_the_verdict_it_deserves_in_every_subtask(graded: Graded, pile: Pile) -> None:
    found = {name: _letters(s["verdict"] for s in result["subtasks"]) for name, result in graded.results.items()}
    assert found == {name: file.expected for name, file in pile.files.items()}


def _letters(verdicts: Iterator[str]) -> str:
    return "".join(LETTERS[verdict] for verdict in verdicts) or UNREADABLE


def test_points_are_those_of_the_approved_subtasks_at_least(graded: Graded, pile: Pile) -> None:
    for name in pile.readable:
        for subtask in graded.results[name]["subtasks"]:
            if subtask["verdict"] == "approved":
                assert subtask["points"] == subtask["max_points"] > 0
            assert subtask["points"] <= subtask["max_points"]
    assert sum(s["points"] for s in graded.results["unlucky/untouched.ipynb"]["subtasks"]) == 0


def test_a_known_mistake_is_told_in_the_mentors_words_and_in_no_others(
    graded: Graded, pile: Pile, draft: CaseDraft
) -> None:
    # Each run of this one puts other patients aside, so that what it leads to need not be like the run before.
    flaws = {flaw.id: flaw for flaw in draft.author.flaws if flaw.id != "split-not-repeatable"}
    for name, file in pile.files.items():
        if (flaw := flaws.get(file.flaw or "")) is None:
            continue
        step = next(s for s in graded.results[name]["subtasks"] if s["subtask"] == flaw.subtask)
        assert {mistake["mentor"] for mistake in step["mistakes"]} - {None} == {flaw.words}, name


def test_unlucky_ones_are_told_where_it_happened(graded: Graded) -> None:
    def first(name: str, subtask: int) -> tuple[str, int | None, int | None]:
        mistake = graded.results[f"unlucky/{name}.ipynb"]["subtasks"][subtask]["mistakes"][0]
        return mistake["message"], mistake["cell"], mistake["line"]

    assert first("syntax-error", 2)[1:] == (10, 1)
    message, *place = first("hostile-exception", 3)
    assert "ValueError" in message
    assert place == [13, 1]
    assert first("endless-loop", 5)[1] == 19
    # Whether computing time or the clock runs out first depends on what else the machine does.
    assert "something repeats without end" in first("endless-loop", 5)[0]
    assert first("exit", 4)[1] == 16
    assert "numbers" in first("answer-deleted", 1)[0]
    assert "as it was handed out" in first("untouched", 0)[0]


def test_a_tampered_check_is_put_back_and_said(graded: Graded) -> None:
    repairs = graded.results["unlucky/checks-taken-out.ipynb"]["repairs"]
    assert len(repairs) == 6
    assert all("the case's own check was used" in repair for repair in repairs)


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("empty", "the file is empty"),
        ("cut-short", "not a notebook: no valid JSON (Unterminated string"),
        ("a-photo", "not a notebook: byte 1 is no text"),
        ("no-cells", "the notebook has no cells"),
        ("old-format", "its nbformat is 3, not 4"),
        ("huge-cell", "cell 4: it has 200,001 characters"),
    ],
)
def test_a_broken_file_is_told_what_is_wrong_with_it(graded: Graded, file: str, problem: str) -> None:
    result = graded.results[f"broken/{file}.ipynb"]
    assert result["status"] == "unreadable"
    assert result["problem"].startswith(problem)


def test_the_mark_book_says_the_same_and_holds_no_formula(graded: Graded, pile: Pile, draft: CaseDraft) -> None:
    with (graded.out / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    order = [subtask.view.id for subtask in draft.author.subtasks]
    found = {row["file"].removeprefix("'"): _letters(row[s] for s in order if row[s]) for row in rows}
    assert found == {name: file.expected for name, file in pile.files.items()}
    right = next(row for row in rows if row["file"] == "right/reference.ipynb")
    assert (right["points"], right["max_points"], right["approved"]) == ("8", "8", "6")
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())
    assert [row["points"] for row in rows if row["status"] != "graded"] == [""] * (len(rows) - len(pile.readable))


class _Page(HTMLParser):
    """Rows by their heading: the verdicts in them. And every tag there is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: dict[str, str] = {}
        self.tags: set[str] = set()
        self._heading, self._verdicts, self._in_heading = "", "", False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self._heading, self._verdicts = "", ""
        self._in_heading = (self._in_heading and tag != "details") or ("scope", "row") in attrs
        self._verdicts += LETTERS.get(dict(attrs).get("class") or "", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "th":
            self._in_heading = False
        if tag == "tr" and self._heading.strip():
            self.rows[self._heading.strip()] = self._verdicts or UNREADABLE

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self._heading += data


def test_the_page_says_the_same_and_runs_nothing(graded: Graded, pile: Pile) -> None:
    page = _Page((graded.out / "report.html").read_text("utf-8"))
    assert {name: page.rows[name] for name in pile.files} == {name: f.expected for name, f in pile.files.items()}
    assert "script" not in page.tags


def test_the_command_ends_with_status_1_because_some_could_not_be_read(graded: Graded, pile: Pile) -> None:
    summary = f"{len(pile.readable)} of {len(pile.files)} notebooks graded. Report: {graded.out / 'report.html'}\n"
    assert (graded.run.returncode, graded.run.stdout, graded.run.stderr) == (1, summary, "")


def test_each_was_judged_once_and_a_second_run_judges_nothing(
    graded: Graded, pile: Pile, case_folder: Path, grade
) -> None:
    before = graded.results
    assert sorted(graded.journal) == sorted(pile.readable)
    again = grade(case_folder, pile.folder, "--jobs", "2", "--out", graded.out)
    count = len(pile.readable)
    assert again.stdout.startswith(f"{count} of {len(pile.files)} notebooks graded ({count} by an earlier run).")
    assert sorted(graded.journal) == sorted(pile.readable)
    assert graded.results == before


async def test_a_published_case_is_graded_by_its_name_alike(
    graded: Graded, pile: Pile, draft: CaseDraft, home: Path, grade: Callable[..., Any], tmp_path: Path
) -> None:
    async with open_backends(Settings(home=home)) as backends:
        drafts = DraftStore(backends.database, backends.objects)
        await drafts.publish(await drafts.keep(draft))
    one = tmp_path / "one"
    one.mkdir()
    (one / "mine.ipynb").write_bytes(pile.files["right/variant-1.ipynb"].content)
    by_name = Graded(grade("clean-regression", one), tmp_path / "one-grades")
    assert by_name.run.returncode == 0, by_name.run.stderr
    assert by_name.results["mine.ipynb"]["subtasks"] == graded.results["right/variant-1.ipynb"]["subtasks"]
