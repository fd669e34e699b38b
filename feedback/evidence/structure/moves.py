"""Steps that stand somewhere else than in the solution: a mistake only where the order has an effect."""

import ast
from collections.abc import Iterable, Iterator

from feedback.evidence.structure.blocks import BLOCKS
from feedback.evidence.structure.steps import Step


def matters(step: Step, crossed: Iterable[Step], bound: frozenset[str]) -> bool:
    """Whether carrying the step past these others can change what either of them does.

    `bound`: names that the program binds; a method of anything else (a module's function) changes nothing.
    """
    reads, writes = used(step), changed(step) & bound
    for other in crossed:
        theirs = changed(other) & bound
        if writes & (theirs | used(other)) or reads & theirs:
            return True
    return isinstance(step.node, ast.Return | ast.Break | ast.Continue | ast.Raise)


def used(step: Step) -> frozenset[str]:
    """Names that the step reads."""
    return frozenset(n.id for n in _head(step) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def changed(step: Step) -> frozenset[str]:
    """Names that the step binds, or whose value it can change in place: `rows.append(…)`, `a[0] = …`."""
    found = {n.id for n in _head(step) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    for node in _head(step):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
                found.add(name)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                found.add(name)
            case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store()):
                found.add(name)
    return frozenset(found)


def _head(step: Step) -> Iterator[ast.AST]:
    """The nodes of the statement without those of its block."""
    headed = [
        part
        for field, value in ast.iter_fields(step.node)
        if field not in BLOCKS
        for part in (value if isinstance(value, list) else [value])
        if isinstance(part, ast.AST)
    ]
    for part in headed:
        yield from ast.walk(part)
