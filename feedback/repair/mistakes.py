"""What a verified repair says about the learner's program, without a word of the repair's code."""

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

from feedback.hints.constructs import Change
from feedback.hints.difference import differences
from feedback.repair.draft import TOP
from feedback.repair.edits import Edit
from feedback.repair.engine import Repaired
from feedback.repair.names import own_names, renamed
from feedback.repair.parts import Part
from services.kit.syntax import tree_of

_TELLING: Final[tuple[Change, ...]] = (
    "missing step",
    "extra step",
    "nesting",
    "order",
    "condition",
    "result",
    "bound",
    "expression",
    "call",
    "name",
    "argument",
    "value",
    "operator",
    "parameters",
    "unreadable",
)
"""Kinds of change, those that say most about the plan behind the code first."""
_CONSTRUCTS: Final = (
    *("condition", "bound", "result", "value", "parameters"),
    *("For", "While", "If", "Return", "Assign", "AugAssign", "Break", "Continue", "Expr"),
)
"""Constructs that a repair touches: parts of a statement first, which say more than that a statement comes or goes."""
_MANY: Final = 3
"""Places that a repair changes; more of them say no more about the mistake."""
_PROGRAM: Final = "program"
assert set(_TELLING) == set(get_args(Change))


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a program, as its verified repair shows."""

    functions: tuple[str, ...]
    """Those that the repair changes, in the order in which checks ask for them; then values that others ask for."""
    lines: tuple[tuple[int, int], ...]
    """Of the learner's code, first and last, in order."""
    kinds: tuple[Change, ...]
    """What the repair changes, most telling first."""
    constructs: tuple[str, ...]
    """What it touches, most telling first: parts of statements (`condition`, `bound` …), and statements (`For` …)."""
    places: int
    """How many edits it has."""

    def signature(self, subtask: str) -> str:
        """Equal for the same mistake on the same subtask, whatever the names, the layout and the code beside it.

        With one kind, one construct, and whether there are one, two or several places: more would tell hardly any two
        learners' mistakes alike, less confuses them (docs/explanation/mentoring.md has the figures).
        """
        many = "more" if self.places >= _MANY else str(self.places)
        parts = (subtask, "repair", "+".join(self.functions), *self.kinds[:1], *self.constructs[:1], many)
        readable = "|".join(parts)
        return f"{readable[:200]}#{hashlib.sha256(readable.encode('utf-8', 'replace')).hexdigest()[:10]}"


def mistake(source: str, repaired: Repaired) -> Mistake:
    """What the repair says about the source that it repairs."""
    return _mistake(source, repaired.source, repaired.edits, (*repaired.broken, *repaired.values))


def mistake_of(source: str, repaired: Repaired, part: Part) -> Mistake:
    """What one part of the repair says about the source: as if nothing else were wrong with it."""
    numbers = {edit.number for edit in part.edits}
    broken = [name for name in repaired.broken if numbers & repaired.groups[name]]
    return _mistake(source, part.source, part.edits, broken)


def signed(source: str, repaired: Repaired, subtask: str) -> Repaired:
    """The repair with the signatures of its parts."""
    own = (replace(p, signature=mistake_of(source, repaired, p).signature(subtask)) for p in repaired.parts)
    return replace(repaired, parts=tuple(own))


def _mistake(source: str, becomes: str, edits: Sequence[Edit], broken: Sequence[str]) -> Mistake:
    before, after = nameless(source, becomes)
    changed = differences({_PROGRAM: before}, {_PROGRAM: after})
    kinds = {one.change for one in changed}
    return Mistake(
        functions=tuple(name for name in broken if name != TOP) or (_PROGRAM,),
        lines=tuple(sorted({edit.lines for edit in edits})),
        kinds=tuple(kind for kind in _TELLING if kind in kinds),
        constructs=tuple(sorted({name for edit in edits for name in _touched(edit)}, key=_rank)),
        places=len(edits),
    )


def _touched(edit: Edit) -> Iterator[str]:
    statements = [type(side).__name__ for side in (edit.mine, edit.other) if isinstance(side, ast.stmt)]
    yield from statements or (edit.role or "expression",)


def _rank(construct: str) -> tuple[int, str]:
    return _CONSTRUCTS.index(construct) if construct in _CONSTRUCTS else len(_CONSTRUCTS), construct


def changed_lines(repaired: Repaired) -> frozenset[int]:
    """Lines of the learner's program that the repair changes; where it inserts something, the lines beside."""
    spans = (edit.span for edit in repaired.edits)
    return frozenset(line for first, last in spans for line in range(first, last + 1))


def nameless(source: str, repaired: str) -> tuple[str, str]:
    """Both with numbers for the names of functions' variables, the same for the same name, and without docstrings.

    A variable that only the repair has takes no other's number: what it changes is what it is in, and no more.
    """
    try:
        mine, other = tree_of(source), tree_of(repaired)
    except (SyntaxError, ValueError):
        return source, repaired
    numbers = {one.name: _numbered(own_names(one), {}, "v") for one in mine.body if isinstance(one, ast.FunctionDef)}
    fresh = _functions(other) - numbers.keys()
    gone = numbers.keys() - _functions(other)
    if len(fresh) == len(gone) == 1:
        # It was there under another name.
        numbers[fresh.pop()] = numbers[gone.pop()]
    return _bare(mine, numbers), _bare(other, numbers)


def _functions(tree: ast.Module) -> set[str]:
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}


def _numbered(names: Iterable[str], known: Mapping[str, str], letter: str) -> dict[str, str]:
    new = {name: f"{letter}{number}" for number, name in enumerate(name for name in names if name not in known)}
    return {**known, **new}


def _bare(tree: ast.Module, numbers: Mapping[str, Mapping[str, str]]) -> str:
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            first = node.body[0]
            if len(node.body) > 1 and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
            node = renamed(node, _numbered(own_names(node), numbers.get(node.name, {}), "n"))
        body.append(node)
    return ast.unparse(ast.Module(body, []))
