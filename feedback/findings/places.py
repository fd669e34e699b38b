from collections.abc import Sequence

from feedback.evidence.asked import Asked, RunCell
from feedback.evidence.clues import (
    CallDiffers,
    CheckFailed,
    Clue,
    Incomplete,
    Raised,
    RepairChanges,
    StructureDiffers,
    ValueDiffers,
)
from feedback.findings.mended import overlap, window
from feedback.findings.mistakes import Mistake
from feedback.notebook.reading import Binding, bindings, names_read
from services.contracts.notebook import Place

# A warning marks at most this many lines.
MAX_LINES = 5
# So much of the code must be as in a correct solution before a difference says more than where Python stopped.
NEAR = 0.6


def where(asked: Asked, mistake: Mistake) -> Place | None:
    """Where to look in the learner's notebook: what the evidence says, else where the value or function was made.

    What a verified repair changes is the cause; where Python stopped, or values went another way, may be far behind it.
    """
    differing = [c for c in mistake.clues if isinstance(c, StructureDiffers) and c.evidence.place is not None]
    changed = [c for c in mistake.clues if isinstance(c, RepairChanges)]
    said = [p for c in mistake.clues if (p := c.evidence.place) and not isinstance(c, StructureDiffers | RepairChanges)]
    if changed and not _unreadable(mistake.primary):
        return _cause(changed, said, differing)
    stopped = next((p for c in mistake.clues if (p := _stop(c)) is not None), None)
    # Python stopped at a line that differs, or among too much that differs, or could not go on. Where a value first
    # went another way says less: that is behind the cause, and often far.
    certain = _unreadable(mistake.primary) or isinstance(mistake.primary, Incomplete)
    if stopped is not None and (not differing or certain or _agree(stopped, differing)):
        return short(stopped)
    if differing:
        return _together(differing)
    if said:
        return short(said[0])
    for clue in (*(c for c in mistake.supports if isinstance(c, ValueDiffers)), mistake.primary):
        place = _made(asked, _names(clue))
        if place is not None:
            return place
    answer = next((c for c in asked.cells if c.answer and c.subtask == asked.subtask.view.id), None)
    return asked.place_of(answer) if answer else None


def _cause(
    changed: Sequence[RepairChanges], said: Sequence[Place], differing: Sequence[StructureDiffers]
) -> Place | None:
    """The line where it shows, if the repair changes that one; else the part of the repair that the code speaks for."""
    places = [clue.evidence.place for clue in changed if clue.evidence.place is not None]
    shows = next((short(place) for place in said if any(overlap(short(place), one) for one in places)), None)
    if shows is not None:
        return shows
    return window(changed, MAX_LINES, [clue.evidence.place for clue in differing if clue.evidence.place is not None])


def _unreadable(clue: Clue) -> bool:
    """Whether the parser stopped: it alone knows where."""
    return isinstance(clue, Raised) and clue.error.type in ("SyntaxError", "IndentationError", "TabError")


def _agree(stopped: Place, differing: Sequence[StructureDiffers]) -> bool:
    """Whether the line is one of those that differ, or those say little because almost all does."""
    # A step that is missing has no line of its own: Python stops behind it.
    places = [c.evidence.place for c in differing if c.evidence.place is not None and c.change != "missing step"]
    line = stopped.line or 1
    same = any(p.cell == stopped.cell and (p.line or 1) <= line <= (p.end_line or p.line or 1) for p in places)
    return same or differing[0].near < NEAR


def _stop(clue: Clue) -> Place | None:
    """The line at which Python stopped, where the clue is about that."""
    place = clue.evidence.place if isinstance(clue, Raised | CheckFailed | Incomplete) else None
    return place if place is not None and place.line is not None else None


def _together(differing: Sequence[StructureDiffers]) -> Place | None:
    """The first place, with those that follow it within the lines that a warning marks.

    The first: what goes another way there changes all that comes after it.
    """
    places = [clue.evidence.place for clue in differing if clue.evidence.place is not None]
    if not places or places[0].line is None:
        return places[0] if places else None
    first = short(places[0])
    reach = (first.line or 1) + MAX_LINES - 1
    ends = [p.end_line or p.line or 0 for p in places if p.cell == first.cell and (first.line or 1) <= (p.line or 0)]
    within = [end for end in ends if end <= reach]
    return first.model_copy(update={"end_line": max([*within, first.end_line or first.line or 1])})


def short(place: Place) -> Place:
    """The place, with no more lines than a warning marks."""
    if place.line is None or place.end_line is None:
        return place
    return place.model_copy(update={"end_line": min(place.end_line, place.line + MAX_LINES - 1)})


def _names(clue: Clue) -> frozenset[str]:
    match clue:
        case ValueDiffers(name=name):
            return frozenset({name})
        case CallDiffers(function=function):
            return frozenset({function})
        case CheckFailed(check=check):
            return names_read(check.source)
    return frozenset()


def _made(asked: Asked, names: frozenset[str]) -> Place | None:
    """The last statement of this subtask, in the learner's code, that binds one of the names."""
    if not names:
        return None
    mine = [c for c in asked.cells if c.subtask == asked.subtask.view.id and (c.answer or c.name is None)]
    for cell in reversed(mine):
        made = [binding for binding in bindings(cell.source) if binding.name in names]
        if made:
            return _place(cell, made[-1])
    return None


def _place(cell: RunCell, binding: Binding) -> Place:
    return short(Place(cell=cell.place, line=binding.line, end_line=max(binding.end_line, binding.line)))
