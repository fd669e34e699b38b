import hashlib
import json
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, JsonValue

from services.contracts.model import JsonObject, WireModel

MAX_CELLS = 1_000
MAX_SOURCE_CHARS = 200_000


class Cell(WireModel):
    """One notebook cell as the browser or a file holds it. Outputs are no part of it: they prove nothing."""

    id: str = Field(min_length=1, max_length=64)
    """The cell's id (nbformat 4.5); made from the position where a notebook has none."""
    kind: Literal["code", "markdown", "raw"] = "code"
    source: str = Field(max_length=MAX_SOURCE_CHARS)
    metadata: JsonObject = Field(default_factory=dict)


_NAMING = ("grade_id", "locked", "grade", "solution", "task")


def without_extras(cell: Cell) -> Cell:
    """The cell with what its metadata says of which cell it is; learners could put anything else there.

    A run of the cells finds the case's by that, so a person who is shown them must be able to send it on.
    """
    nbgrader = cell.metadata.get("nbgrader")
    told = nbgrader if isinstance(nbgrader, dict) else {}
    naming = {key: told[key] for key in _NAMING if isinstance(told.get(key), str | bool)}
    metadata: JsonObject = {"nbgrader": naming} if naming else {}
    return cell.model_copy(update={"metadata": metadata})


class Place(WireModel):
    """Where something is: a cell and, when known, a range of its lines (1-based, inclusive)."""

    cell: str
    line: int | None = Field(default=None, ge=1)
    end_line: int | None = Field(default=None, ge=1)


def cells_digest(subtask: str, cells: Sequence[Cell]) -> str:
    """Identity of a submission: sha256 over the subtask and each cell's id, kind and source, in order.

    Metadata and outputs are left out, so that folding a cell or running it does not make a new version.
    """
    body = json.dumps([subtask, [[c.id, c.kind, c.source] for c in cells]], ensure_ascii=False)
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def notebook_digest(notebook: dict[str, JsonValue]) -> str:
    """Identity of a whole notebook: sha256 over canonical JSON, the same however the file was formatted."""
    body = json.dumps(notebook, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
