import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.contracts.notebook import MAX_CELLS, MAX_SOURCE_CHARS, Cell

MAX_BYTES = 64 << 20
"""A notebook with outputs; nobody hands in more by intention."""


class UnreadableNotebook(Exception):
    """The file is no notebook that can be graded; the message says what is wrong and where."""


@dataclass(frozen=True)
class Submission:
    """A notebook that was handed in."""

    name: str
    """Path below the graded folder, with forward slashes."""
    digest: str
    """sha256 of the file."""
    cells: tuple[Cell, ...]


def find_notebooks(folder: Path) -> list[Path]:
    """Every notebook below the folder, in order of name, without checkpoints and hidden folders."""
    found = (path for path in folder.rglob("*.ipynb") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def file_digest(path: Path) -> str:
    """sha256 of the file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_submission(path: Path, name: str) -> Submission:
    """Read a learner's notebook. Raises UnreadableNotebook."""
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableNotebook(f"the file has {path.stat().st_size >> 20} MB; more than {MAX_BYTES >> 20} is refused")
    content = path.read_bytes()
    try:
        notebook = json.loads(content)
    except RecursionError as error:
        raise UnreadableNotebook("not a notebook: nested too deeply") from error
    except ValueError as error:
        raise UnreadableNotebook(f"not a notebook: {error}") from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise UnreadableNotebook("not a notebook: there is no list of cells (nbformat 4)")
    if not cells:
        raise UnreadableNotebook("the notebook has no cells")
    if len(cells) > MAX_CELLS:
        raise UnreadableNotebook(f"the notebook has {len(cells)} cells; more than {MAX_CELLS} are refused")
    read = tuple(_cell(number, cell) for number, cell in enumerate(cells, 1))
    return Submission(name, hashlib.sha256(content).hexdigest(), read)


def _cell(number: int, cell: Any) -> Cell:
    kind = cell.get("cell_type") if isinstance(cell, dict) else None
    if kind not in {"code", "markdown", "raw"}:
        raise UnreadableNotebook(f"cell {number}: its cell_type is {kind!r}, not code, markdown or raw")
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise UnreadableNotebook(f"cell {number}: its source is neither text nor a list of lines")
    if len(source) > MAX_SOURCE_CHARS:
        raise UnreadableNotebook(f"cell {number}: {len(source)} characters; more than {MAX_SOURCE_CHARS} are refused")
    metadata, given = cell.get("metadata"), cell.get("id")
    return Cell(
        id=given if isinstance(given, str) and 0 < len(given) <= 64 else f"cell-{number}",
        kind=kind,
        source=source,
        metadata=metadata if isinstance(metadata, dict) else {},
    )
