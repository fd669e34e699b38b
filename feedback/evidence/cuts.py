"""Tables that a program cuts in two: by position, by label, by a condition and its opposite."""

import ast
from collections.abc import Iterator, Sequence

_EARLY = {ast.Lt: ast.GtE, ast.LtE: ast.Gt}
"""A condition for what comes first -> the one for the rest."""
_OPPOSITE = _EARLY | {late: early for early, late in _EARLY.items()} | {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
_Cut = tuple[str, str, ast.expr]
"""A name, the text of what it is a part of, and which part."""


def cuts(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(known, to be tested) for each table cut in two at the margin; where one part comes first, that is known."""
    found = [cut for statement in tree.body for cut in _parts(statement)]
    for at, (name, base, part) in enumerate(found):
        for other, of, rest in found[at + 1 :]:
            if of == base and other != name:
                order = _order(part, rest)
                if order:
                    yield (name, other) if order > 0 else (other, name)


def _parts(statement: ast.stmt) -> Iterator[_Cut]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            pairs: Sequence[tuple[str, ast.expr]] = [(name, value)]
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
            pairs = [(t.id, v) for t, v in zip(targets, values, strict=False) if isinstance(t, ast.Name)]
        case _:
            return
    for name, value in pairs:
        # What is done with a part afterwards does not make it another one.
        while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and not value.args:
            value = value.func.value
        if isinstance(value, ast.Subscript):
            yield name, ast.unparse(value.value), value.slice


def _order(one: ast.expr, other: ast.expr) -> int:
    """1: the two are a whole, and the first of them is what is known; -1: the second is; 0: they are none."""
    match one, other:
        case ast.Slice(lower=None, upper=ast.expr(), step=None), ast.Slice(lower=ast.expr(), upper=None, step=None):
            return 1
        case ast.Slice(lower=ast.expr(), upper=None, step=None), ast.Slice(lower=None, upper=ast.expr(), step=None):
            return -1
        case _, ast.UnaryOp(op=ast.Invert(), operand=operand) if _same(one, operand):
            return 1
        case ast.UnaryOp(op=ast.Invert(), operand=operand), _ if _same(operand, other):
            return -1
        case ast.Compare(left=left, ops=[op], comparators=[right]), ast.Compare(
            left=same, ops=[opposite], comparators=[limit]
        ) if _same(left, same) and _same(right, limit) and _OPPOSITE.get(type(op)) is type(opposite):
            return -1 if type(op) in _EARLY.values() else 1
    return 0


def _same(one: ast.expr, other: ast.expr) -> bool:
    return ast.dump(one) == ast.dump(other)
