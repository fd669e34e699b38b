"""Split an author's notebook: what the learner gets, and what the reference keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from case_uploader.format.author_notebook import AuthorCell, AuthorNotebook
from case_uploader.format.problem import Problems
from case_uploader.format.regions import Regions, find_regions
from services.contracts.notebook import Cell

CODE_STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")
TEXT_STUB = ("YOUR ANSWER HERE",)
HIDDEN_ONLY = "# The checks of this cell are hidden. They run when you press Check."


@dataclass(frozen=True)
class SplitCell:
    """One cell, split. `source` is all a learner may ever see of it."""

    author: AuthorCell
    source: str
    reference: str | None = None
    """Answer cells: the author's source without marker lines."""
    solution: tuple[str, ...] = ()
    """Answer cells: the lines that were taken out."""
    hidden: tuple[str, ...] = ()
    """Check cells: the lines of the hidden tests."""
    hidden_in_place: str | None = None
    """Check cells with hidden tests: the whole cell without markers."""


def split_cells(notebook: AuthorNotebook, problems: Problems) -> tuple[SplitCell, ...]:
    """Split every cell; misplaced or unpaired markers are recorded with their line."""
    return tuple(_split_cell(cell, notebook.file, problems) for cell in notebook.cells)


def _split_cell(cell: AuthorCell, file: str, problems: Problems) -> SplitCell:
    scheme = _regions(cell, cell.source, "MARK SCHEME", file, problems)
    source = "\n".join(scheme.outside()) if scheme.found else cell.source
    solutions = _regions(cell, source, "SOLUTION", file, problems)
    hidden = _regions(cell, source, "HIDDEN TESTS", file, problems)
    if solutions.found and cell.role != "answer":
        _misplaced(cell, "SOLUTION", "an answer cell (nbgrader metadata solution: true)", file, problems)
    if hidden.found and cell.role != "check":
        _misplaced(cell, "HIDDEN TESTS", "a check cell (nbgrader metadata grade: true)", file, problems)
    if cell.role == "answer":
        return _split_answer(cell, solutions, hidden)
    if cell.role == "check":
        return _split_check(cell, hidden)
    # Even a misplaced region must not reach a learner.
    return SplitCell(cell, "\n".join(find_regions("\n".join(hidden.outside()), "SOLUTION").outside()))


def _regions(cell: AuthorCell, source: str, kind: Any, file: str, problems: Problems) -> Regions:
    regions = find_regions(source, kind)
    for fault in regions.faults:
        problems.add("marker", f"line {fault.line}: {fault.message}", file=file, cell=cell.label)
    return regions


def _misplaced(cell: AuthorCell, kind: str, home: str, file: str, problems: Problems) -> None:
    problems.add("marker-place", f"a {kind} region belongs into {home}", file=file, cell=cell.label)


def _split_answer(cell: AuthorCell, solutions: Regions, hidden: Regions) -> SplitCell:
    if cell.starter is not None:
        kept = {line.strip() for line in cell.starter.split("\n")}
        taken = tuple(line for line in cell.source.split("\n") if line.strip() not in kept)
        return SplitCell(cell, cell.starter, cell.source, taken)
    stub = CODE_STUB if cell.kind == "code" else TEXT_STUB
    without_hidden = find_regions("\n".join(hidden.outside()), "SOLUTION") if hidden.found else solutions
    if not without_hidden.found:
        # As in nbgrader: an answer cell without a region is solution from first to last line.
        return SplitCell(cell, "\n".join(stub), cell.source, tuple(without_hidden.lines))
    return SplitCell(
        cell,
        "\n".join(_stubbed(without_hidden, stub)),
        "\n".join(_without_markers(without_hidden)),
        tuple(without_hidden.inside()),
    )


def _stubbed(regions: Regions, stub: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    begins = {region.begin: region for region in regions.found}
    number = 0
    while number < len(regions.lines):
        region = begins.get(number)
        if region is None:
            lines.append(regions.lines[number])
            number += 1
            continue
        indent = _indent(regions.lines[number])
        lines += [indent + line for line in stub]
        number = region.end + 1
    return lines


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _without_markers(regions: Regions) -> list[str]:
    markers = {number for region in regions.found for number in (region.begin, region.end)}
    return [line for number, line in enumerate(regions.lines) if number not in markers]


def _split_check(cell: AuthorCell, hidden: Regions) -> SplitCell:
    if not hidden.found:
        return SplitCell(cell, cell.source)
    visible = "\n".join(hidden.outside()).strip("\n")
    return SplitCell(
        cell,
        visible if visible.strip() else HIDDEN_ONLY,
        hidden=tuple(hidden.inside()),
        hidden_in_place="\n".join(_without_markers(hidden)),
    )


def learner_cells(split: tuple[SplitCell, ...], subtask_of: Mapping[str, str]) -> tuple[Cell, ...]:
    """The learner's cells in order, with the metadata that the Lab and the repair of notebooks go by.

    `subtask_of` maps a cell id to its subtask; cells of the introduction are absent.
    """
    return tuple(
        Cell(id=part.author.id, kind=part.author.kind, source=part.source, metadata=_metadata(part.author, subtask_of))
        for part in split
    )


def _metadata(cell: AuthorCell, subtask_of: Mapping[str, str]) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if cell.tags:
        metadata["tags"] = list(cell.tags)
    if cell.id in subtask_of:
        metadata["caseloop"] = {"subtask": subtask_of[cell.id], "role": cell.role}
    mark = cell.mark
    if mark is None:
        return metadata
    # nbgrader's checksum is left behind: it would confirm a guess of the solution.
    metadata["nbgrader"] = {
        "schema_version": 3,
        "grade": mark.grade,
        "solution": mark.solution,
        "locked": mark.locked,
        "task": mark.task,
        "grade_id": cell.grade_id,
        **({"points": mark.worth} if mark.points is not None and (mark.grade or mark.task) else {}),
        "cell_type": cell.kind,
    }
    if cell.role == "check" or (mark.locked and cell.role == "text") or mark.task:
        metadata |= {"deletable": False, "editable": False}
    elif cell.role == "answer":
        metadata["deletable"] = False
    return metadata


def learner_notebook(case: str, split: tuple[SplitCell, ...], cells: tuple[Cell, ...]) -> dict[str, Any]:
    """The learner's notebook as nbformat 4.5 JSON: no output, no execution count, no metadata of the author's."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "caseloop": {"case": case},
        },
        "cells": [_notebook_cell(part.author, cell) for part, cell in zip(split, cells, strict=True)],
    }


def _notebook_cell(author: AuthorCell, cell: Cell) -> dict[str, Any]:
    content: dict[str, Any] = {"id": cell.id, "cell_type": cell.kind, "metadata": cell.metadata, "source": cell.source}
    if cell.kind == "code":
        return content | {"execution_count": None, "outputs": []}
    # Only what the text shows: a forgotten attachment may hold anything.
    shown = {name: value for name, value in author.attachments.items() if f"attachment:{name}" in cell.source}
    return content | ({"attachments": shown} if shown else {})
