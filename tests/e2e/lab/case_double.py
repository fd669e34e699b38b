"""A small case, its notebook, and a judge that looks at the learner's code: what the gateway double answers with."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.contracts.case import SubtaskView
from services.contracts.feedback import CheckResult, Feedback, LocalizedWarning, Verdict
from services.contracts.finding import Evidence, Finding, Hint
from services.contracts.identity import AiMode
from services.contracts.lab import LabCase, LabSubtask
from services.contracts.lint import LintFinding, LintReport, ToolRun
from services.contracts.notebook import Cell, Place
from services.contracts.progress import SubtaskProgress, SubtaskState, Version, VersionSummary

CASE, VERSION = "price-check", "a" * 64
TOTAL, MEAN = "total", "mean"
TODO = "# YOUR CODE HERE\nraise NotImplementedError()"

VIEWS = (
    SubtaskView(
        id=TOTAL, title="Add up the prices", index=0, points=2, cells=("t1", "total", "t-test"), answer_cells=("total",)
    ),
    SubtaskView(
        id=MEAN,
        title="Find the usual price, without the outliers that a broken till produced",
        index=1,
        points=3,
        cells=("m1", "mean", "m-test"),
        answer_cells=("mean",),
    ),
    SubtaskView(id="report", title="Report both", index=2, points=1, cells=("r1", "report"), answer_cells=("report",)),
)


def notebook(**sources: str) -> dict[str, Any]:
    """The learner's notebook; `sources` replaces the starter code of answer cells."""
    cells = [
        _markdown("intro", "# A price check\nA till has recorded these prices."),
        _code("data", "prices = [120, 80, 95, 9000]", locked=True),
        _markdown("t1", "## 1. Add up the prices\nPut the sum into `total`."),
        _code("total", sources.get("total", TODO), solution=True),
        _code("t-test", "assert total > 0", grade=True, locked=True),
        _markdown("m1", "## 2. The usual price"),
        _code("mean", sources.get("mean", TODO), solution=True),
        _code("m-test", "assert usual < 200", grade=True, locked=True),
        _markdown("r1", "## 3. Report both"),
        _code("report", sources.get("report", TODO), solution=True),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    language = {"name": "python", "version": "3.11.7"}
    metadata = {"kernelspec": kernel, "language_info": language}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _markdown(cell: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": cell, "metadata": {}, "source": source}


def _code(
    cell: str, source: str, *, solution: bool = False, grade: bool = False, locked: bool = False
) -> dict[str, Any]:
    nbgrader = {"schema_version": 3, "grade_id": cell, "solution": solution, "grade": grade, "locked": locked}
    metadata = {"nbgrader": nbgrader | {"task": False}}
    return {
        "cell_type": "code", "id": cell, "metadata": metadata, "source": source, "outputs": [], "execution_count": None
    }  # fmt: skip


def judge(subtask: str, source: str) -> Feedback:
    """Approve a use of `sum` or `median`; find fault with everything else."""
    if "PLATFORM" in source:
        return Feedback(verdict=Verdict.COULD_NOT_JUDGE, fault="platform", headline="The part that judges was away.")
    if "sum(" in source or "median(" in source:
        checks = (
            CheckResult(label="the total is positive", passed=True, hidden=False, points=1, earned=1),
            _hidden(True),
        )
        return Feedback(
            verdict=Verdict.APPROVED, headline="Exactly as it should be.", checks=checks, points=2, max_points=2
        )
    checks = (CheckResult(label="the total is positive", passed=True, hidden=False, points=1, earned=1), _hidden(False))
    line = source.count("\n") + 1
    place = Place(cell=subtask, line=line)
    return Feedback(
        verdict=Verdict.NEEDS_WORK,
        fault="learner",
        headline="The code runs, but the result is not what the later steps need.",
        warnings=(LocalizedWarning(place=place, message="`total` leaves prices out.", finding="f1"),),
        remarks=("A loop is not the only way to walk through a list.",),
        findings=(_finding(subtask, place),),
        checks=checks,
        points=1,
        max_points=2,
        repairs=("The check cell «t-test» had been edited; it was put back before your code ran.",),
    )


def _hidden(passed: bool) -> CheckResult:
    return CheckResult(label="", passed=passed, hidden=True, points=1, earned=1 if passed else 0)


def _finding(subtask: str, place: Place) -> Finding:
    return Finding(
        id="f1",
        kind="value",
        severity="error",
        subtask=subtask,
        message="`total` is smaller than the prices on the list together: whoever plans with it runs out of money.",
        place=place,
        evidence=(Evidence(kind="value", subject="total", fact=""),),
        ladder=(
            Hint(step="plan", text="Walk through the list once and keep a running sum."),
            Hint(step="consequence", text="With two prices the result equals the last one."),
            Hint(step="location", text="Look at what happens to `total` in the last line."),
            Hint(step="example", text="words = ['a', 'b']\nlengths = 0\nfor word in words:\n    lengths += len(word)"),
        ),
        signature="total:value",
        mentor="I made the same mistake in my first year: read the line aloud, what does it keep?",
    )


def review() -> LintReport:
    """What the style review of any code says."""
    place = Place(cell="total", line=1)
    unused = LintFinding(
        id="unused-0", tool="ruff", rule="F841", name="unused-variable", severity="warning", category="dead_code",
        place=place, column=1, message="Local variable `x` is assigned to but never used",
        why="The next reader has to find out whether the name matters.",
        url="https://docs.astral.sh/ruff/rules/unused-variable/", also=("vulture:unused-variable",),
    )  # fmt: skip
    hostile = LintFinding(
        id="link-0", tool="caseloop", rule="CL001", name="odd-link", severity="advice", category="readability",
        place=place, message="A link that must not become one", why="Script in an address runs.",
        url="javascript:alert(1)",
    )  # fmt: skip
    tools = (ToolRun(tool="ruff", status="ok", wall_ms=3), ToolRun(tool="mypy", status="timed_out", wall_ms=900))
    return LintReport(findings=(unused, hostile), tools=tools, dropped=2)


@dataclass
class Standing:
    """Where the learner stands, kept as `progress` does."""

    checks_left: int | None = None
    progress: dict[str, SubtaskProgress] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)

    def of(self, subtask: str) -> SubtaskProgress:
        return self.progress.get(subtask) or SubtaskProgress(subtask=subtask, checks_left=self.checks_left)

    def conclude(self, subtask: str, cells: tuple[Cell, ...], feedback: Feedback) -> Version:
        """Record a judged version and move the state, never backwards."""
        before = self.of(subtask)
        counted = feedback.verdict is not Verdict.COULD_NOT_JUDGE
        approved = feedback.verdict is Verdict.APPROVED or before.state is SubtaskState.APPROVED
        self.progress[subtask] = SubtaskProgress(
            subtask=subtask,
            state=SubtaskState.APPROVED if approved else SubtaskState.IN_PROGRESS,
            attempts=before.attempts + counted,
            points=max(before.points, feedback.points),
            checks_left=None if before.checks_left is None else before.checks_left - counted,
            updated=datetime.now(UTC),
        )
        number = sum(version.subtask == subtask for version in self.versions) + 1
        version = Version(
            submission=f"{len(self.versions) + 1:032x}", subtask=subtask, number=number, recorded=datetime.now(UTC),
            verdict=feedback.verdict, headline=feedback.headline, points=feedback.points, cells=cells,
            feedback=feedback,
        )  # fmt: skip
        self.versions.insert(0, version)
        return version

    def version(self, submission: str) -> Version | None:
        return next((version for version in self.versions if version.submission == submission), None)

    def reword(self, submission: str, feedback: Feedback) -> None:
        """Keep other words with a judged version."""
        self.versions = [
            version.model_copy(update={"feedback": feedback}) if version.submission == submission else version
            for version in self.versions
        ]

    def history(self, subtask: str | None) -> list[VersionSummary]:
        fields = set(VersionSummary.model_fields)
        return [
            VersionSummary(**version.model_dump(include=fields))
            for version in self.versions
            if subtask in (None, version.subtask)
        ]

    def lab_case(self, views: tuple[SubtaskView, ...], newer: int | None, mode: AiMode = "full") -> LabCase:
        return LabCase(
            id=CASE, version=VERSION, number=2, title="A price check", minutes=30, ai_mode=mode, user="ada",
            summary="Find out what the till has recorded, and what a thing usually costs.",
            subtasks=tuple(LabSubtask(view=view, progress=self.of(view.id)) for view in views), newer_version=newer,
        )  # fmt: skip
