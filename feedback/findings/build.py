from collections.abc import Sequence

from feedback.evidence.asked import Asked
from feedback.evidence.clues import (
    CallDiffers,
    CheckFailed,
    Clue,
    Incomplete,
    NameMissing,
    Raised,
    ValueDiffers,
)
from feedback.findings.confidence import confidence
from feedback.findings.mistakes import Mistake
from feedback.findings.places import where
from feedback.findings.signature import signature
from feedback.findings.voice import Voice
from feedback.words.said import said
from feedback.words.sentences import small_example
from services.contracts.finding import Evidence, Finding, Hint
from services.contracts.notebook import Place


def findings(asked: Asked, found: Sequence[Mistake], voice: Voice) -> tuple[Finding, ...]:
    """What learners are told, one finding per mistake, in the order given."""
    return tuple(_finding(asked, mistake, voice, number) for number, mistake in enumerate(found, 1))


def _finding(asked: Asked, mistake: Mistake, voice: Voice, number: int) -> Finding:
    place = where(asked, mistake)
    message = said(mistake, voice, asked.subtask.view.id)[:2_000]
    identity = signature(asked, mistake)
    return Finding(
        id=f"{number}-{identity.rpartition('#')[2]}",
        kind=mistake.primary.evidence.kind,
        severity="error",
        subtask=asked.subtask.view.id,
        message=message,
        place=place,
        evidence=tuple(_speakable(clue, voice) for clue in mistake.clues),
        ladder=_ladder(asked, mistake, message, place),
        signature=identity,
        confidence=confidence(mistake, place),
    )


def _speakable(clue: Clue, voice: Voice) -> Evidence:
    """The evidence without a name that would give something away; its fact never reaches a learner anyway."""
    match clue:
        case NameMissing(name=name, check=check) if not voice.may(name):
            return clue.evidence.model_copy(update={"subject": check.id if check else "a name"})
        case ValueDiffers(name=name) if not voice.may(name):
            return clue.evidence.model_copy(update={"subject": "a value"})
        case CallDiffers(function=name, probe=probe) if not voice.may(name):
            return clue.evidence.model_copy(update={"subject": f"a call[{probe}]"})
    return clue.evidence


def _ladder(asked: Asked, mistake: Mistake, message: str, place: Place | None) -> tuple[Hint, ...]:
    """Plan, consequence, location, small unrelated example; steps that there is nothing to say for are left out."""
    plan, example = asked.subtask.plan, asked.subtask.example or small_example(*_themes(mistake))
    steps = (
        Hint(step="plan", text=plan.strip()) if plan else None,
        Hint(step="consequence", text=message),
        Hint(step="location", text=_location(asked, place)) if place else None,
        Hint(step="example", text=example.strip("\n")) if example else None,
    )
    return tuple(step for step in steps if step is not None)


def _location(asked: Asked, place: Place) -> str:
    cell = next((c for c in asked.cells if c.place == place.cell), None)
    here = cell is not None and cell.answer and cell.subtask == asked.subtask.view.id
    which = (
        "this step's answer cell" if here else f"the cell {cell.name}" if cell and cell.name else "a cell of your own"
    )
    if place.line is None:
        return f"Look at {which}."
    last = place.end_line or place.line
    lines = f"line {place.line}" if last == place.line else f"lines {place.line} to {last}"
    return f"Look at {lines} of {which}."


def _themes(mistake: Mistake) -> tuple[str | None, ...]:
    """What an example could be about, most telling first."""
    primary = mistake.primary
    error = primary.error.type if isinstance(primary, Raised | CheckFailed | CallDiffers) and primary.error else None
    value = next((c for c in mistake.clues if isinstance(c, ValueDiffers)), None)
    aspects = [c.difference.aspect for c in mistake.clues if isinstance(c, ValueDiffers | CallDiffers) and c.difference]
    kind = primary.evidence.kind
    if isinstance(primary, Incomplete):
        return ("run",) if primary.lost in ("time", "cpu") else ()
    return (error, value.difference.aspect if value else None, *aspects, kind)
