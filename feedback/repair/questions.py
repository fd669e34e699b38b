"""What a step's checks ask, one by one: where the first does not hold, the others still say something."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from services.kit.syntax import tree_of


@dataclass(frozen=True)
class Question:
    """A statement of a check that can fail; all others only make ready for it."""

    check: int
    """Position of the check among those that were given."""
    statement: ast.stmt


def questions(checks: Sequence[str]) -> tuple[Question, ...]:
    """In the order in which they are asked; their positions are their numbers. Calls are numbered behind them."""
    return tuple(
        Question(at, statement)
        for at, source in enumerate(checks)
        for statement in statements(source)
        if asks(statement)
    )


def statements(source: str) -> list[ast.stmt]:
    """Those of a check; none of one that is no Python."""
    try:
        return tree_of(source).body
    except (SyntaxError, ValueError):
        return []


def asks(statement: ast.stmt) -> bool:
    """Whether an assert is part of it, which is asked where it stands."""
    inside = not isinstance(statement, ast.FunctionDef | ast.ClassDef)
    return inside and any(isinstance(node, ast.Assert) for node in ast.walk(statement))
