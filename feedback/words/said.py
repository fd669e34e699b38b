"""One sentence or two for a mistake: its consequence, in words that give nothing away."""

import ast

from feedback.evidence.clues import (
    Behaves,
    CallDiffers,
    CheckFailed,
    Clue,
    Counterexample,
    Incomplete,
    NameMissing,
    Notebook,
    Raised,
    ValueDiffers,
)
from feedback.evidence.error_types import known_type
from feedback.findings.mistakes import Mistake
from feedback.findings.voice import Voice, code, one_line
from feedback.notebook.reading import parsed
from feedback.words.sentences import said_exception, said_lost, said_result, said_value, sentence


def said(mistake: Mistake, voice: Voice, subtask: str) -> str:
    """What the mistake leads to, and how that comes about where it was looked at."""
    odd = [said_behaviour(c, voice) for c in mistake.supports if isinstance(c, Behaves)]
    return " ".join([_said(mistake, voice, subtask), *dict.fromkeys(odd)])


def said_behaviour(clue: Behaves, voice: Voice) -> str:
    """How results come about, in one sentence. Names that would give something away stay unsaid."""
    first, second = (code(name) if name and voice.may(name) else None for name in (*clue.names, "", "")[:2])
    match clue.aspect:
        case "contamination" | "later-rows":
            return sentence(clue.aspect, first or "the training table", second or "the test table", clue.count)
        case "shared-folds" | "later-folds":
            return sentence(clue.aspect, first or "the plan of the folds", clue.count)
        case "fitted-on-tested" | "fitted-on-later":
            return sentence(clue.aspect, first or "your code", clue.count)
    return sentence(clue.aspect, first or "the model")


def _said(mistake: Mistake, voice: Voice, subtask: str) -> str:
    primary = mistake.primary
    match primary:
        case Incomplete(lost=lost):
            marked = any(clue.evidence.place and clue.evidence.place.line for clue in mistake.clues)
            return (
                said_lost(lost, whole=True) if marked else f"{said_lost(lost, whole=True)} {_where(primary, subtask)}"
            )
        case Raised(cell=cell, error=error):
            sentence = said_exception(error, quote=True)
            return sentence if cell.subtask in (subtask, None) else f"An earlier step is not finished. {sentence}"
        case Notebook():
            return _notebook(primary)
        case NameMissing():
            return _missing(primary, voice)
        case CheckFailed():
            return f"{_check(primary, mistake.supports, voice)} {_input(mistake.supports)}".strip()
        case ValueDiffers(name=name, difference=difference):
            return said_value(name if voice.may(name) else None, difference)
        case CallDiffers():
            return f"{_call(primary, voice)} {_input(mistake.supports)}".strip()
    return "This step could not be checked."


def _where(clue: Incomplete, subtask: str) -> str:
    """The cell from which on nothing was heard."""
    cell = clue.cell
    if cell is None:
        return "That was after the last cell."
    if cell.name is None:
        which = "a cell of your own"
    elif cell.subtask == subtask:
        which = "this step's answer cell" if cell.answer else f"the cell {code(cell.name)}"
    else:
        which = f"the cell {code(cell.name)} of an earlier step"
    return f"That was in {which}, and nothing after it exists."


def _notebook(clue: Notebook) -> str:
    if clue.evidence.aspect == "missing":
        return (
            f"The answer cell {code(clue.evidence.subject)} is not in the notebook any more: nothing is there to check."
        )
    return "Nothing is written here yet: the answer cell is still as it was handed out."


def _missing(clue: NameMissing, voice: Voice) -> str:
    if voice.may(clue.name):
        return (
            f"After your code has run, nothing is called {code(clue.name)}, so what this step is about cannot be found."
        )
    return "After your code has run, a name that this step asks for does not exist, so its content cannot be found."


def _check(clue: CheckFailed, supports: list[Clue], voice: Voice) -> str:
    sentence = _failed(clue)
    value = next((c for c in supports if isinstance(c, ValueDiffers)), None)
    if value is None or not voice.may(value.name) or clue.lost is not None:
        return sentence
    return f"{sentence} {said_value(value.name, value.difference)}"


def _failed(clue: CheckFailed) -> str:
    """The author's own words first, then what a learner can read in the check anyway."""
    hint, stopped = (clue.check.hint or "").strip(), _stopped(clue)
    if hint or stopped:
        return f"{hint} {stopped}".strip()
    if clue.error is None:
        return "What was compared here is no plain value, so being equal says nothing about it."
    if clue.check.hidden:
        return "In a case that the visible checks do not show, the result is not what this step describes."
    return one_line(clue.error.message, 300) or _asserted(clue)


def _stopped(clue: CheckFailed) -> str:
    """That the code did not get to a result at all."""
    if clue.lost is not None:
        return said_lost(clue.lost, whole=False)
    if clue.error is None or clue.evidence.aspect is None:
        return ""
    return f"While your code was tried out, it stopped. {said_exception(clue.error, quote=not clue.check.hidden)}"


def _asserted(clue: CheckFailed) -> str:
    """The assert that failed, from the visible check's own text."""
    tree = parsed(clue.check.source)
    asserts = [n for n in ast.walk(tree) if isinstance(n, ast.Assert)] if tree else []
    line = clue.error.place.line if clue.error and clue.error.place else None
    if line is not None:
        asserts = [a for a in asserts if a.lineno <= line <= (a.end_lineno or a.lineno)]
    text = ast.get_source_segment(clue.check.source, asserts[0].test) if len(asserts) == 1 else None
    return f"This does not hold yet: {code(text, 100)}" if text else "What the visible check says does not hold yet."


def _input(supports: list[Clue]) -> str:
    """What comes out for the smallest input that shows it, in numbers; empty where there is none."""
    one = next((clue for clue in supports if isinstance(clue, Counterexample)), None)
    if one is None or (one.given is None and one.error is None):
        return ""
    does = f"gives {code(one.given)}" if one.given is not None else f"stops with {code(known_type(one.error or ''))}"
    does += f" at {code(one.where)}" if one.where else ""
    asks = f"the task asks for {code(one.wanted)}" if one.wanted is not None else "the task asks for something else"
    # Its own names and values only: what they should be stays unsaid.
    parting = (
        f" The first value that leads there: {code(one.parting.name)} becomes {code(one.parting.text)}."
        if one.parting
        else ""
    )
    return f"For {code(one.call, 120)} your code {does}; {asks}.{parting}"


def _call(clue: CallDiffers, voice: Voice) -> str:
    name = clue.function if voice.may(clue.function) else None
    if clue.difference is not None:
        return said_result(name, clue.difference)
    if clue.lost is not None:
        return said_lost(clue.lost, whole=False)
    what = code(f"{name}(…)") if name else "a function of this step"
    sentence = said_exception(clue.error, quote=not clue.hidden) if clue.error else ""
    return f"When {what} is called, it stops. {sentence}".strip()
