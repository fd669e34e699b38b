"""Look at the Python of a notebook cell without running it."""

import ast
import re

from services.kit.syntax import tree_of

_MAGIC = re.compile(r"^\s*(%|!|\?)|^\s*[\w.]+\?{1,2}\s*$")


def without_magics(source: str) -> str:
    """The source with IPython's `%`, `!` and `?` lines blanked; line numbers stay."""
    if source.lstrip().startswith("%%"):
        return "\n" * source.count("\n")
    return "\n".join("" if _MAGIC.match(line) else line for line in source.split("\n"))


def magic_lines(source: str) -> list[int]:
    """1-based numbers of the lines that are IPython commands, not Python."""
    if source.lstrip().startswith("%%"):
        return [next(i for i, line in enumerate(source.split("\n"), 1) if line.strip())]
    try:
        tree_of(source)
    except (SyntaxError, ValueError, RecursionError):
        return [i for i, line in enumerate(source.split("\n"), 1) if _MAGIC.match(line)]
    return []


def parse(source: str) -> ast.Module | None:
    """The syntax tree, IPython lines left out; None when it is not Python."""
    try:
        return tree_of(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    try:
        return tree_of(without_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def syntax_error(source: str) -> str | None:
    """`line 3: invalid syntax`, or None when it parses (IPython lines left out)."""
    try:
        tree_of(without_magics(source))
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"it cannot be parsed ({error})"
    return None


def bound_names(statements: list[ast.stmt]) -> set[str]:
    """Names these statements bind in their own scope: assignments, imports, functions, classes, loops."""
    names: set[str] = set()
    for statement in statements:
        names |= _bound_by(statement)
    return names


def _bound_by(statement: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in _own_scope(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            names.add(node.name)
    return names


def _own_scope(root: ast.AST) -> list[ast.AST]:
    """The node and all below it that run in the same scope (not the bodies of functions and classes)."""
    nodes, queue = [root], [root]
    while queue:
        node = queue.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        children = list(ast.iter_child_nodes(node))
        nodes += children
        queue += children
    return nodes


def used_names(tree: ast.AST) -> set[str]:
    """Every name that is read anywhere below."""
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
