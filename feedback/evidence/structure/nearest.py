"""The correct solution that a learner's answer is nearest to, and how it differs from that one."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from feedback.evidence.asked import Asked, RunCell
from feedback.evidence.structure.compared import Comparison, compare
from feedback.evidence.structure.steps import Program, program
from feedback.notebook.reading import bound, names_read, parsed
from feedback.repair.trees import Bag, bag, likeness

Answer = Mapping[str, str]
"""Answer cell id -> source."""


def nearest(asked: Asked, solutions: Sequence[Answer] = ()) -> Comparison | None:
    """How the learner's answer differs from the reference, a variant or one of these solutions, whichever is nearest.

    None when not a line of it can be read, or when it is nearest to a solution that it equals.
    """
    fixed = _asked_names(asked)
    mine = program(tuple((cell.id, cell.source) for cell in _own(asked)), fixed)
    if mine is None:
        return None
    found: Comparison | None = None
    for solution in (*own_solutions(asked), *solutions):
        other = _solution(tuple(sorted(solution.items(), key=lambda item: _position(asked, item[0]))), fixed)
        comparison = compare(mine, other) if other is not None else None
        if comparison is not None and (found is None or _far(comparison) < _far(found)):
            found = comparison
    return found if found is not None and found.sites else None


def likest(solutions: Sequence[Answer], mine: Answer, most: int) -> tuple[Answer, ...]:
    """The solutions that are most like a learner's answer, by subtrees with names left out."""
    kinds = bag(_tree(mine.values()))
    return tuple(sorted(solutions, key=lambda one: -likeness(kinds, _kinds(tuple(one.values()))))[:most])


@lru_cache(maxsize=1_024)
def _kinds(sources: tuple[str, ...]) -> Bag:
    return bag(_tree(sources))


def _tree(sources: Iterable[str]) -> ast.Module:
    trees = [tree for source in sources if (tree := parsed(source)) is not None]
    return ast.Module([node for tree in trees for node in tree.body], [])


def own_solutions(asked: Asked) -> tuple[Answer, ...]:
    """The reference's answer and the accepted variants' of this subtask; equal ones once."""
    cells = asked.subtask.view.answer_cells
    answers = [asked.subtask.reference, *({c: v[c] for c in cells if c in v} for v in asked.case.variants)]
    return tuple({tuple(sorted(answer.items())): answer for answer in answers if answer}.values())


def _far(comparison: Comparison) -> tuple[int, int]:
    return sum(site.weight for site in comparison.sites), len(comparison.sites)


def _own(asked: Asked) -> tuple[RunCell, ...]:
    """What the learner wrote for this subtask: its answer cells, and cells of their own beside them."""
    return tuple(c for c in asked.cells if c.subtask == asked.subtask.view.id and (c.answer or c.name is None))


def _position(asked: Asked, cell: str) -> int:
    cells = asked.subtask.view.answer_cells
    return cells.index(cell) if cell in cells else len(cells)


@lru_cache(maxsize=256)
def _solution(cells: tuple[tuple[str, str], ...], fixed: frozenset[str]) -> Program | None:
    return program(cells, fixed)


def _asked_names(asked: Asked) -> frozenset[str]:
    """Names that this or a later subtask asks for: nobody is free to choose them."""
    return frozenset(
        {
            *(rule.name for rule in asked.named),
            *(probe.call for probe in asked.subtask.probes),
            *(name for check in asked.subtask.checks for name in _outside(check.source)),
        }
    )


@lru_cache(maxsize=256)
def _outside(source: str) -> frozenset[str]:
    """Names that a check reads and does not make itself."""
    return names_read(source) - bound(source)
