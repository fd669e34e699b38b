"""The regression case as benchmarks use it: its reference notebook, varied so that no answer is a remembered one."""

from dataclasses import dataclass
from pathlib import Path

import nbformat

from case_uploader.format.case_folder import CaseDraft, read_case_folder
from infra.settings import PROJECT
from services.contracts.notebook import Cell

CASE = "clean-regression"


@dataclass(frozen=True)
class CaseAtHand:
    """The case and its reference notebook."""

    draft: CaseDraft

    def cells(self, mark: str) -> tuple[Cell, ...]:
        """The solved notebook; `mark` goes into a comment, so that each submission is new."""
        answers = {cell: source for subtask in self.draft.author.subtasks for cell, source in subtask.reference.items()}
        return tuple(
            cell.model_copy(update={"source": f"# {mark}\n{answers[cell.id]}"}) if cell.id in answers else cell
            for cell in self.draft.author.cells
        )

    @property
    def code(self) -> list[str]:
        """Sources of the code cells that a check of the last subtask executes: all but the check cells."""
        checks = {check.cell for subtask in self.draft.author.subtasks for check in subtask.checks}
        return [cell.source for cell in self.cells("") if cell.kind == "code" and cell.id not in checks]

    @property
    def checks(self) -> list[str]:
        """Sources of the last subtask's checks."""
        return [check.source for check in self.draft.author.subtasks[-1].checks]

    def write_notebook(self, path: Path, mark: str) -> None:
        """The solved notebook as a learner hands it in."""
        notebook = nbformat.from_dict(dict(self.draft.learner.notebook))
        sources = {cell.id: cell.source for cell in self.cells(mark)}
        for cell in notebook.cells:
            cell.source = sources.get(cell.id, cell.source)
        path.write_text(nbformat.writes(notebook), encoding="utf-8")


def load() -> CaseAtHand:
    """Read the case from the project."""
    draft = read_case_folder(PROJECT / "cases" / CASE).draft
    assert draft is not None, f"cases/{CASE} has problems: caseloop case check cases/{CASE}"
    return CaseAtHand(draft)
