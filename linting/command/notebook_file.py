import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.contracts.lint import ReviewRequest
from services.contracts.notebook import MAX_CELLS, MAX_SOURCE_CHARS, Cell

MAX_BYTES: Final = 64 * 1024**2
"""Of a file, outputs included: a picture per cell makes megabytes, more is no notebook to be read by a person."""


class NotReviewable(Exception):
    """The file cannot be reviewed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class NotebookFile:
    """A notebook as it stands in a file."""

    cells: tuple[Cell, ...]
    executions: dict[str, int]

    def request(self, python: str) -> ReviewRequest:
        """What the review is asked."""
        return ReviewRequest(cells=self.cells, executions=self.executions, python=python)


def notebooks_in(path: Path) -> Iterator[Path]:
    """The file itself, or every notebook in the folder and below it; hidden folders hold copies and are left out."""
    if not path.is_dir():
        yield path
        return
    for found in sorted(path.rglob("*.ipynb")):
        if not any(part.startswith(".") for part in found.relative_to(path).parts):
            yield found


def read_notebook(path: Path) -> NotebookFile:
    """The notebook in the file. Raises `NotReviewable`."""
    body = _body(path)
    try:
        content = json.loads(body)
    except RecursionError:
        raise NotReviewable("It is nested too deeply to be a notebook.") from None
    except ValueError as error:
        raise NotReviewable(f"It is not JSON, so no notebook: {error}.") from None
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        hint = " It is of an old format: open it in Jupyter and save it." if _is_old(content) else ""
        raise NotReviewable(f"It holds no list of cells, so it is no notebook.{hint}")
    _require_python(content.get("metadata"))
    if len(content["cells"]) > MAX_CELLS:
        raise NotReviewable(f"It holds {len(content['cells']):,} cells; a review reads {MAX_CELLS:,}.")
    return _read(content["cells"])


def _body(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise NotReviewable(f"It is larger than {MAX_BYTES // 1024**2} MB; clear its outputs and try again.")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise NotReviewable(f"It cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise NotReviewable("It is not UTF-8, which every notebook is; save it again as UTF-8.") from None


def _is_old(content: object) -> bool:
    return isinstance(content, dict) and isinstance(content.get("worksheets"), list)


def _require_python(metadata: object) -> None:
    kernel, info = _section(metadata, "kernelspec"), _section(metadata, "language_info")
    language = str(info.get("name") or kernel.get("language") or "python")
    if language.lower() not in {"python", "ipython"}:
        raise NotReviewable(f"It is written in {language[:40]}; only Python is reviewed.")
    if str(info.get("version", "")).startswith("2.") or kernel.get("name") == "python2":
        raise NotReviewable("It is written in Python 2, which nobody maintains any more; only Python 3 is reviewed.")


def _section(metadata: object, name: str) -> dict[str, Any]:
    section = metadata.get(name) if isinstance(metadata, dict) else None
    return section if isinstance(section, dict) else {}


def _read(cells: list[Any]) -> NotebookFile:
    found: list[Cell] = []
    executions: dict[str, int] = {}
    for position, cell in enumerate(cells, start=1):
        kind, source = (cell.get("cell_type"), cell.get("source")) if isinstance(cell, dict) else (None, None)
        text = "".join(map(str, source)) if isinstance(source, list) else source
        if kind not in ("code", "markdown", "raw") or not isinstance(text, str):
            raise NotReviewable(f"Cell {position} is none that Jupyter knows.")
        if len(text) > MAX_SOURCE_CHARS:
            raise NotReviewable(f"Cell {position} has {len(text):,} characters; a review reads {MAX_SOURCE_CHARS:,}.")
        # Ids in the file may be missing, equal or too long; its position always names a cell.
        found.append(Cell(id=f"cell-{position}", kind=kind, source=text))
        if isinstance(count := cell.get("execution_count"), int):
            executions[f"cell-{position}"] = count
    return NotebookFile(tuple(found), executions)
