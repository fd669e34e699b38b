"""What code says about itself without being run. Code is hostile: every way of failing to parse is an empty answer."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from services.kit.syntax import tree_of

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_ASSIGNED = re.compile(
    r"^(?:async\s+def|def|class)\s+([^\W\d]\w*)|^([^\W\d]\w*)\s*(?:[-+*/|&^%@]|//|\*\*)?=(?!=)", re.M
)
_MAGIC = re.compile(r"^(\s*)[%!?].*$", re.M)
# Beyond this a cell is no human's answer; parsing it could take seconds.
PARSED_CHARS = 50_000
# Most cells are read several times within a check, and are the same in the next.
REMEMBERED = 512


@dataclass(frozen=True)
class Binding:
    """One top-level statement that gives a name its value, or changes it in place."""

    name: str
    line: int
    end_line: int
    uses: frozenset[str] = field(default_factory=frozenset)
    """Names read by the statement."""


@lru_cache(maxsize=REMEMBERED)
def identifiers(source: str) -> frozenset[str]:
    """Every word of the source that could be a Python name, comments and text included."""
    return frozenset(_IDENTIFIER.findall(source))


def parsed(source: str) -> ast.Module | None:
    """The syntax tree with IPython's own lines masked (line numbers stay), or None."""
    if len(source) > PARSED_CHARS:
        return None
    try:
        return tree_of(_MAGIC.sub(r"\1pass", source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def bound(source: str) -> frozenset[str]:
    """Names that the source binds at top level; by pattern where it does not parse."""
    found = frozenset(binding.name for binding in bindings(source))
    return found or assigned(source)


def assigned(source: str) -> frozenset[str]:
    """As `bound`, by pattern only: fast, and works on code that does not parse; sees single targets at the margin."""
    return frozenset(one or other for one, other in _ASSIGNED.findall(source[:PARSED_CHARS]))


@lru_cache(maxsize=REMEMBERED)
def bindings(source: str) -> tuple[Binding, ...]:
    """Every top-level statement that binds or changes a name, in order; those inside `if`, `for`, `with`, `try` too."""
    tree = parsed(source)
    if tree is None:
        return ()
    try:
        return tuple(_walk(tree.body))
    except RecursionError:
        return ()


def changed(statement: ast.stmt) -> frozenset[str]:
    """Names that one statement binds or changes, as `bindings` sees them."""
    return frozenset(binding.name for binding in _walk([statement]))


def _walk(statements: Iterable[ast.stmt]) -> Iterator[Binding]:
    for statement in statements:
        uses = _read(statement)
        for name in _written(statement):
            yield Binding(name, statement.lineno, statement.end_lineno or statement.lineno, uses)
        for block in _blocks(statement):
            yield from _walk(block)


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if block:
            yield block
    for handler in getattr(statement, "handlers", ()):
        yield handler.body


def _written(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            for target in targets:
                yield from _targets(target)
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target) | ast.For(target=target):
            yield from _targets(target)
        case ast.With(items=items):
            for item in items:
                if item.optional_vars is not None:
                    yield from _targets(item.optional_vars)
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name.split(".")[0] for alias in names)
        case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):
            # `model.fit(…)`, `rows.append(…)`: the object may be another one afterwards.
            yield from _targets(method)


def _targets(target: ast.expr) -> Iterator[str]:
    match target:
        case ast.Name(id=name):
            yield name
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            for element in elements:
                yield from _targets(element)
        case ast.Starred(value=inner) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
            yield from _targets(inner)
        case ast.NamedExpr(target=inner):
            yield from _targets(inner)


def _read(statement: ast.stmt) -> frozenset[str]:
    return frozenset(n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


@lru_cache(maxsize=REMEMBERED)
def names_read(source: str) -> frozenset[str]:
    """Names that the source reads; every word of it where it does not parse."""
    tree = parsed(source)
    if tree is None:
        return identifiers(source)
    return frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))


def sources(cells: Iterable[str]) -> dict[str, frozenset[str]]:
    """For each name bound in these cells, the names that the statements which bind it read."""
    direct: dict[str, set[str]] = {}
    for source in cells:
        for binding in bindings(source):
            direct.setdefault(binding.name, set()).update(binding.uses - {binding.name})
    return {name: frozenset(read) for name, read in direct.items()}


def origins(cells: Iterable[str]) -> dict[str, frozenset[str]]:
    """For each name bound in these cells, the other bound names that its value comes from, near or far."""
    direct = sources(cells)
    return {name: frozenset(_reach(name, direct)) for name in direct}


def homes(sources: Iterable[str]) -> dict[str, tuple[int, int]]:
    """For each name bound in these cells, which statement bound it last: number of the cell, first line."""
    return {b.name: (number, b.line) for number, source in enumerate(sources) for b in bindings(source)}


def _reach(name: str, direct: dict[str, frozenset[str]]) -> set[str]:
    seen: set[str] = set()
    queue = [name]
    while queue:
        for origin in direct.get(queue.pop(), ()):
            if origin in direct and origin not in seen and origin != name:
                seen.add(origin)
                queue.append(origin)
    return seen
