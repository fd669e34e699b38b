"""Each mistake with the places in the code that it can come from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from feedback.evidence.asked import Asked
from feedback.evidence.clues import CallDiffers, CheckFailed, Clue, Incomplete, NameMissing, Raised, ValueDiffers
from feedback.evidence.structure.nearest import nearest
from feedback.evidence.structure.sought import belonging
from feedback.findings.mistakes import Mistake
from feedback.notebook.reading import names_read, origins

Answer = Mapping[str, str]


def located(asked: Asked, found: Sequence[Mistake], solutions: Sequence[Answer] = ()) -> tuple[Mistake, ...]:
    """The same mistakes, with what differs in the code beside the nearest correct solution.

    `solutions`: answers that were approved before, next to the case's own.
    """
    mine = [mistake for mistake in found if _of_this_step(asked, mistake.primary)]
    compared = nearest(asked, solutions) if mine else None
    if compared is None:
        return tuple(found)
    sources = origins(cell.source for cell in asked.cells)
    placed = []
    for mistake in found:
        if mistake not in mine:
            placed.append(mistake)
            continue
        names = _names(mistake)
        reached = names.union(*(sources.get(name, ()) for name in names))
        clues = belonging(asked, compared, reached, _cell(mistake.primary))
        placed.append(replace(mistake, supports=[*mistake.supports, *clues]))
    return tuple(placed)


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
