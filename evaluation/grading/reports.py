"""The three reports of a grading: CSV for the mark book, JSON for programs, HTML for people."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2

from evaluation.grading.results import GradingReport, Mistake, NotebookResult, SubtaskResult
from vault.files import write_private

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet may run a cell that begins with one of these."""
_FREQUENT = 12


class Frequent(NamedTuple):
    """A problem that several notebooks share."""

    subtask: str
    mistake: Mistake
    """As the first of these notebooks has it."""
    notebooks: int


def write_reports(report: GradingReport, folder: Path) -> dict[str, Path]:
    """Write grades.csv, grades.json and report.html, each whole or not at all; returns their paths by kind.

    Grades are about people: only the user who made them may read the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "csv": ("grades.csv", csv_report(report)),
        "json": ("grades.json", report.model_dump_json(indent=1)),
        "html": ("report.html", html_report(report)),
    }
    for name, text in contents.values():
        write_private(folder / name, text.encode())
    return {kind: folder / name for kind, (name, _) in contents.items()}


def csv_report(report: GradingReport) -> str:
    """One row a notebook. What is not graded has no points: a mark book must not take them for marks."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["file", "status", "points", "max_points", "approved", *report.subtasks, "problem"])
    for result in report.results:
        graded = result.status == "graded"
        verdicts = {s.subtask: s.verdict.value for s in result.subtasks}
        row = [result.file, result.status, f"{result.points:g}" if graded else "", f"{report.max_points:g}"]
        row += [str(result.approved) if graded else ""]
        row += [*(verdicts.get(subtask, "") for subtask in report.subtasks), result.problem]
        writer.writerow([_safe(cell) for cell in row])
    return out.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def html_report(report: GradingReport) -> str:
    """One page without script, readable offline; everything that learners wrote is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    graded = report.graded
    return environment.get_template("report.html.jinja").render(
        report=report,
        graded=graded,
        not_graded=[result for result in report.results if result.status != "graded"],
        approved=[sum(one.verdict == "approved" for one in column) for column in _columns(report, graded)],
        mean=sum(result.points for result in graded) / len(graded) if graded else 0,
        frequent=frequent(report.results),
    )


def _columns(report: GradingReport, results: Sequence[NotebookResult]) -> Iterator[list[SubtaskResult]]:
    for subtask in report.subtasks:
        yield [one for result in results for one in result.subtasks if one.subtask == subtask]


def frequent(results: Sequence[NotebookResult]) -> list[Frequent]:
    """The problems that more than one notebook has, most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], Mistake] = {}
    for result in results:
        # A mentor's words tell known mistakes apart that look alike.
        found = {(one.subtask, m.mentor or m.signature): m for one in result.subtasks for m in one.mistakes}
        counts.update(found.keys())
        first = found | first
    return [Frequent(key[0], first[key], count) for key, count in counts.most_common(_FREQUENT) if count > 1]
