from feedback.evidence.asked import Asked, RunCell
from feedback.evidence.clues import CallDiffers, CheckFailed, Clue, ValueDiffers
from feedback.findings.mistakes import Mistake
from feedback.notebook.reading import Binding, bindings, names_read
from services.contracts.notebook import Place

# A warning marks at most this many lines.
MAX_LINES = 5


def where(asked: Asked, mistake: Mistake) -> Place | None:
    """Where to look in the learner's notebook: what the evidence says, else where the value or function was made."""
    for clue in mistake.clues:
        if clue.evidence.place is not None:
            return short(clue.evidence.place)
    for clue in (*(c for c in mistake.supports if isinstance(c, ValueDiffers)), mistake.primary):
        place = _made(asked, _names(clue))
        if place is not None:
            return place
    answer = next((c for c in asked.cells if c.answer and c.subtask == asked.subtask.view.id), None)
    return asked.place_of(answer) if answer else None


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
