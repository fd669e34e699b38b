"""Each mistake with the places in the code that it can come from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from feedback.evidence.asked import Asked
from feedback.evidence.clues import CallDiffers, CheckFailed, Clue, Incomplete, NameMissing, Raised, ValueDiffers
from feedback.evidence.structure.nearest import nearest
from feedback.evidence.structure.sought import About, belonging
from feedback.findings.mistakes import Mistake
from feedback.notebook.reading import names_read, sources

Answer = Mapping[str, str]


def located(
    asked: Asked, found: Sequence[Mistake], clues: Sequence[Clue], solutions: Sequence[Answer] = ()
) -> tuple[Mistake, ...]:
    """The same mistakes, with what differs in the code beside the nearest correct solution.

    `clues`: all evidence of the run. `solutions`: answers that were approved before, next to the case's own.
    """
    mine = [mistake for mistake in found if _of_this_step(asked, mistake.primary)]
    compared = nearest(asked, solutions) if mine else None
    if compared is None:
        return tuple(found)
    right = _right(asked, clues)
    made_from = sources(cell.source for cell in asked.cells)
    placed = []
    for mistake in found:
        if mistake in mine:
            about = About(_reached(_names(mistake), made_from, right), right, _cell(mistake.primary))
            mistake = replace(mistake, supports=[*mistake.supports, *belonging(asked, compared, about)])
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
