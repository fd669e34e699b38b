"""Each mistake with the places in the code that it can come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from feedback.evidence.asked import Asked
from feedback.evidence.clues import (
    Behaves,
    CallDiffers,
    CheckFailed,
    Clue,
    Counterexample,
    Incomplete,
    NameMissing,
    Raised,
    ValueDiffers,
)
from feedback.evidence.structure.nearest import Answer, nearest
from feedback.evidence.structure.sought import About, belonging
from feedback.findings.mended import mended
from feedback.findings.mistakes import Mistake
from feedback.notebook.reading import names_read, sources
from feedback.repair.engine import Repaired


@dataclass(frozen=True)
class Seen:
    """What mistakes are looked at with."""

    clues: Sequence[Clue]
    """All evidence of the run."""
    inputs: Mapping[str, Counterexample] = field(default_factory=dict)
    """By function, the smallest input that shows it to be wrong."""
    behaviour: Sequence[Behaves] = ()
    """Ways in which results come about that the reference's do not."""
    solutions: Sequence[Answer] = ()
    """Answers that were approved before, next to the case's own."""
    repaired: Repaired | None = None
    """A verified repair of the step's answer, where one is at hand."""


def located(asked: Asked, found: Sequence[Mistake], seen: Seen) -> tuple[Mistake, ...]:
    """The same mistakes with an input that shows each, what a repair changes, and what differs beside a solution."""
    mine = [mistake for mistake in found if _of_this_step(asked, mistake.primary)]
    if not mine:
        return tuple(found)
    compared = nearest(asked, seen.solutions)
    right = _right(asked, seen.clues)
    made_from = sources(cell.source for cell in asked.cells)
    placed = []
    for mistake in found:
        if mistake in mine:
            names = _names(mistake)
            inputs = [clue for function, clue in seen.inputs.items() if function in names]
            reached = _reached(names, made_from, right)
            about = About(reached, right, _cell(mistake.primary))
            sites = belonging(asked, compared, about) if compared is not None else ()
            odd = [clue for clue in seen.behaviour if reached & set(clue.names)]
            changes = mended(asked, mistake.primary, reached, seen.repaired) if seen.repaired is not None else ()
            mistake = replace(mistake, supports=[*mistake.supports, *inputs[:1], *odd, *changes, *sites])
        placed.append(mistake)
    return tuple(placed)


def _right(asked: Asked, clues: Sequence[Clue]) -> frozenset[str]:
    """Names that are observed and against which nothing speaks."""
    wrong = {clue.name for clue in clues if isinstance(clue, ValueDiffers | NameMissing)}
    return frozenset(rule.name for rule in asked.named) - wrong


def _reached(names: frozenset[str], made_from: Mapping[str, frozenset[str]], right: frozenset[str]) -> frozenset[str]:
    """The names and all they are made from; a mistake does not come from a value that is right."""
    found, queue = set(names), list(names)
    while queue:
        for origin in made_from.get(queue.pop(), ()):
            if origin not in found and origin not in right:
                found.add(origin)
                queue.append(origin)
    return frozenset(found)


def _of_this_step(asked: Asked, clue: Clue) -> bool:
    """Whether the mistake is one in this subtask's code; an earlier step's answer is not looked at."""
    if clue.evidence.kind == "notebook":
        return False
    cell = clue.cell if isinstance(clue, Raised | Incomplete) else None
    return cell is None or cell.subtask == asked.subtask.view.id


def _cell(clue: Clue) -> str | None:
    return clue.cell.id if isinstance(clue, Raised | Incomplete) and clue.cell is not None else None


def _names(mistake: Mistake) -> frozenset[str]:
    """What the mistake is about: its own names, else those of what explains it."""
    return frozenset().union(*map(_about, mistake.clues))


def _about(clue: Clue) -> frozenset[str]:
    match clue:
        case ValueDiffers(name=name) | NameMissing(name=name):
            return frozenset({name})
        case CallDiffers(function=function):
            return frozenset({function})
        case CheckFailed(check=check):
            return names_read(check.source)
    return frozenset()
