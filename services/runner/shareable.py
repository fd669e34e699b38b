"""What a check rests on, told from its text: of those that tell it, one copy of the process may work on several."""

import ast
import builtins
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from services.kit.syntax import tree_of
from services.runner.sandbox.reach import DRAWING, FUNCTIONS, READING

_REMEMBERED: Final = 4_096
_STATEMENTS: Final = (ast.Assert, ast.Assign, ast.Expr, ast.If, ast.For, ast.Import, ast.ImportFrom, ast.Pass)
_EXPRESSIONS: Final = (
    ast.Attribute, ast.BinOp, ast.BoolOp, ast.Call, ast.Compare, ast.Constant, ast.Dict, ast.DictComp,
    ast.FormattedValue, ast.GeneratorExp, ast.IfExp, ast.JoinedStr, ast.Lambda, ast.List, ast.ListComp, ast.Name,
    ast.Set, ast.SetComp, ast.Slice, ast.Starred, ast.Subscript, ast.Tuple, ast.UnaryOp,
)  # fmt: skip
_PARTS: Final = (
    ast.Module, ast.alias, ast.arg, ast.arguments, ast.boolop, ast.cmpop, ast.comprehension, ast.expr_context,
    ast.keyword, ast.operator, ast.unaryop,
)  # fmt: skip


class Reach(NamedTuple):
    """Whatever a check finds that it has not made itself."""

    names: tuple[str, ...] = ()
    """Names that it may find among the learner's, sorted."""
    imports: tuple[tuple[str, str | None], ...] = ()
    """Modules, each with the name that is taken from it; None: the module itself."""


@lru_cache(_REMEMBERED)
def reach_of(source: str) -> Reach | None:
    """What the check reaches; None where it could reach other things than by name."""
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
    if found & vars(builtins).keys() - FUNCTIONS:
        return None
    imports = {pair for node in ast.walk(tree) for pair in _imports(node)}
    return Reach(tuple(sorted(found - FUNCTIONS)), tuple(sorted(imports, key=str)))


def _is_plain(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return isinstance(node.ctx, ast.Load) and not node.attr.startswith("_") and node.attr not in READING | DRAWING
    if isinstance(node, ast.Subscript):
        return isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Name):
        return not node.id.startswith("__")
    if isinstance(node, ast.ImportFrom):
        return not node.level
    if isinstance(node, ast.alias):
        return node.name != "*"
    return isinstance(node, (*_STATEMENTS, *_EXPRESSIONS, *_PARTS))


def _targets(statement: ast.stmt) -> Iterator[str]:
    """Names that an assignment or import gives a value; none where one is given to anything else."""
    if isinstance(statement, ast.Assign) and all(isinstance(target, ast.Name) for target in statement.targets):
        yield from (target.id for target in statement.targets if isinstance(target, ast.Name))
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.split(".")[0] for alias in statement.names)


def _imports(node: ast.AST) -> Iterator[tuple[str, str | None]]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, None) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from ((node.module or "", alias.name) for alias in node.names)


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
