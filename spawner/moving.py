"""A learner moves to another version of a case: the code comes along by subtask."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.contracts.case import LearnerCase, SubtaskView

_KEPT: Final = "### Your code from number {number}\n\nThis step has other cells now; what you wrote is kept here.\n\n"
_OWN: Final = frozenset({"code", "markdown", "raw"})
Notebook = dict[str, Any]


def moved(notebook: Notebook, old: LearnerCase, new: LearnerCase) -> Notebook:
    """The new version's notebook with the learner's answers of the old one.

    An answer goes into the cell of the same id and subtask; one that was never touched leaves the new start in place.
    What has no cell any more is kept below its subtask as text, and cells that the learner added stay where they were.
    Outputs are left behind: they belong to the old version's data.
    """
    made: Notebook = copy.deepcopy(dict(new.notebook))
    cells: list[Notebook] = made["cells"]
    written = _written(notebook, old)
    places = _places(old, new)
    for cell in cells:
        source = written.pop(places.get(str(cell.get("id")), ""), None)
        if source is not None:
            cell["source"] = source
    for subtask in old.subtasks:
        left = [written[cell] for cell in subtask.answer_cells if written.get(cell, "").strip()]
        if left:
            cells.insert(_end_of(new, subtask.id, cells), _kept(old, subtask, left))
    _insert_own(cells, notebook, old)
    return made


def _written(notebook: Notebook, old: LearnerCase) -> dict[str, str]:
    """Answer cell -> what the learner wrote, where that differs from the start."""
    starts = {str(cell.get("id")): _source(cell) for cell in _cells(dict(old.notebook))}
    answers = {cell for subtask in old.subtasks for cell in subtask.answer_cells}
    found = {str(cell.get("id")): _source(cell) for cell in _cells(notebook)}
    return {cell: found[cell] for cell in answers if cell in found and found[cell] != starts.get(cell)}


def _places(old: LearnerCase, new: LearnerCase) -> dict[str, str]:
    """New answer cell -> the old one whose content it gets."""
    before = {subtask.id: subtask.answer_cells for subtask in old.subtasks}
    places: dict[str, str] = {}
    for subtask in new.subtasks:
        answers = before.get(subtask.id, ())
        same = set(answers) & set(subtask.answer_cells)
        places |= {cell: cell for cell in same}
        if not same and len(answers) == len(subtask.answer_cells):
            # renamed as a whole: in their order
            places |= dict(zip(subtask.answer_cells, answers, strict=True))
    return places


def _end_of(new: LearnerCase, subtask: str, cells: Sequence[Notebook]) -> int:
    """Behind the subtask's last cell; at the end for a subtask that is gone."""
    view = next((one for one in new.subtasks if one.id == subtask), None)
    own = set(view.cells) if view else set()
    return max((index + 1 for index, cell in enumerate(cells) if cell.get("id") in own), default=len(cells))


def _kept(old: LearnerCase, subtask: SubtaskView, sources: Sequence[str]) -> Notebook:
    blocks = "\n\n".join(_fenced(source) for source in sources)
    text = _KEPT.format(number=old.number) + blocks
    return {"id": f"kept-{subtask.id}"[:64], "cell_type": "markdown", "metadata": {}, "source": text}


def _fenced(source: str) -> str:
    fence = "```"
    while fence in source:
        fence += "`"
    return f"{fence}python\n{source}\n{fence}"


def _insert_own(cells: list[Notebook], notebook: Notebook, old: LearnerCase) -> None:
    """Put the learner's own cells behind the cells they stood behind."""
    ours = {str(cell.get("id")) for cell in _cells(dict(old.notebook))}
    taken = {str(cell.get("id")) for cell in cells}
    at = 0
    for cell in _cells(notebook):
        name = str(cell.get("id"))
        if name in ours:
            at = next((index + 1 for index, one in enumerate(cells) if one.get("id") == name), at)
        elif name not in taken and cell.get("cell_type") in _OWN and _source(cell).strip():
            cells.insert(at, _plain(cell))
            taken.add(name)
            at += 1


def _plain(cell: Notebook) -> Notebook:
    plain: Notebook = {
        "id": str(cell.get("id"))[:64],
        "cell_type": cell["cell_type"],
        "metadata": {},
        "source": _source(cell),
    }
    return plain | ({"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else {})


def _cells(notebook: Mapping[str, Any]) -> list[Notebook]:
    """Its cells; a learner's file may hold anything in their place."""
    cells = notebook.get("cells")
    return [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []


def _source(cell: Notebook) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)
