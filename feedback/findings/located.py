"""Each mistake with the places in the code that it can come from."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

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
from feedback.evidence.structure.forms import likely_forms
from feedback.evidence.structure.nearest import Answer, likest, nearest
from feedback.evidence.structure.sought import About, belonging
from feedback.findings.mended import mended
from feedback.findings.mistakes import Mistake
from feedback.notebook.reading import bound, names_read, parsed, sources
from feedback.repair.engine import Repaired

_BESIDE: Final = 3
"""Of approved answers, those that a learner's is laid beside: laying takes longer than choosing."""


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
    mine_answers = _answers(asked)
    others = likest(seen.solutions, mine_answers, _BESIDE)
    compared = nearest(asked, (*others, *likely_forms(asked.subtask.reference, mine_answers)))
    right = _right(asked, seen.clues)
    made_from = sources(cell.source for cell in asked.cells)
    functions = _functions(asked)
    placed = []
    for mistake in found:
        if mistake in mine:
            names = _names(asked, mistake)
            reached = _reached(names, made_from, right)
            inputs = [seen.inputs[function] for function in _first(names, reached, seen.inputs)]
            # What is known to be wrong; else the functions that were asked: those that they call held, where the check
            # asked for them before.
            first = reached & seen.inputs.keys() or names & functions
            about = About(reached, right, _cell(mistake.primary), first)
            sites = belonging(asked, compared, about) if compared is not None else ()
            odd = [clue for clue in seen.behaviour if reached & set(clue.names)]
            changes = mended(asked, mistake.primary, reached, seen.repaired) if seen.repaired is not None else ()
            mistake = replace(mistake, supports=[*mistake.supports, *inputs[:1], *odd, *changes, *sites])
        placed.append(mistake)
    return tuple(placed)


def _answers(asked: Asked) -> dict[str, str]:
    return {cell.id: cell.source for cell in asked.cells if cell.answer and cell.subtask == asked.subtask.view.id}


def _functions(asked: Asked) -> frozenset[str]:
    trees = [tree for source in _answers(asked).values() if (tree := parsed(source)) is not None]
    return frozenset(node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef))


def _first(names: frozenset[str], reached: frozenset[str], inputs: Mapping[str, Counterexample]) -> list[str]:
    """Functions that an input shows to be wrong: those that the mistake is about, else those that these go back to."""
    return [name for name in inputs if name in names] or [name for name in inputs if name in reached]


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


def _names(asked: Asked, mistake: Mistake) -> frozenset[str]:
    """What the mistake is about: its own names, and those of what explains it."""
    return frozenset().union(*(_about(asked, clue) for clue in mistake.clues))


def _about(asked: Asked, clue: Clue) -> frozenset[str]:
    match clue:
        case ValueDiffers(name=name) | NameMissing(name=name):
            return frozenset({name})
        case CallDiffers(function=function):
            return frozenset({function})
        case CheckFailed():
            return _checked(asked, clue)
    return frozenset()


def _checked(asked: Asked, clue: CheckFailed) -> frozenset[str]:
    """The learner's names that the part of the check which failed reads, or that it makes its own from.

    All that the check reads where it stopped inside of the learner's code, or nothing tells where.
    """
    source, place = clue.check.source, clue.error.place if clue.error else None
    whole, tree = names_read(source), parsed(source)
    if tree is None or place is None or place.line is None or place.cell in asked.by_id:
        return whole
    failed = (node for node in tree.body if node.lineno <= place.line <= (node.end_lineno or node.lineno))
    read = frozenset(n.id for node in failed for n in ast.walk(node) if isinstance(n, ast.Name))
    reached = _reached(read, sources([source]), frozenset())
    learners = frozenset().union(*(bound(cell.source) for cell in asked.cells))
    return reached & learners or whole
