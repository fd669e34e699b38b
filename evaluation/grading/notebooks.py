import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.contracts.notebook import MAX_CELLS, MAX_SOURCE_CHARS, Cell

MAX_BYTES = 64 << 20
"""A notebook with outputs; nobody hands in more by intention."""
NBFORMAT = 4


class UnreadableNotebook(Exception):
    """The file is no notebook that can be graded; the message says what is wrong and where."""


@dataclass(frozen=True)
class HandedIn:
    """A notebook file."""

    path: Path
    name: str
    """Path below the graded folder, with forward slashes; always text that can be written."""


def find_notebooks(folder: Path) -> list[HandedIn]:
    """Every notebook below the folder, in order of name, without checkpoints and hidden folders."""
    return sorted(_notebooks(folder), key=lambda found: found.name)


def _notebooks(folder: Path) -> Iterator[HandedIn]:
    for path in folder.rglob("*.ipynb"):
        below = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in below.parts):
            # A name on disk is bytes, which need not be text.
            yield HandedIn(path, os.fsencode(below.as_posix()).decode("utf-8", "backslashreplace"))


def read_file(path: Path) -> bytes:
    """The content of a notebook file. Raises UnreadableNotebook."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableNotebook(f"the file cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise UnreadableNotebook(f"the file has more than {MAX_BYTES >> 20} MiB: clear its outputs")
    return content


def read_cells(content: bytes) -> tuple[Cell, ...]:
    """The cells of a learner's notebook. Raises UnreadableNotebook."""
    notebook = _json(content)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if isinstance(notebook, dict) and notebook.get("nbformat", NBFORMAT) != NBFORMAT:
        raise UnreadableNotebook(
            f"its nbformat is {_short(notebook['nbformat'])}, not {NBFORMAT}: open it in JupyterLab and save it again"
        )
    if not isinstance(cells, list):
        raise UnreadableNotebook("not a notebook: there is no list of cells")
    if not cells:
        raise UnreadableNotebook("the notebook has no cells")
    if len(cells) > MAX_CELLS:
        raise UnreadableNotebook(f"the notebook has {len(cells):,} cells; up to {MAX_CELLS:,} can be graded")
    return tuple(_cell(number, cell) for number, cell in enumerate(cells, 1))


def _json(content: bytes) -> Any:
    if not content.strip():
        raise UnreadableNotebook("the file is empty")
    try:
        return json.loads(content)
    except RecursionError as error:
        raise UnreadableNotebook("not a notebook: nested too deeply") from error
    except UnicodeDecodeError as error:
        raise UnreadableNotebook(f"not a notebook: byte {error.start + 1} is no text in {error.encoding}") from error
    except ValueError as error:
        raise UnreadableNotebook(f"not a notebook: no valid JSON ({error})") from error


def _cell(number: int, cell: Any) -> Cell:
    kind = cell.get("cell_type") if isinstance(cell, dict) else None
    if kind not in ("code", "markdown", "raw"):
        raise UnreadableNotebook(f"cell {number}: its cell_type is {_short(kind)}, not code, markdown or raw")
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise UnreadableNotebook(f"cell {number}: its source is neither text nor a list of lines")
    if len(source) > MAX_SOURCE_CHARS:
        raise UnreadableNotebook(
            f"cell {number}: it has {len(source):,} characters; up to {MAX_SOURCE_CHARS:,} can be graded"
        )
    metadata, given = cell.get("metadata"), cell.get("id")
    try:
        return Cell(
            # Cases name cells without an id `cell-N`; a learner's fifth cell need not be the case's fifth.
            id=given if isinstance(given, str) and 0 < len(given) <= 64 else f"unnamed-{number}",
            kind=kind,
            source=source.replace("\r\n", "\n"),
            metadata=metadata if isinstance(metadata, dict) else {},
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise UnreadableNotebook(f"cell {number}: its {first['loc'][0]} is not valid: {first['msg']}") from error


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
