"""A learner's notebook as a sample may hold it: without what says whose it is."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from feedback.notebook.matching import grade_id
from feedback.privacy.redaction import Redactor
from services.contracts.case import AuthorCase
from services.contracts.model import JsonObject
from services.contracts.notebook import Cell

REDACTED = "redacted"
"""Tag of a sample whose code is not to the letter what was handed in: something personal stood in it."""


@dataclass(frozen=True)
class Pseudonymised:
    """Marks stand for names, addresses and keys, and no ids or metadata are a learner's own."""

    cells: tuple[Cell, ...]
    names: Mapping[str, str]
    """Id of a cell as it was -> as it is."""
    altered: bool
    """Whether the code is not to the letter what was handed in."""

    @classmethod
    def of(cls, cells: tuple[Cell, ...], case: AuthorCase, redactor: Redactor) -> "Pseudonymised":
        """The same for the same code, whoever wrote it."""
        names = _names(cells, case)
        new = tuple(
            Cell(id=names[at], kind=cell.kind, source=redactor.text(cell.source), metadata=_matched(cell, case))
            for at, cell in enumerate(cells)
        )
        return cls(
            cells=new,
            names={cell.id: names[at] for at, cell in reversed(list(enumerate(cells)))},
            altered=any(old.source != redacted.source for old, redacted in zip(cells, new, strict=True)),
        )

    @property
    def tags(self) -> tuple[str, ...]:
        """Of a sample with these cells."""
        return (REDACTED,) if self.altered else ()

    def digest(self, subtask: str) -> str:
        """What a sample is named after, so that the same code is the same sample in every export, and names nobody."""
        parts = [subtask, *(f"{cell.id}\0{cell.kind}\0{cell.source}" for cell in self.cells)]
        return hashlib.sha256("\0\0".join(parts).encode()).hexdigest()[:24]


def _names(cells: tuple[Cell, ...], case: AuthorCase) -> list[str]:
    """The case's own ids stay, once each; a cell of the learner's is numbered."""
    free = {cell.id for cell in case.cells}
    names = []
    for number, cell in enumerate(cells, 1):
        names.append(cell.id if cell.id in free else f"learner-{number}")
        free.discard(cell.id)
    return names


def _matched(cell: Cell, case: AuthorCase) -> JsonObject:
    """Of a cell's metadata, what matches it with the case's own cell."""
    name = grade_id(cell)
    return {"nbgrader": {"grade_id": name}} if name in {grade_id(own) for own in case.cells} - {None} else {}
