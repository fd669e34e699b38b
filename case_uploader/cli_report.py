"""What `caseloop case …` prints: progress and tables for people, or one JSON document for programs."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from case_uploader.ci.html import report_html
from case_uploader.format.problem import CaseProblem
from case_uploader.steps import (
    Building,
    Built,
    Mutating,
    Passed,
    Published,
    Queueing,
    Reading,
    Rejected,
    Reported,
    Step,
    Storing,
    Trying,
    Unpacking,
)
from services.contracts.case import CaseSummary
from services.contracts.case_report import CaseReport

Verdict = Passed | Published | Rejected


class Report:
    """Collects what happened to each folder and says it.

    Authors' words are printed as plain text, never as markup. Progress goes to stderr, results to stdout.
    """

    def __init__(self, as_json: bool, page: Path | None = None, *, several: bool = False) -> None:
        self._json, self._page, self._several = as_json, page, several
        self._ci: CaseReport | None = None
        self._environment: Built | None = None
        self._more: dict[str, Any] = {}
        self._results: list[dict[str, Any]] = []
        # In a file or pipe a table is as wide as it likes: broken lines cannot be searched.
        self._out = Console(quiet=as_json, highlight=False, width=None if sys.stdout.isatty() else 200)
        self._failed = False
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=as_json,
        )
        self._task: TaskID | None = None

    def went_on(self, step: Step) -> None:
        """Show a step of the work."""
        match step:
            case Unpacking():
                self._show("unpacking", 0, 1)
            case Building():
                self._show(f"making the environment: {step.line or ', '.join(step.requirements)}"[:100], 0, 1)
            case Built():
                self._environment = step
            case Queueing():
                self._show(f"waiting for another upload of {step.case}", 0, 1)
            case Reading():
                self._show(f"{step.folder}: reading", 0, 1)
            case Storing():
                self._show(f"storing the draft and {step.files} data files ({step.size / 1024**2:.1f} MiB)", 0, 1)
            case Trying():
                self._show(f"trying the {step.what}", step.index - 1, step.count)
            case Mutating():
                self._show(f"small faults in the reference ({step.missed} missed)", step.done, step.count)
            case Reported():
                self._ci = step.report

    def _show(self, description: str, completed: int, total: int) -> None:
        if self._task is None:
            self._progress.start()
            self._task = self._progress.add_task(description, total=total)
        self._progress.update(self._task, description=description, completed=completed, total=total)

    def paused(self) -> None:
        """Hide the step while something else has the terminal."""
        self._hide()

    def _hide(self) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._progress.stop()
            self._task = None

    def ended(self, folder: str, end: Verdict) -> None:
        """Say how a folder's check or publication ended."""
        self._hide()
        self._say_environment()
        self._say_ci()
        match end:
            case Rejected():
                self._failed = True
                self._problems(folder, end.problems)
                errors = sum(problem.level == "error" for problem in end.problems)
                self._say(f"✗ {folder}: {errors} {'problem' if errors == 1 else 'problems'}; not published", "red")
                self._keep(folder, "rejected", problems=end.problems)
            case Passed():
                self._problems(folder, end.notes)
                tried = f"{end.trials} trials came out as they should" if end.trials else "the folder reads well"
                self._say(f"✓ {end.case}: {tried} (version {end.version[:12]})", "green")
                self._keep(folder, "passed", problems=end.notes, case=end.case, version=end.version)
            case Published():
                self._published(folder, end)

    def _say_environment(self) -> None:
        """Show the environment that the case has of its own, and the image of it."""
        built, self._environment = self._environment, None
        if built is not None:
            how = "made" if built.fresh else "there already"
            if built.digest:
                self._say(f"  environment of its own: {built.digest[:24]} ({how})")
                self._more["environment"] = built.digest
            if built.image:
                self._say(f"  image for learners' containers: {built.image}" + ("" if built.digest else f" ({how})"))
                self._more["image"] = built.image

    def _say_ci(self) -> None:
        """Show what the CI found, and write its page where one is wanted."""
        report, self._ci = self._ci, None
        if report is None:
            return
        self._more["report"] = report.model_dump(mode="json")
        table = Table("subtask", "points", "check", "caught", "missed", "equivalent", box=None, header_style="bold")
        for line in report.subtasks:
            seconds = f"{line.seconds:.2f} s" if line.seconds is not None else ""
            row = (line.id, f"{line.points:g}", seconds, str(line.caught), str(line.missed), str(line.equivalent))
            table.add_row(*map(Text, row))
        self._out.print(table)
        for mutant in report.mutants:
            if mutant.outcome == "missed":
                self._say(f"  missed {mutant.id} in {mutant.cell}, line {mutant.line}: {mutant.title}", "yellow")
                self._say(f"    - {mutant.before}\n    + {mutant.after}", "dim")
        self._say(f"  {_in_sum(report)}")
        if self._page is not None:
            file = self._page / f"{report.case}.html" if self._several or self._page.is_dir() else self._page
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(report_html(report), encoding="utf-8")
            self._say(f"  the report is in {file}")

    def _published(self, folder: str, end: Published) -> None:
        self._problems(folder, end.notes)
        summary = end.summary
        how = "published" if end.fresh else "unchanged"
        self._say(f"✓ {summary.id}: {how}, number {summary.number} (version {summary.version[:12]})", "green")
        self._keep(folder, how, problems=end.notes, case=summary.id, version=summary.version, number=summary.number)

    def broke(self, folder: str, why: str) -> None:
        """Say that something other than the case is in the way."""
        self._hide()
        self._failed = True
        self._say(f"✗ {folder}: {why}", "red")
        self._keep(folder, "failed", detail=why)

    def made(self, folder: Path) -> None:
        """Say where a new case is."""
        self._say(f"✓ made {folder}", "green")
        self._say(f"  next: open {folder / 'solution.ipynb'} in JupyterLab, then `caseloop case check {folder}`")
        self._keep(str(folder), "made")

    def exported(self, folder: Path) -> None:
        """Say where a case's release is."""
        self._say(f"✓ wrote {folder}", "green")
        self._keep(str(folder), "exported")

    def listed(self, summaries: Iterable[CaseSummary]) -> None:
        """Show the published cases."""
        table = Table("id", "title", "number", "version", "subtasks", "published", box=None, header_style="bold")
        for item in summaries:
            cells = (item.id, item.title, str(item.number), item.version[:12], str(item.subtasks))
            table.add_row(*map(Text, cells), f"{item.published:%Y-%m-%d %H:%M}")
            self._results.append(item.model_dump(mode="json"))
        if self._results:
            self._out.print(table)
        else:
            self._say("no case is published yet: `caseloop case publish FOLDER`")

    def finish(self) -> int:
        """Print the JSON document, if asked for; return the exit status."""
        self._hide()
        if self._json:
            json.dump({"results": self._results}, sys.stdout, ensure_ascii=False, indent=2)
            sys.stdout.write("\n")
        return 1 if self._failed else 0

    def _problems(self, folder: str, problems: Iterable[CaseProblem]) -> None:
        table = Table("file", "cell", "rule", "message", header_style="bold", title=Text(folder), title_justify="left")
        for problem in sorted(problems, key=lambda p: (p.level, p.file)):
            style = "red" if problem.level == "error" else "dim"
            cells = (Text(problem.file), Text(problem.cell or ""), Text(problem.rule, style), Text(problem.message))
            table.add_row(*cells)
        if table.row_count:
            self._out.print(table)

    def _say(self, line: str, style: str = "") -> None:
        self._out.print(Text(line, style))

    def _keep(self, folder: str, status: str, *, problems: Iterable[CaseProblem] = (), **more: Any) -> None:
        found = [problem.model_dump(mode="json") for problem in problems]
        self._results.append({"folder": folder, "status": status, **more, **self._more, "problems": found})
        self._more = {}


def _in_sum(report: CaseReport) -> str:
    judged = report.counted("caught", "missed")
    if not judged:
        return "there was no small fault to catch"
    caught, equivalent = report.counted("caught"), report.counted("same_code", "same_result", "declared")
    return (
        f"the checks catch {caught} of {judged} small faults ({caught / judged:.0%}); "
        f"{equivalent} more are equivalent; {report.mutant_seconds / len(report.mutants):.2f} s each"
    )
