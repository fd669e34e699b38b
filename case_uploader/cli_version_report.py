"""What the commands about versions print: tables for people, or one JSON document for programs."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from case_uploader.cli_report import Report
from services.contracts.case_version import CaseVersion, CellChange, CheckChange, VersionChanges
from services.contracts.feedback import Verdict
from services.contracts.regrade import RegradeView

_EFFECTS = {"gain": "better", "loss": "worse, stays", "unclear": "not judged, stays"}
_WORDS = {
    Verdict.APPROVED: "approved",
    Verdict.NEEDS_WORK: "needs work",
    Verdict.COULD_NOT_JUDGE: "could not be judged",
}


class VersionReport(Report):
    """As `Report`, for versions and regrades."""

    def __init__(self, as_json: bool) -> None:
        super().__init__(as_json)

    def history(self, versions: Iterable[CaseVersion]) -> None:
        """Show a case's versions."""
        table = Table("number", "version", "state", "learners", "since", "by", "title", box=None, header_style="bold")
        for one in versions:
            self._results.append(one.model_dump(mode="json"))
            number = "" if one.number is None else str(one.number)
            cells = (number, one.version[:12], one.state, str(one.learners or 0), f"{one.at:%Y-%m-%d %H:%M}")
            table.add_row(*map(Text, (*cells, one.by or "", one.title)))
        self._out.print(table)

    def compared(self, changes: VersionChanges) -> None:
        """Show what differs."""
        self._results.append(changes.model_dump(mode="json"))
        for change in changes.cells:
            self._change(f"cell {change.cell}", change)
        for check in changes.checks:
            self._change(f"check {check.check}", check)
        self._list("data", changes.data)
        self._list("requirements", changes.requirements)
        self._list("settings that differ", changes.settings)
        self._list("work may be judged differently in", changes.subtasks)
        if changes.before == changes.after:
            self._say("this is one and the same version")
        many = "1 learner is" if changes.affected == 1 else f"{changes.affected or 0} learners are"
        self._say(f"{many} on {changes.before[:12]}")

    def _change(self, what: str, change: CellChange | CheckChange) -> None:
        where = f" ({change.subtask})" if change.subtask else ""
        self._say(f"{what}{where}: {change.what}", "bold")
        for line in change.diff.split("\n"):
            self._say(f"  {line}", {"+": "green", "-": "red"}.get(line[:1], "dim"))

    def _list(self, what: str, lines: Sequence[str]) -> None:
        if lines:
            self._say(f"{what}: {', '.join(lines)}")

    def decided(self, version: CaseVersion) -> None:
        """Say what became of a version."""
        self._results.append(version.model_dump(mode="json"))
        self._say(
            f"✓ {version.case}: number {version.number} is {version.state} (version {version.version[:12]})", "green"
        )

    def judging(self, view: RegradeView) -> None:
        """Show how far a preview is."""
        self._show(f"judging again ({view.done} done)", 0, 1)

    def previewed(self, view: RegradeView) -> None:
        """Show what would change."""
        self._hide()
        self._results.append(view.model_dump(mode="json"))
        if view.state == "failed":
            self._failed = True
            self._say(f"✗ {view.case}: {view.detail}", "red")
            return
        table = Table("learner", "subtask", "verdict", "would be", "", "headline", box=None, header_style="bold")
        for item in view.changes:
            before = f"{_WORDS[item.before]}, {item.before_points:g}"
            after = f"{_WORDS[item.after]}, {item.after_points:g}"
            table.add_row(*map(Text, (item.user, item.subtask, before, after, _EFFECTS[item.effect], item.headline)))
        if table.row_count:
            self._out.print(table)
        shown = (
            f" (the first {len(view.changes)} are shown)"
            if view.gains + view.losses + view.unclear > table.row_count
            else ""
        )
        self._say(
            f"✓ {view.case}: {view.done} judged by {view.version[:12]}: {view.gains} better, {view.losses} worse, "
            f"{view.unclear} not judged{shown}; nothing has changed",
            "green",
        )
        if view.gains:
            self._say(
                f"  next: `caseloop case regrade {view.case} {view.version[:12]} --apply` takes the better ones over"
            )

    def applied(self, view: RegradeView) -> None:
        """Say how many verdicts changed."""
        self._results.append(view.model_dump(mode="json"))
        many = "1 verdict is" if view.applied == 1 else f"{view.applied} verdicts are"
        self._say(f"✓ {view.case}: {many} better now", "green")
