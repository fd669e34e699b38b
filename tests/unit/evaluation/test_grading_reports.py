"""The three reports: complete, and safe to open although learners wrote half of what is in them."""

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from evaluation.grading.reports import csv_report, frequent, html_report, write_reports
from evaluation.grading.results import GradingReport, NotebookResult

SCRIPT = "<script>alert(1)</script>"


def _report(*results: NotebookResult, title: str = "A case") -> GradingReport:
    return GradingReport(
        case="tiny", title=title, version="ab" * 32, subtasks=("step-1", "step-2"), max_points=4, results=results
    )


def _lost(file: str, problem: str, status: str = "unreadable") -> NotebookResult:
    return NotebookResult.model_validate({"file": file, "digest": "", "status": status, "problem": problem})


def _rows(report: GradingReport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_report(report), newline="")))


def _tags_and_text(page: str) -> tuple[list[str], str]:
    tags: list[str] = []
    text: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.extend([tag, *(name for name, _ in attrs)])  # type: ignore[method-assign]
    parser.handle_data = text.append  # type: ignore[method-assign]
    parser.feed(page)
    return tags, " ".join(" ".join(text).split())


def test_the_mark_book_has_a_row_with_points_for_each_notebook(make_result) -> None:
    rows = _rows(_report(make_result("a.ipynb", "approved", "needs_work"), _lost("b.ipynb", "the file is empty")))
    assert rows == [
        {
            "file": "a.ipynb",
            "status": "graded",
            "points": "2.5",
            "max_points": "4",
            "approved": "1",
            "step-1": "approved",
            "step-2": "needs_work",
            "problem": "",
        },
        {
            "file": "b.ipynb",
            "status": "unreadable",
            "points": "",
            "max_points": "4",
            "approved": "",
            "step-1": "",
            "step-2": "",
            "problem": "the file is empty",
        },
    ]


def test_what_could_not_be_judged_gets_no_points_in_the_mark_book(make_result) -> None:
    half = make_result("a.ipynb", "approved", "could_not_judge").model_copy(update={"status": "could_not_judge"})
    (row,) = _rows(_report(half))
    assert (row["points"], row["approved"], row["step-1"]) == ("", "", "approved")


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_of_the_mark_book_is_a_formula(first: str) -> None:
    (row,) = _rows(_report(_lost(f"{first}cmd|' /C calc'!A0.ipynb", f"{first}1+1")))
    assert row["file"] == f"'{first}cmd|' /C calc'!A0.ipynb"
    assert row["problem"] == f"'{first}1+1"


def test_quotes_commas_and_line_ends_in_names_stay_in_their_cell() -> None:
    name = 'a",\r\nevil,graded,8.ipynb'
    (row,) = _rows(_report(_lost(name, "no")))
    assert row["file"] == name


def test_nothing_that_learners_wrote_becomes_part_of_the_page(make_result) -> None:
    evil = f"\"'>{SCRIPT}<img src=x onerror=alert(1)>"
    one = make_result(f"{evil}.ipynb", "approved", "needs_work", message=evil, repairs=(evil,))
    mistake = one.subtasks[1].mistakes[0].model_copy(update={"mentor": evil, "cell": 3, "line": 7})
    wrong = one.subtasks[1].model_copy(update={"mistakes": (mistake,)})
    marked = one.model_copy(update={"subtasks": (one.subtasks[0], wrong)})
    again = marked.model_copy(update={"file": "other.ipynb"})
    tags, text = _tags_and_text(html_report(_report(marked, again, _lost(evil, evil), title=evil)))
    assert not {"script", "img", "onerror", "src"} & set(tags)
    # title, heading; not graded: name, problem; in common: message, mentor; twice: message, mentor, repair; once: name
    assert text.count(evil) == 2 + 2 + 2 + 2 * 3 + 1
    assert "(cell 3, line 7)" in text


def test_the_page_cannot_run_script_even_if_some_got_in(make_result) -> None:
    assert "default-src 'none'; style-src 'unsafe-inline'" in html_report(_report(make_result("a", "approved")))


def test_the_page_adds_up(make_result) -> None:
    results = (
        make_result("a.ipynb", "approved", "approved"),
        make_result("b.ipynb", "approved", "needs_work"),
        _lost("c.ipynb", "the file is empty"),
    )
    _, text = _tags_and_text(html_report(_report(*results)))
    assert "3 notebooks, 2 of them graded; on average 3.2 of 4 points." in text
    assert "a.ipynb 4 / 4 approved approved" in text
    assert "b.ipynb 2.5 / 4 approved needs work wrong" in text
    assert "c.ipynb the file is empty" in text
    assert "approved 2 of 2 1 of 2" in text


@pytest.mark.parametrize("results", [(), (_lost("a.ipynb", "no"),)], ids=["nothing", "only broken files"])
def test_a_page_without_grades_is_still_a_page(results: tuple[NotebookResult, ...]) -> None:
    _, text = _tags_and_text(html_report(_report(*results)))
    assert f"{len(results)} notebooks, 0 of them graded" in text


def test_what_several_have_in_common_is_counted_once_a_notebook(make_result) -> None:
    twice = make_result("a.ipynb", "needs_work", "approved", signature="one")
    double = twice.subtasks[0].model_copy(update={"mistakes": twice.subtasks[0].mistakes * 2})
    results = (
        twice.model_copy(update={"subtasks": (double, twice.subtasks[1])}),
        make_result("b.ipynb", "needs_work", "approved", signature="one", message="in other words"),
        make_result("c.ipynb", "needs_work", "approved", signature="other"),
        make_result("d.ipynb", "approved", "needs_work", signature="one"),
    )
    assert [(one.subtask, one.mistake.message, one.notebooks) for one in frequent(results)] == [("step-1", "wrong", 2)]


def test_known_mistakes_that_look_alike_are_counted_apart(make_result) -> None:
    def known(file: str, words: str) -> NotebookResult:
        result = make_result(file, "needs_work", signature="same")
        mistake = result.subtasks[0].mistakes[0].model_copy(update={"mentor": words})
        return result.model_copy(update={"subtasks": (result.subtasks[0].model_copy(update={"mistakes": (mistake,)}),)})

    results = [known("a", "The comma."), known("b", "The unit."), known("c", "The comma."), known("d", "The comma.")]
    assert [(one.mistake.mentor, one.notebooks) for one in frequent(results)] == [("The comma.", 3)]


def test_reports_are_written_whole_for_their_owner_only(tmp_path: Path, make_result) -> None:
    report = _report(make_result("Zoë.ipynb", "approved", "approved"))
    for _ in range(2):
        paths = write_reports(report, tmp_path / "deep" / "out")
    assert {path.name for path in paths.values()} == {"grades.csv", "grades.json", "report.html"}
    assert sorted(path.name for path in (tmp_path / "deep" / "out").iterdir()) == sorted(p.name for p in paths.values())
    assert all(path.stat().st_mode & 0o077 == 0 for path in paths.values())
    assert GradingReport.model_validate(json.loads(paths["json"].read_text("utf-8"))) == report


def test_a_link_in_a_reports_place_is_replaced_not_followed(tmp_path: Path, make_result) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("keep me")
    (tmp_path / "grades.csv").symlink_to(precious)
    write_reports(_report(make_result("a", "approved", "approved")), tmp_path)
    assert precious.read_text() == "keep me"
    assert not (tmp_path / "grades.csv").is_symlink()
