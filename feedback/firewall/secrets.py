"""What must not be said: the case's reference, its variants, hidden checks and hidden calls."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from services.contracts.case import AuthorCase, CallProbe, Subtask
from services.kit.syntax import tree_of


@dataclass(frozen=True)
class Piece:
    """One secret text."""

    subtask: str
    source: str
    kind: str
    """`solution`: the reference or a variant; `check`: a hidden check; `call`: a hidden call."""


def pieces(case: AuthorCase) -> list[Piece]:
    """Every secret of the case.

    Known mistakes (`flaws.yaml`) are not among them: what is right in their code is the reference's, and what is wrong
    in it is what learners write themselves and may read again.
    """
    owner = {cell: subtask.view.id for subtask in case.subtasks for cell in subtask.reference}
    found = [piece for subtask in case.subtasks for piece in _of(subtask)]
    for variant in case.variants:
        found += [Piece(owner.get(cell, ""), source, "solution") for cell, source in variant.items()]
    return list(dict.fromkeys(found))


def _of(subtask: Subtask) -> Iterator[Piece]:
    name = subtask.view.id
    for source in subtask.reference.values():
        yield Piece(name, source, "solution")
    for check in subtask.checks:
        if check.hidden:
            yield Piece(name, check.source, "check")
    for probe in subtask.probes:
        if probe.hidden:
            yield Piece(name, call_source(probe), "call")


def call_source(probe: CallProbe) -> str:
    """The probe as a learner would write it."""
    arguments = [_written(value) for value in probe.args]
    arguments += [f"{name}={_written(value)}" for name, value in probe.kwargs.items()]
    return f"{probe.call}({', '.join(arguments)})"


def _written(value: object) -> str:
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("array", "frame", "series"):
        return repr(next(iter(value.values())))
    return repr(value)


def without_words(source: str) -> str:
    """The source without docstrings, comments and messages of asserts: code alone."""
    try:
        tree = tree_of(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            node.msg = None
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            node.body = [s for s in node.body if not _is_text(s)] or [ast.Pass()]
    return ast.unparse(ast.fix_missing_locations(tree))


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
