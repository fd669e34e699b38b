"""Read an author's notebook: every kind of broken file becomes a problem, every old format a current one."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from case_uploader.format.problem import Problems
from case_uploader.format.yaml_file import read_text
from services.contracts.notebook import MAX_CELLS, MAX_SOURCE_CHARS

NOTEBOOK_FILE = "solution.ipynb"
MAX_NOTEBOOK_BYTES = 20 * 1024 * 1024
MAX_POINTS = 10_000
_CELL_ID = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")
_KINDS = ("code", "markdown", "raw")

Role = Literal["answer", "check", "text"]


@dataclass(frozen=True)
class GradeMark:
    """A cell's nbgrader metadata, schema version 1 to 3, in the words of version 3."""

    grade: bool
    solution: bool
    locked: bool
    task: bool
    grade_id: str | None
    points: float | None

    @property
    def worth(self) -> float:
        """The points; 0 where they are missing or no sensible number (which is a problem of its own)."""
        return self.points if self.points is not None and 0 <= self.points <= MAX_POINTS else 0.0

    @property
    def manual(self) -> bool:
        """Graded by a person in nbgrader: a free answer or a task."""
        return self.task or (self.grade and self.solution)


@dataclass(frozen=True)
class AuthorCell:
    """One cell as the author wrote it."""

    id: str
    position: int
    """1-based."""
    kind: Literal["code", "markdown", "raw"]
    source: str
    mark: GradeMark | None = None
    subtask: str | None = None
    """Named by the cell's caseloop metadata."""
    tags: tuple[str, ...] = ()
    attachments: dict[str, dict[str, Any]] = field(default_factory=dict)
    where: str = ""
    """The cell's own file, where a case is made of several."""
    starter: str | None = None
    """What learners begin with, where that is written elsewhere; None: the source without its solution."""

    @property
    def role(self) -> Role:
        """What the cell is for: the learner edits an answer, a check judges, all else is given."""
        if self.mark and self.mark.solution:
            return "answer"
        if self.mark and self.mark.grade and not self.mark.task:
            return "check"
        return "text"

    @property
    def grade_id(self) -> str:
        """The grade_id; the cell's id where it has none (which is a problem of its own)."""
        return self.mark.grade_id if self.mark and self.mark.grade_id else self.id

    @property
    def label(self) -> str:
        """How an author finds the cell: its grade_id, or its position and first words."""
        place = f"{self.where}: " if self.where else ""
        if self.mark and self.mark.grade_id:
            return place + self.mark.grade_id
        words = next((line.strip() for line in self.source.split("\n") if line.strip()), "empty")
        return f"{place}cell {self.position} ({words[:40]})"


@dataclass(frozen=True)
class AuthorNotebook:
    """All cells of an author's notebook."""

    file: str
    cells: tuple[AuthorCell, ...]

    def by_grade_id(self) -> dict[str, AuthorCell]:
        """Answer and check cells by grade_id."""
        return {cell.grade_id: cell for cell in self.cells if cell.role != "text"}


def read_author_notebook(path: Path, file: str, problems: Problems) -> AuthorNotebook | None:
    """The notebook, or None when it is no notebook at all. Problems of single cells are recorded beside it."""
    raw = read_json(path, file, problems)
    if raw is None:
        return None
    notebook = current_format(raw, file, problems)
    if notebook is None:
        return None
    return notebook_of(notebook.get("cells"), file, problems)


def notebook_of(raw_cells: Any, file: str, problems: Problems) -> AuthorNotebook | None:
    """The notebook of these cells, as they stand in its JSON; None when there are none, or too many."""
    if not isinstance(raw_cells, list) or not raw_cells:
        problems.add("no-cells", "the notebook has no cells", file=file)
        return None
    if len(raw_cells) > MAX_CELLS:
        problems.add("too-many-cells", f"the notebook has {len(raw_cells)} cells; at most {MAX_CELLS}", file=file)
        return None
    return AuthorNotebook(file, _cells(raw_cells, file, problems))


def joined(notebooks: Sequence[AuthorNotebook]) -> AuthorNotebook:
    """Several notebooks as one, in order. Names that come twice get the later file's name in front."""
    cells: list[AuthorCell] = []
    ids, grade_ids = _CellIds(), set[str]()
    for notebook in notebooks:
        stem = re.sub(r"[^a-zA-Z0-9_-]+", "-", Path(notebook.file).stem)[:20]
        for cell in notebook.cells:
            mark = cell.mark
            if mark is not None and mark.grade_id is not None:
                if mark.grade_id in grade_ids:
                    mark = replace(mark, grade_id=f"{stem}-{mark.grade_id}"[:64])
                grade_ids.add(str(mark.grade_id))
            own = ids.take(cell.id, None, len(cells) + 1)
            cells.append(replace(cell, id=own, mark=mark, where=notebook.file))
    return AuthorNotebook(", ".join(notebook.file for notebook in notebooks), tuple(cells))


