"""Group a notebook's cells into subtasks: by caseloop metadata, or as a plain nbgrader assignment implies."""

import re
from dataclasses import dataclass
from itertools import pairwise

from case_uploader.format.author_notebook import AuthorCell, AuthorNotebook
from case_uploader.format.manifest import MANIFEST_FILE, Manifest, slug_of
from case_uploader.format.problem import Problems

_HEADING = re.compile(r"^\s*#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)


@dataclass(frozen=True)
class SubtaskCells:
    """One subtask and its cells in order."""

    id: str
    title: str
    cells: tuple[AuthorCell, ...]

    @property
    def answers(self) -> tuple[AuthorCell, ...]:
        """The cells the learner edits."""
        return tuple(cell for cell in self.cells if cell.role == "answer")

    @property
    def checks(self) -> tuple[AuthorCell, ...]:
        """The cells that judge."""
        return tuple(cell for cell in self.cells if cell.role == "check")


def group_subtasks(notebook: AuthorNotebook, manifest: Manifest, problems: Problems) -> tuple[SubtaskCells, ...]:
    """The subtasks in the notebook's order; cells before the first are the introduction and belong to none."""
    named = any(cell.subtask for cell in notebook.cells)
    groups = _by_metadata(notebook, problems) if named else _by_checks(notebook)
    _check_groups(notebook, groups, manifest, problems)
    return tuple(
        # An id that is none was told above; all else is still checked under a stand-in.
        SubtaskCells(
            name if slug_of(name) == name else f"subtask-{number}", _title(name, cells, manifest), tuple(cells)
        )
        for number, (name, cells) in enumerate(groups.items(), 1)
    )


def _by_metadata(notebook: AuthorNotebook, problems: Problems) -> dict[str, list[AuthorCell]]:
    groups: dict[str, list[AuthorCell]] = {}
    current: str | None = None
    for cell in notebook.cells:
        if cell.subtask and cell.subtask != current:
            if cell.subtask in groups:
                problems.add(
                    "subtask-scattered",
                    f"the subtask {cell.subtask!r} begins again here; its cells must stand together",
                    file=notebook.file,
                    cell=cell.label,
                )
            current = cell.subtask
        if current:
            groups.setdefault(current, []).append(cell)
    return groups


def _by_checks(notebook: AuthorNotebook) -> dict[str, list[AuthorCell]]:
    """A subtask begins at the first answer cell after a check cell, with the markdown right above it."""
    cells, starts, checked = notebook.cells, list[int](), True
    for position, cell in enumerate(cells):
        if cell.role == "check":
            checked = True
        elif cell.role == "answer" and cell.kind == "code" and checked:
            starts.append(_text_above(cells, position))
            checked = False
    runs = [list(cells[start:end]) for start, end in pairwise([*starts, len(cells)])]
    return _named_runs(_joined_tail(runs))


def _text_above(cells: tuple[AuthorCell, ...], position: int) -> int:
    while position and cells[position - 1].role == "text" and cells[position - 1].kind == "markdown":
        position -= 1
    return position


def _joined_tail(runs: list[list[AuthorCell]]) -> list[list[AuthorCell]]:
    """Answers that nothing checks (graded by a person in nbgrader) stay with the subtask above them."""
    if len(runs) > 1 and not any(cell.role == "check" for cell in runs[-1]):
        return [*runs[:-2], runs[-2] + runs[-1]]
    return runs


def _named_runs(runs: list[list[AuthorCell]]) -> dict[str, list[AuthorCell]]:
    groups: dict[str, list[AuthorCell]] = {}
    for number, run in enumerate(runs, 1):
        first = next(cell for cell in run if cell.role == "answer" and cell.kind == "code")
        wanted = slug_of(first.grade_id) or f"subtask-{number}"
        name, suffix = wanted, 2
        while name in groups:
            name, suffix = f"{wanted[:60]}-{suffix}", suffix + 1
        groups[name] = run
    return groups


def _title(name: str, cells: list[AuthorCell], manifest: Manifest) -> str:
    entry = manifest.subtask(name)
    if entry and entry.title:
        return entry.title
    headings = (_HEADING.search(cell.source) for cell in cells if cell.kind == "markdown")
    heading = next((match[1] for match in headings if match), None)
    return heading[:200] if heading else name.replace("-", " ").capitalize()


def _check_groups(
    notebook: AuthorNotebook, groups: dict[str, list[AuthorCell]], manifest: Manifest, problems: Problems
) -> None:
    file = notebook.file
    if not groups:
        problems.add(
            "no-subtasks",
            "no cell opens a subtask: mark answer and check cells with nbgrader metadata (grade_id, solution, grade)",
            file=file,
        )
        return
    members = {cell.id for cells in groups.values() for cell in cells}
    for cell in notebook.cells:
        # A free-text answer in the introduction is the learner's own note: nothing judges it.
        if cell.id not in members and cell.role != "text" and cell.kind == "code":
            _outside(cell, file, problems)
    for name, cells in groups.items():
        _check_group(name, cells, file, manifest, problems)
    for position, entry in enumerate(manifest.subtasks):
        if entry.id not in groups:
            problems.add(
                "subtask-unknown",
                f"{file} has no subtask {entry.id!r}; it has: {', '.join(groups)}",
                file=MANIFEST_FILE,
                cell=f"subtasks[{position}].id",
            )


def _outside(cell: AuthorCell, file: str, problems: Problems) -> None:
    what = "a check cell judges no subtask" if cell.role == "check" else "an answer cell belongs to no subtask"
    problems.add(
        f"{cell.role}-outside-subtask",
        f"{what}: it stands above the first one; move it, or name its subtask in its caseloop metadata",
        file=file,
        cell=cell.label,
    )


def _check_group(name: str, cells: list[AuthorCell], file: str, manifest: Manifest, problems: Problems) -> None:
    first = cells[0].label
    if slug_of(name) != name:
        problems.add(
            "subtask-id",
            f"{name!r} is no subtask id: use lower-case letters, digits and dashes",
            file=file,
            cell=first,
        )
    roles = {cell.role for cell in cells}
    entry = manifest.subtask(name)
    if "answer" not in roles:
        problems.add("subtask-without-answer", f"the subtask {name!r} has no answer cell", file=file, cell=first)
    decides = entry is not None and (any(c.decides for c in entry.compare) or bool(entry.probes))
    if "check" not in roles and not decides:
        problems.add(
            "subtask-without-check",
            f"nothing decides the subtask {name!r}: add a check cell, or compare or probes in {MANIFEST_FILE}",
            file=file,
            cell=first,
        )
