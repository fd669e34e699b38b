"""The style review of the gateway double: reads the learner's code, keeps dismissals, knows what was approved."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from services.contracts.feedback import Verdict
from services.contracts.lab import LabReview, LabReviewed
from services.contracts.lint import Fix, LintFinding, LintReport, TextEdit, ToolRun
from services.contracts.notebook import Place
from services.contracts.progress import SubtaskState
from services.contracts.style import Dismiss, Dismissal, StyleStanding
from services.progress.states import is_clean
from services.progress.style.changes import fixed
from tests.e2e.lab.case_double import VIEWS, Standing, review

_UNUSED = re.compile(r"import (\w+)$")
_ODD = re.compile(r"(\w+) = .*# odd$")


class StyleDesk:
    """Reviews as `linting` and `progress` together do."""

    def __init__(self) -> None:
        self.reads_code = False
        """False: it says the same of any code, and one tool is always too slow."""
        self.reports: dict[str, LintReport] = {}
        self.dismissed: dict[str, dict[str, Dismissal]] = {}
        self.asked: list[LabReview] = []

    def review(self, body: LabReview, standing: Standing) -> LabReviewed:
        self.asked.append(body)
        before, report = self.reports.get(body.subtask), self._report(body)
        self.reports[body.subtask] = report
        approved = self._approved(body, standing)
        settled = self._settled(body.subtask, standing, approved=approved)
        return LabReviewed(
            **dict(settled), fixed=fixed(before, report), approved_code=approved, report=report, may_remain="advice"
        )

    def dismiss(self, body: Dismiss, standing: Standing) -> StyleStanding:
        finding = next(one for one in self.reports[body.subtask].findings if one.id == body.finding)
        kept = Dismissal(
            subtask=body.subtask, finding=finding.id, tool=finding.tool, rule=finding.rule, name=finding.name,
            severity=finding.severity, message=finding.message, place=finding.place, reason=body.reason,
            dismissed=datetime.now(UTC),
        )  # fmt: skip
        self.dismissed.setdefault(body.subtask, {})[finding.id] = kept
        return self._settled(body.subtask, standing, approved=self._approved(self.asked[-1], standing))

    def take_back(self, subtask: str, finding: str, standing: Standing) -> StyleStanding:
        self.dismissed.get(subtask, {}).pop(finding, None)
        return self._settled(subtask, standing, approved=False)

    def _settled(self, subtask: str, standing: Standing, *, approved: bool) -> StyleStanding:
        dismissed = self.dismissed.get(subtask, {})
        if approved and is_clean(self.reports[subtask], "advice", set(dismissed)):
            progress = standing.of(subtask).model_copy(update={"state": SubtaskState.POLISHED})
            standing.progress[subtask] = progress
        return StyleStanding(progress=standing.of(subtask), dismissed=tuple(reversed(dismissed.values())))

    def _report(self, body: LabReview) -> LintReport:
        if not self.reads_code:
            return review()
        (cell,) = next(view.answer_cells for view in VIEWS if view.id == body.subtask)
        source = next(one.source for one in body.cells if one.id == cell)
        found = sorted(_findings(cell, source), key=lambda one: ("error", "warning", "advice").index(one.severity))
        tools = tuple(ToolRun(tool=name, status="ok", wall_ms=3) for name in ("ruff", "mypy", "bandit", "vulture"))
        return LintReport(findings=tuple(found), tools=tools)

    @staticmethod
    def _approved(body: LabReview, standing: Standing) -> bool:
        answers = next(view.answer_cells for view in VIEWS if view.id == body.subtask)
        now = {cell.id: cell.source for cell in body.cells if cell.id in answers}
        return any(
            {cell.id: cell.source for cell in version.cells if cell.id in answers} == now
            for version in standing.versions
            if version.verdict is Verdict.APPROVED
        )


def _findings(cell: str, source: str) -> Iterator[LintFinding]:
    for number, line in enumerate(source.split("\n"), start=1):
        if unused := _UNUSED.match(line):
            edit = TextEdit(cell=cell, line=number, column=1, end_line=number + 1, end_column=1, text="")
            fix = Fix(title=f"Remove unused import: `{unused[1]}`", edits=(edit,))
            yield _finding(
                cell, number, line, "F401", "unused-import", "warning", f"`{unused[1]}` is imported and never used",
                "Each import costs start-up time, and the next reader looks for what needs it.", fix,
            )  # fmt: skip
        elif line.strip() == "except:":
            yield _finding(
                cell, number, line, "E722", "bare-except", "warning", "Do not use bare `except`",
                "It also stops Ctrl-C and hides the error that you will look for at night.",
            )  # fmt: skip
        elif odd := _ODD.match(line):
            yield _finding(
                cell, number, line, "E741", "ambiguous-variable-name", "advice", f"`{odd[1]}` says little",
                "Names are what a reviewer reads first.",
            )  # fmt: skip


def _finding(
    cell: str, number: int, line: str, rule: str, name: str, severity: Literal["warning", "advice"], message: str,
    why: str, fix: Fix | None = None,
) -> LintFinding:  # fmt: skip
    return LintFinding(
        id=f"{hashlib.sha256(f'{rule}{line}'.encode()).hexdigest()[:24]}-0", tool="ruff", rule=rule, name=name,
        severity=severity, category="readability" if severity == "advice" else "correctness",
        place=Place(cell=cell, line=number), column=1, message=message, why=why,
        url=f"https://docs.astral.sh/ruff/rules/{name}/", fix=fix,
    )  # fmt: skip
