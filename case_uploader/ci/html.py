"""The report of a case's CI as a page."""

from pathlib import Path

import jinja2

from case_uploader.ci.report import EQUIVALENT
from services.contracts.case_report import CaseReport


def report_html(report: CaseReport) -> str:
    """One page without script and without anything fetched, light or dark; everything an author wrote is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja").render(
        report=report,
        # A bar's full width belongs to the subtask with most faults.
        most=max((s.caught + s.missed + s.equivalent + s.not_judged for s in report.subtasks), default=0) or 1,
        missed=[mutant for mutant in report.mutants if mutant.outcome == "missed"],
        rest=[mutant for mutant in report.mutants if mutant.outcome in (*EQUIVALENT, "not_judged")],
        caught=[mutant for mutant in report.mutants if mutant.outcome == "caught"],
    )
