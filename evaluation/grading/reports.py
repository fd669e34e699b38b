"""The three reports of a grading: CSV for the mark book, JSON for programs, HTML for people."""

import csv
from collections import Counter
from pathlib import Path

import jinja2

from evaluation.grading.results import GradingReport, NotebookResult

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that begins with one of these."""


def write_reports(report: GradingReport, folder: Path) -> dict[str, Path]:
    """Write grades.csv, grades.json and report.html; returns their paths by kind."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {"csv": folder / "grades.csv", "json": folder / "grades.json", "html": folder / "report.html"}
    _write_csv(report, paths["csv"])
    paths["json"].write_text(report.model_dump_json(indent=1), encoding="utf-8")
    paths["html"].write_text(_html(report), encoding="utf-8")
    return paths


def _write_csv(report: GradingReport, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "status", "points", "max_points", "approved", *report.subtasks, "problem"])
        for result in report.results:
            verdicts = {s.subtask: s.verdict.value for s in result.subtasks}
            row = [result.file, result.status, f"{result.points:g}", f"{result.max_points:g}", str(result.approved)]
            row += [verdicts.get(subtask, "") for subtask in report.subtasks] + [result.problem]
            writer.writerow([_safe(cell) for cell in row])


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _html(report: GradingReport) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html.jinja").render(
        report=report,
        frequent=_frequent(report.results),
        approved=sum(result.approved for result in report.results),
        possible=len(report.results) * len(report.subtasks),
        unreadable=[result for result in report.results if result.status != "graded"],
    )


def _frequent(results: tuple[NotebookResult, ...]) -> list[tuple[str, str, int]]:
    """(subtask, message, notebooks) of the problems that several notebooks share, most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    messages: dict[tuple[str, str], str] = {}
    for result in results:
        for subtask in result.subtasks:
            for signature, message in zip(subtask.signatures, subtask.findings, strict=True):
                counts[subtask.subtask, signature] += 1
                messages.setdefault((subtask.subtask, signature), message)
    return [(key[0], messages[key], count) for key, count in counts.most_common(12) if count > 1]
