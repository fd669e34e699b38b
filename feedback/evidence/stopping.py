"""Where a cell was left for good, as far as its source says so by itself."""

import ast
from collections.abc import Iterator
from typing import Final

from feedback.notebook.reading import parsed
from services.contracts.observation import Lost

_LEAVING: Final = frozenset(
    {"_exit", "abort", "kill", "killpg", "raise_signal"}
    | {f"exec{form}" for form in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")}
)
"""Functions of `os` and `signal` after which nothing of the program may be left."""
_OWN_SCOPE: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def stopping_line(source: str, lost: Lost) -> int | None:
    """The line of the one loop that cannot end by itself, or of the one call that leaves the program; else None.

    Nobody saw where a run was that was lost. Where two lines could be meant, none is said.
    """
    tree = parsed(source)
    if tree is None:
        return None
    try:
        lines = {*_lines(tree, lost)}
    except RecursionError:
        return None
    return lines.pop() if len(lines) == 1 else None


def _lines(tree: ast.Module, lost: Lost) -> Iterator[int]:
    for node in ast.walk(tree):
        stays = lost in ("time", "cpu") and isinstance(node, ast.While) and _is_endless(node)
        leaves = lost == "ended" and isinstance(node, ast.Call) and _leaves(node.func)
        if isinstance(node, ast.stmt | ast.expr) and (stays or leaves):
            yield node.lineno


def _is_endless(loop: ast.While) -> bool:
    always = isinstance(loop.test, ast.Constant) and bool(loop.test.value)
    return always and not any(_gets_out(statement, in_loop=True) for statement in loop.body)


def _gets_out(node: ast.AST, *, in_loop: bool) -> bool:
    """Whether a statement of the loop's body can leave it; `in_loop`: a `break` here is the loop's own."""
    match node:
        case ast.Return() | ast.Raise() | ast.Yield() | ast.YieldFrom():
            return True
        case ast.Break():
            return in_loop
        case _ if isinstance(node, _OWN_SCOPE):
            return False
        case ast.While() | ast.For() | ast.AsyncFor():
            inner = any(_gets_out(one, in_loop=False) for one in node.body)
            return inner or any(_gets_out(one, in_loop=in_loop) for one in node.orelse)
    return any(_gets_out(one, in_loop=in_loop) for one in ast.iter_child_nodes(node))


def _leaves(function: ast.expr) -> bool:
    match function:
        case ast.Attribute(value=ast.Name(id="os" | "signal"), attr=name):
            return name in _LEAVING
        case ast.Name(id="_exit"):
            return True
    return False