def read_json(path: Path, file: str, problems: Problems) -> dict[str, Any] | None:
    """The file's JSON object, or None after recording why there is none."""
    if not path.exists() and not path.is_symlink():
        problems.add("notebook-missing", "there is no such file in the case folder", file=file)
        return None
    text = read_text(path, file, MAX_NOTEBOOK_BYTES, problems)
    if text is None:
        return None
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        problems.add(
            "not-json",
            f"is not a notebook: not JSON at line {error.lineno}, column {error.colno} ({error.msg})",
            file=file,
        )
        return None
    except (RecursionError, ValueError):
        problems.add("not-json", "is not a notebook: its JSON is nested too deeply or holds absurd numbers", file=file)
        return None
    if not isinstance(raw, dict):
        problems.add("not-a-notebook", "is JSON, but not a notebook (a notebook is an object with cells)", file=file)
        return None
    return raw


def current_format(raw: dict[str, Any], file: str, problems: Problems) -> dict[str, Any] | None:
    """The notebook in nbformat 4, for Python; None after recording why not."""
    _check_kernel(raw.get("metadata"), file, problems)
    major = raw.get("nbformat")
    if not isinstance(major, int) or isinstance(major, bool):
        problems.add("not-a-notebook", "is JSON, but not a notebook: it has no nbformat number", file=file)
        return None
    if major == 4:
        return raw
    if not 1 <= major <= 3:
        problems.add("nbformat", f"has nbformat {major}; only up to 4 is known", file=file)
        return None
    try:
        converted = _convert(raw)
    except Exception as error:  # The converters raise whatever a malformed notebook makes them stumble over.
        problems.add("nbformat", f"has nbformat {major} and could not be converted to 4: {error}", file=file)
        return None
    # The converter gives random ids; ours must be the same for the same file.
    return {**converted, "cells": [{k: v for k, v in cell.items() if k != "id"} for cell in converted["cells"]]}


def _convert(raw: dict[str, Any]) -> dict[str, Any]:
    # Here and not above: nbformat takes a second to import, and notebooks before format 4 are rare.
    import nbformat

    converted: dict[str, Any] = nbformat.convert(nbformat.from_dict(raw), 4)
    return converted


def _check_kernel(metadata: Any, file: str, problems: Problems) -> None:
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    if not isinstance(spec, dict):
        return
    language, name = spec.get("language"), str(spec.get("name", ""))
    known_other = isinstance(language, str) and language.lower() != "python"
    if known_other or (language is None and name and not name.lower().startswith("python") and name.lower() in {"ir"}):
        problems.add("kernel", f"is a notebook for {language or name}; cases are in Python", file=file)


def _cells(raw_cells: list[Any], file: str, problems: Problems) -> tuple[AuthorCell, ...]:
    ids, seen_grades, cells = _CellIds(), dict[str, AuthorCell](), list[AuthorCell]()
    for position, raw in enumerate(raw_cells, 1):
        cell = _cell(raw, position, file, ids, problems)
        if cell is None:
            continue
        cells.append(cell)
        if cell.mark is None or cell.mark.grade_id is None:
            continue
        first = seen_grades.setdefault(cell.mark.grade_id, cell)
        if first is not cell:
            problems.add(
                "grade-id-duplicate",
                f"the grade_id {cell.mark.grade_id!r} is used by cell {first.position} and cell {cell.position}; "
                "give each a name of its own",
                file=file,
                cell=cell.label,
            )
    return tuple(cells)


