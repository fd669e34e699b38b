"""What a verified repair says about the learner's program, without a word of the repair's code."""

import ast
import hashlib
from dataclasses import dataclass
from typing import Final, get_args

from feedback.hints.constructs import Change
from feedback.hints.difference import differences
from feedback.repair.draft import TOP
from feedback.repair.engine import Repaired
from feedback.repair.names import own_names, renamed

_TELLING: Final[tuple[Change, ...]] = (
    "condition",
    "missing step",
    "extra step",
    "nesting",
    "result",
    "bound",
    "expression",
    "order",
    "call",
    "name",
    "argument",
    "value",
    "operator",
    "parameters",
    "unreadable",
)
"""Kinds of change, the one that says most about the plan behind the code first."""
_KINDS: Final = 2
"""Kinds in a signature. One confuses mistakes; with all of them hardly two learners would have the same."""
_PROGRAM: Final = "program"
assert set(_TELLING) == set(get_args(Change))


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a program, as its verified repair shows."""

    functions: tuple[str, ...]
    """Those that the repair changes, in the order in which the checks ask for them."""
    lines: tuple[tuple[int, int], ...]
    """Of the learner's code, first and last, in order."""
    kinds: tuple[Change, ...]
    """What the repair changes, most telling first."""

    def signature(self, subtask: str) -> str:
        """Equal for the same mistake on the same subtask, whatever the names, the layout and the code beside it."""
        parts = (subtask, "repair", "+".join(self.functions), "+".join(self.kinds[:_KINDS]))
        readable = "|".join(parts)
        return f"{readable[:200]}#{hashlib.sha256(readable.encode('utf-8', 'replace')).hexdigest()[:10]}"


def mistake(source: str, repaired: Repaired) -> Mistake:
    """What the repair says about the source that it repairs."""
    changed = differences({_PROGRAM: nameless(source)}, {_PROGRAM: nameless(repaired.source)})
    kinds = {one.change for one in changed}
    return Mistake(
        functions=tuple(name for name in repaired.broken if name != TOP) or (_PROGRAM,),
        lines=tuple(sorted({edit.lines for edit in repaired.edits})),
        kinds=tuple(kind for kind in _TELLING if kind in kinds),
    )


def changed_lines(repaired: Repaired) -> frozenset[int]:
    """Lines of the learner's program that the repair changes; where it inserts something, the lines beside."""
    spans = (edit.span for edit in repaired.edits)
    return frozenset(line for first, last in spans for line in range(first, last + 1))


def nameless(source: str) -> str:
    """The source with the names of its functions' variables replaced by numbers, and without docstrings."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            first = node.body[0]
            if len(node.body) > 1 and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
            node = renamed(node, {name: f"v{number}" for number, name in enumerate(own_names(node))})
        body.append(node)
    return ast.unparse(ast.Module(body, []))
