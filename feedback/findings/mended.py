"""Where a verified repair mends a mistake: lines of the learner's, and never what the repair writes there."""

import ast
from collections.abc import Collection, Sequence
from typing import Final

from feedback.evidence.asked import Asked, RunCell
from feedback.evidence.clues import Clue, Incomplete, Raised, RepairChanges
from feedback.notebook.reading import parsed
from feedback.repair.cells import function_at
from feedback.repair.draft import TOP
from feedback.repair.edits import Edit
from feedback.repair.engine import Repaired
from feedback.repair.trees import size
from services.contracts.finding import Evidence
from services.contracts.notebook import Place

MAX_PLACES: Final = 5
"""More of them for one mistake say no more than that much is to be done."""


def mended(asked: Asked, primary: Clue, names: Collection[str], repaired: Repaired) -> tuple[RepairChanges, ...]:
    """The places that the repair changes for this mistake, in the order of the code; none where it mends another.

    `names`: what the mistake is about; the first function of these that the repair changes counts.
    """
    cell, tree = _read(asked, repaired)
    if cell is None or tree is None:
        return ()
    group = _group(asked, primary, names, repaired, tree)
    return changes(asked, repaired.of(group), repaired) if group is not None else ()


def changes(asked: Asked, edits: Sequence[Edit], repaired: Repaired) -> tuple[RepairChanges, ...]:
    """The places of some edits of the repair, the weightiest, in the order of the code."""
    cell, tree = _read(asked, repaired)
    if cell is None or tree is None:
        return ()
    near = max(0.0, 1 - repaired.distance / max(size(tree), 1))
    weighty = sorted(filter(_has_place, edits), key=lambda edit: -edit.cost)[:MAX_PLACES]
    clues = {clue.evidence.place: clue for edit in weighty if (clue := _clue(asked, cell, edit, near)) is not None}
    return tuple(sorted(clues.values(), key=_order))


def _read(asked: Asked, repaired: Repaired) -> tuple[RunCell | None, ast.Module | None]:
    cell = answer_cell(asked)
    if cell is None:
        return None, None
    # What is no Python was read line for line, but for those that the repair changes.
    return cell, parsed(cell.source) or parsed(repaired.read or cell.source)


def answer_cell(asked: Asked) -> RunCell | None:
    """The cell that repairs are made of: a step that can be repaired has one answer cell."""
    return next((c for c in asked.cells if c.answer and c.subtask == asked.subtask.view.id), None)


def _group(asked: Asked, primary: Clue, names: Collection[str], repaired: Repaired, tree: ast.Module) -> str | None:
    """The function (or TOP) whose change mends the mistake."""
    functions = [name for name in repaired.broken if name != TOP]
    first, top = next(iter(functions), None), TOP if TOP in repaired.broken else None
    match primary:
        case Raised(cell=cell) if cell != answer_cell(asked):
            return None
        case Raised():
            place = primary.evidence.place
            inside = function_at(tree, place.line) if place is not None and place.line is not None else None
            # What stops outside of functions is mended there or not at all.
            return top if inside is None else inside if inside in functions else first
        case Incomplete():
            return top or first
    if not functions:
        return top
    return next((name for name in functions if name in names), top if names else first)


def _has_place(edit: Edit) -> bool:
    """Whether it changes something that is there, or between two lines: a function or an import that is missing
    altogether, or a value that one needs, has no line."""
    if edit.mine is not None or edit.place != "Module.body":
        return True
    return bool(edit.role) and not isinstance(edit.other, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)


def _clue(asked: Asked, cell: RunCell, edit: Edit, near: float) -> RepairChanges | None:
    first, last = edit.span
    place = asked.place(Place(cell=cell.id, line=first, end_line=last))
    if place is None:
        return None
    fact = f"a verified repair changes line {place.line}"
    evidence = Evidence(kind="structure", subject="code", fact=fact, aspect="repair", place=place)
    return RepairChanges(evidence=evidence, decides=False, near=near, weight=edit.cost)


def _order(clue: RepairChanges) -> tuple[int, int]:
    place = clue.evidence.place
    return ((place.line or 0, place.end_line or 0)) if place else (0, 0)


def window(changes: Sequence[RepairChanges], reach: int, others: Sequence[Place]) -> Place | None:
    """Of the repair's places the one to show, with those that follow it within `reach` lines.

    One that other evidence points at as well comes first, then the one at which most changes.
    """
    places = [(clue.evidence.place, clue.weight) for clue in changes if clue.evidence.place is not None]
    found: list[tuple[tuple[bool, int, int], Place]] = []
    for first, _ in places:
        start = first.line or 1
        last = start + reach - 1
        within = [(p, w) for p, w in places if start <= (p.line or 1) and (p.end_line or p.line or 1) <= last]
        end = max([min(first.end_line or start, last), *(p.end_line or p.line or 1 for p, _ in within)])
        shown = Place(cell=first.cell, line=start, end_line=end)
        agrees = any(overlap(place, shown) for place in others)
        found.append(((agrees, sum(weight for _, weight in within), -start), shown))
    return max(found, key=lambda one: one[0])[1] if found else None


def overlap(one: Place, other: Place) -> bool:
    """Whether two places share a line."""
    if one.cell != other.cell or one.line is None or other.line is None:
        return False
    return one.line <= (other.end_line or other.line) and other.line <= (one.end_line or one.line)