class _CellIds:
    """Gives each cell a unique id: its own where it has one, else one that depends on the file's content alone."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def take(self, own: Any, grade_id: str | None, position: int) -> str:
        wanted = own if isinstance(own, str) and _CELL_ID.match(own) else grade_id or f"cell-{position}"
        if not _CELL_ID.match(wanted):
            wanted = f"cell-{position}"
        chosen, number = wanted, 2
        while chosen in self._used:
            chosen, number = f"{wanted[:58]}-{number}", number + 1
        self._used.add(chosen)
        return chosen


def _cell(raw: Any, position: int, file: str, ids: _CellIds, problems: Problems) -> AuthorCell | None:
    where = f"cell {position}"
    if not isinstance(raw, dict) or raw.get("cell_type") not in _KINDS:
        kind = raw.get("cell_type") if isinstance(raw, dict) else type(raw).__name__
        problems.add("cell-shape", f"is no code, markdown or raw cell ({kind!r})", file=file, cell=where)
        return None
    source = _joined(raw.get("source"))
    if source is None:
        problems.add("cell-shape", "its source is neither valid text nor a list of lines", file=file, cell=where)
        return None
    if len(source) > MAX_SOURCE_CHARS:
        problems.add("cell-too-long", f"has more than {MAX_SOURCE_CHARS:,} characters", file=file, cell=where)
        return None
    metadata = raw.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    mark = _mark(metadata.get("nbgrader"), where, file, problems)
    cell = AuthorCell(
        id=ids.take(raw.get("id"), mark.grade_id if mark else None, position),
        position=position,
        kind=raw["cell_type"],
        source=source,
        mark=mark,
        subtask=_named_subtask(metadata.get("caseloop"), where, file, problems),
        tags=_tags(metadata.get("tags")),
        attachments=_attachments(raw.get("attachments")),
    )
    _check_cell(cell, file, problems)
    return cell


def _joined(source: Any) -> str | None:
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    return source.replace("\r\n", "\n") if isinstance(source, str) and _is_text(source) else None


def _is_text(text: str) -> bool:
    """JSON can hold halves of characters, which no file and no database takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _mark(raw: Any, where: str, file: str, problems: Problems) -> GradeMark | None:
    if not isinstance(raw, dict) or not raw:
        return None
    version = raw.get("schema_version", 1)
    if version not in (0, 1, 2, 3):
        problems.add(
            "nbgrader-schema", f"has nbgrader schema_version {version!r}; 1 to 3 are known", file=file, cell=where
        )
        return None
    flags = {name: raw.get(name, False) for name in ("grade", "solution", "locked", "task")}
    wrong = [name for name, value in flags.items() if not isinstance(value, bool)]
    if wrong:
        problems.add(
            "nbgrader-schema", f"nbgrader metadata: {', '.join(wrong)} must be true or false", file=file, cell=where
        )
        return None
    grade_id = raw.get("grade_id")
    points = raw.get("points")
    return GradeMark(
        **flags,
        grade_id=grade_id if isinstance(grade_id, str) and grade_id and _is_text(grade_id) else None,
        points=float(points) if isinstance(points, int | float) and not isinstance(points, bool) else None,
    )


def _named_subtask(raw: Any, where: str, file: str, problems: Problems) -> str | None:
    if not isinstance(raw, dict) or "subtask" not in raw:
        return None
    name = raw["subtask"]
    if isinstance(name, str) and name and _is_text(name):
        return name
    problems.add("caseloop-metadata", "caseloop metadata: subtask must be a subtask's id", file=file, cell=where)
    return None


def _tags(raw: Any) -> tuple[str, ...]:
    return tuple(tag for tag in raw if isinstance(tag, str) and _is_text(tag)) if isinstance(raw, list) else ()


def _attachments(raw: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(raw, dict):
        return {}
    return {
        name: content
        for name, content in raw.items()
        if isinstance(content, dict) and _is_text(_plain([name, content]))
    }


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _check_cell(cell: AuthorCell, file: str, problems: Problems) -> None:
    mark = cell.mark
    if mark is None or not (mark.grade or mark.solution or mark.task):
        return
    if mark.grade_id is None:
        problems.add(
            "grade-id-missing",
            "an answer or check cell needs a grade_id in its nbgrader metadata",
            file=file,
            cell=cell.label,
        )
    elif not _CELL_ID.match(mark.grade_id):
        problems.add(
            "grade-id",
            f"the grade_id {mark.grade_id!r} may hold up to 64 letters, digits, dashes and underscores",
            file=file,
            cell=cell.label,
        )
    if cell.role == "check":
        _check_check_cell(cell, mark, file, problems)
    if mark.manual:
        problems.note(
            "manual-grading",
            "is graded by a person in nbgrader; here it is not judged and its points are not counted",
            file=file,
            cell=cell.label,
        )


def _check_check_cell(cell: AuthorCell, mark: GradeMark, file: str, problems: Problems) -> None:
    if cell.kind != "code":
        problems.add(
            "check-not-code", f"a check cell must be a code cell, this is {cell.kind}", file=file, cell=cell.label
        )
    if mark.points is None:
        problems.add(
            "points", "a check cell needs points (a number) in its nbgrader metadata", file=file, cell=cell.label
        )
    elif not 0 <= mark.points <= MAX_POINTS:
        problems.add(
            "points", f"points must be between 0 and {MAX_POINTS}, not {mark.points}", file=file, cell=cell.label
        )
