import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from linting.review.escapes import IPYTHON_NAMES
from linting.rules.flow.store import bound_names
from linting.rules.nodes import children, walk

ALWAYS_THERE = frozenset(dir(builtins)) | IPYTHON_NAMES | {"__file__", "__name__", "__doc__", "__builtins__"}
_Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


@dataclass(frozen=True, slots=True)
class CellNames:
    """The names that one cell binds and reads at its top level, where code runs in the order of its lines."""

    execution: int | None
    """How many cells the kernel had run when it ran this one last; None: unknown or never."""
    binds: frozenset[str]
    reads: dict[str, ast.Name]
    """Name -> its first place, of names that the cell has not bound itself by then."""


def names_of_cells(
    tree: ast.Module, cells: Sequence[tuple[int, int]], executions: Sequence[int | None] = ()
) -> list[CellNames]:
    """The names of each cell of a joined module. `cells`: first and last line of each."""
    counts = [*executions, *[None] * (len(cells) - len(executions))]
    statements = iter(tree.body)
    waiting = next(statements, None)
    found: list[CellNames] = []
    for (_, last), count in zip(cells, counts, strict=True):
        body: list[ast.stmt] = []
        while waiting is not None and waiting.lineno <= last:
            body.append(waiting)
            waiting = next(statements, None)
        found.append(_names(body, count))
    return found


def _names(body: Sequence[ast.stmt], execution: int | None) -> CellNames:
    bound: set[str] = set()
    reads: dict[str, ast.Name] = {}
    for statement in body:
        own = set(bound_names([statement])) if _binds_first(statement) else set()
        # After `from … import *` nobody knows which names there are.
        read = () if "*" in bound else _reads(statement)
        for name in read:
            if name.id not in bound and name.id not in own:
                reads.setdefault(name.id, name)
        bound.update(_plainly_bound(statement))
    return CellNames(execution, frozenset(bound), reads)


def _binds_first(statement: ast.stmt) -> bool:
    """Whether what the statement binds may be bound before it is read; `x = x + 1` reads first."""
    return not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr | ast.AugAssign)


def _plainly_bound(statement: ast.stmt) -> set[str]:
    """Without names that are only written into: `table["a"] = 1` needs the table to be there."""
    found: set[str] = set()
    indexed: set[str] = set()
    for node in walk(statement):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                found.add(node.id)
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            indexed.add(node.value.id)
    return found.union(name for name in bound_names([statement]) if name not in indexed)


def _reads(node: ast.AST) -> Iterator[ast.Name]:
    """Names that are read when the statement runs: not in functions, which run later, nor a comprehension's own."""
    if isinstance(node, _Scope):
        return
    if isinstance(node, _Comprehension):
        own = {n.id for g in node.generators for n in walk(g.target) if isinstance(n, ast.Name)}
        for child in children(node):
            yield from (name for name in _reads(child) if name.id not in own)
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target
    for child in children(node):
        yield from _reads(child)
