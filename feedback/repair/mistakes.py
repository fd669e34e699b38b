"""What a verified repair says about the learner's program, without a word of the repair's code."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from feedback.repair.edits import Edit
from feedback.repair.engine import Repaired


@dataclass(frozen=True)
class Mistake:
    """What is wrong with one function."""

    function: str
    lines: tuple[tuple[int, int], ...]
    """Of the learner's code, first and last, in order."""
    kinds: frozenset[str]
    signature: str


def mistakes(repaired: Repaired) -> tuple[Mistake, ...]:
    """One for each function that the repair changes, in the order in which the checks ask for them."""
    found = []
    for name in repaired.broken:
        edits = repaired.of(name)
        kinds = frozenset(kind(edit) for edit in edits)
        lines = tuple(sorted({edit.lines for edit in edits}))
        found.append(Mistake(name, lines, kinds, _signature(name, repaired, edits)))
    return tuple(found)


def changed_lines(repaired: Repaired) -> frozenset[int]:
    """Lines of the learner's program that the repair changes; where it inserts something, the lines beside."""
    lines: set[int] = set()
    for edit in repaired.edits:
        first, last = edit.lines
        lines.update(range(first, last + 1))
        if edit.how in ("insert", "wrap"):
            lines.add(last + 1)
    return frozenset(lines)


def kind(edit: Edit) -> str:
    """What sort of thing an edit changes."""
    node = edit.other if edit.mine is None else edit.mine
    match edit.how:
        case "insert":
            return f"missing {_statement(node)}"
        case "delete":
            return f"extra {_statement(node)}"
        case "wrap" | "unwrap":
            return f"nesting {_statement(node)}"
    return edit.role or "program"


def _statement(node: ast.AST | None) -> str:
    match node:
        case ast.Return():
            return "result"
        case ast.For() | ast.While():
            return "loop"
        case ast.If():
            return "condition"
        case ast.FunctionDef() | ast.ClassDef():
            return "function"
    return "step"


def _signature(name: str, repaired: Repaired, edits: Sequence[Edit]) -> str:
    return name
