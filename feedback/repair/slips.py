"""One slip put right: small changes of the learner's own function that need no other solution."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from feedback.repair.trees import with_fields

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt, ast.GtE),
    ast.LtE: (ast.Lt, ast.GtE, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt, ast.LtE),
    ast.GtE: (ast.Gt, ast.LtE, ast.Lt),
    ast.Eq: (ast.NotEq, ast.LtE, ast.GtE),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.Eq, ast.IsNot),
    ast.IsNot: (ast.NotEq, ast.Is),
}
MAX_SLIPS = 120
_Change = tuple[ast.AST, Mapping[str, object]]
"""A node of the function, and other values of some of its fields."""


def without_slip(function: ast.FunctionDef) -> Iterator[ast.FunctionDef]:
    """Copies of the function, each with one small thing changed; at most MAX_SLIPS. What is unchanged is shared."""
    above = dict(_above(function))
    for node, values in islice(_changes(function), MAX_SLIPS):
        fresh = with_fields(node, values)
        while node is not function:
            node, name, position = above[id(node)]
            block = getattr(node, name)
            put = fresh if position is None else [*block[:position], fresh, *block[position + 1 :]]
            fresh = with_fields(node, {name: put})
        assert isinstance(fresh, ast.FunctionDef)
        yield fresh


def _above(function: ast.FunctionDef) -> Iterator[tuple[int, tuple[ast.AST, str, int | None]]]:
    """By `id`: the node that a node stands in, in which field, and where in it."""
    for node in ast.walk(function):
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                yield from ((id(one), (node, name, position)) for position, one in enumerate(value))
            else:
                yield id(value), (node, name, None)


def _changes(function: ast.FunctionDef) -> Iterator[_Change]:
    for node in ast.walk(function):
        match node:
            case ast.Compare(ops=[op]):
                yield from ((node, {"ops": [other()]}) for other in _COMPARISONS[type(op)])
                yield from _emptiness(node)
            case ast.BoolOp(op=op):
                yield node, {"op": ast.Or() if isinstance(op, ast.And) else ast.And()}
            case ast.Constant(value=bool(value)):
                yield node, {"value": not value}
            case ast.Constant(value=int(value)):
                yield node, {"value": value + 1}
                yield node, {"value": value - 1}
            case ast.AugAssign(op=(ast.Add() | ast.Sub()) as op):
                yield node, {"op": ast.Sub() if isinstance(op, ast.Add) else ast.Add()}
            case ast.Return(value=ast.expr() as value):
                yield from ((node, {"value": other}) for other in _by_one(value))
            case ast.Call(func=ast.Name(id="range"), args=args):
                for at, value in enumerate(args):
                    yield from ((node, {"args": [*args[:at], other, *args[at + 1 :]]}) for other in _by_one(value))
            case ast.Subscript(slice=ast.Slice(lower=lower, upper=upper) as bounds):
                for name, bound in (("lower", lower), ("upper", upper)):
                    if bound is not None:
                        yield from ((bounds, {name: other}) for other in _by_one(bound))
            case ast.Subscript(slice=ast.expr() as index):
                yield from ((node, {"slice": other}) for other in _by_one(index))
        yield from _statements(node)


def _by_one(value: ast.expr) -> Iterator[ast.expr]:
    """One more and one less, where that may be a number."""
    if isinstance(value, ast.Name | ast.Call | ast.BinOp):
        yield ast.BinOp(value, ast.Add(), ast.Constant(1))
        yield ast.BinOp(value, ast.Sub(), ast.Constant(1))


def _emptiness(node: ast.Compare) -> Iterator[_Change]:
    """`values == []` asked of whatever has a length: a tuple is no list, however empty both are."""
    match node:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[ast.List(elts=[]) | ast.Tuple(elts=[])]):
            length = ast.Call(ast.Name("len", ast.Load()), [left], [])
            yield node, {"left": length, "comparators": [ast.Constant(0)]}


def _statements(node: ast.AST) -> Iterator[_Change]:
    for name in ("body", "orelse"):
        block = getattr(node, name, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield from ((node, {name: other}) for other in _blocks(node, block))


def _blocks(node: ast.AST, block: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """A statement left out, one that leaves the loop it ends, two exchanged; what is kept but not given back."""
    for at, one in enumerate(block):
        if len(block) > 1:
            yield [*block[:at], *block[at + 1 :]]
        if isinstance(one, ast.For | ast.While) and len(one.body) > 1:
            yield [*block[:at], _with_body(one, one.body[:-1]), one.body[-1], *block[at + 1 :]]
        if isinstance(one, ast.For | ast.While) and isinstance(last := one.body[-1], ast.If) and last.orelse:
            # What holds when no item does, said of each item.
            decided = with_fields(last, {"orelse": []})
            yield [*block[:at], _with_body(one, [*one.body[:-1], decided]), *last.orelse, *block[at + 1 :]]
        if at + 1 < len(block):
            yield [*block[:at], block[at + 1], one, *block[at + 2 :]]
    match node, block[-1]:
        case ast.If(), ast.Assign(targets=[ast.Name()], value=value):
            yield [*block[:-1], ast.Return(value)]
        case ast.FunctionDef(), ast.For() | ast.While() | ast.If():
            # The other answer, for when none has been given.
            answers = set(_answers(node))
            if len(answers) == 1:
                yield [*block, ast.Return(ast.Constant(not answers.pop()))]


def _answers(node: ast.AST) -> Iterator[bool]:
    """Truth values that are given back as such."""
    for one in ast.walk(node):
        match one:
            case ast.Return(value=ast.Constant(value=bool(value))):
                yield value


def _with_body(loop: ast.For | ast.While, body: Sequence[ast.AST]) -> ast.stmt:
    fresh = with_fields(loop, {"body": body})
    assert isinstance(fresh, ast.stmt)
    return fresh
