"""Which names a check rests on: two that run no code of the learner's may be worked on by one copy of the process."""

import ast
import builtins
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from services.kit.syntax import tree_of

_REMEMBERED: Final = 4_096
_STATEMENTS: Final = (ast.Assert, ast.Assign, ast.Expr, ast.If, ast.For, ast.Pass)
_EXPRESSIONS: Final = (
    ast.Attribute, ast.BinOp, ast.BoolOp, ast.Call, ast.Compare, ast.Constant, ast.Dict, ast.DictComp,
    ast.FormattedValue, ast.GeneratorExp, ast.IfExp, ast.JoinedStr, ast.Lambda, ast.List, ast.ListComp, ast.Name,
    ast.Set, ast.SetComp, ast.Slice, ast.Starred, ast.Subscript, ast.Tuple, ast.UnaryOp,
)  # fmt: skip
_PARTS: Final = (
    ast.Module, ast.arg, ast.arguments, ast.boolop, ast.cmpop, ast.comprehension, ast.expr_context, ast.keyword,
    ast.operator, ast.unaryop,
)  # fmt: skip
_FUNCTIONS: Final = frozenset(
    {
        "abs", "all", "any", "bool", "bytes", "complex", "dict", "divmod", "enumerate", "filter", "float", "format",
        "frozenset", "int", "isinstance", "issubclass", "iter", "len", "list", "map", "max", "min", "next", "pow",
        "range", "repr", "reversed", "round", "set", "slice", "sorted", "str", "sum", "tuple", "type", "zip",
    }
)  # fmt: skip
"""Builtins that reach nothing but what they are given."""
_READING: Final = frozenset({"eval", "query"})
"""Methods of tables that are given text to run, in which any name may stand."""


@lru_cache(_REMEMBERED)
def names_of(source: str) -> tuple[str, ...] | None:
    """The names that a check may find among the learner's, sorted; None where it could reach others than by name."""
    try:
        tree = tree_of(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not all(map(_is_plain, ast.walk(tree))):
        return None
    found: set[str] = set()
    own: set[str] = set()
    for statement in tree.body:
        new = set(_targets(statement))
        # A name that is given its value here: whatever the learner has under it is not looked at.
        found |= _names(statement.value if isinstance(statement, ast.Assign) and new else statement) - own
        own |= new - found
    if found & vars(builtins).keys() - _FUNCTIONS:
        return None
    return tuple(sorted(found - _FUNCTIONS))


def _is_plain(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return isinstance(node.ctx, ast.Load) and not node.attr.startswith("_") and node.attr not in _READING
    if isinstance(node, ast.Subscript):
        return isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Name):
        return not node.id.startswith("__")
    return isinstance(node, (*_STATEMENTS, *_EXPRESSIONS, *_PARTS))


def _targets(statement: ast.stmt) -> Iterator[str]:
    """Names that an assignment gives a value; none where it gives one to anything else."""
    if isinstance(statement, ast.Assign) and all(isinstance(target, ast.Name) for target in statement.targets):
        yield from (target.id for target in statement.targets if isinstance(target, ast.Name))


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
