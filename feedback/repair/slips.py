"""One slip put right: small changes of the learner's own function that need no other solution."""

import ast
from collections.abc import Callable, Iterator
from itertools import islice

from services.kit.syntax import tree_of

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
_Put = Callable[[object], None]
MAX_SLIPS = 120


def without_slip(function: ast.FunctionDef) -> Iterator[ast.FunctionDef]:
    """Copies of the function, each with one small thing changed; at most MAX_SLIPS."""
    (own,) = tree_of(ast.unparse(function)).body
    assert isinstance(own, ast.FunctionDef)
    for put, before, after in islice(_changes(own), MAX_SLIPS):
        put(after)
        source = ast.unparse(own)
        put(before)
        (copy,) = tree_of(source).body
        assert isinstance(copy, ast.FunctionDef)
        yield copy


def _changes(function: ast.FunctionDef) -> Iterator[tuple[_Put, object, object]]:
    """(how to put something in a place, what is there, what else could be)."""
    for node in list(ast.walk(function)):
        match node:
            case ast.Compare(ops=[op]):
                for other in _COMPARISONS[type(op)]:
                    yield _field(node, "ops"), [op], [other()]
                yield from _emptiness(node)
            case ast.BoolOp(op=op):
                yield _field(node, "op"), op, ast.Or() if isinstance(op, ast.And) else ast.And()
            case ast.Constant(value=bool(value)):
                yield _field(node, "value"), value, not value
            case ast.Constant(value=int(value)):
                yield _field(node, "value"), value, value + 1
                yield _field(node, "value"), value, value - 1
            case ast.AugAssign(op=(ast.Add() | ast.Sub()) as op):
                yield _field(node, "op"), op, ast.Sub() if isinstance(op, ast.Add) else ast.Add()
            case ast.Return(value=ast.expr() as value):
                yield from _by_one(_field(node, "value"), value)
            case ast.Call(func=ast.Name(id="range"), args=args):
                for at, value in enumerate(args):
                    yield from _by_one(_item(args, at), value)
            case ast.Subscript(slice=ast.Slice(lower=lower, upper=upper) as bounds):
                for name, bound in (("lower", lower), ("upper", upper)):
                    if bound is not None:
                        yield from _by_one(_field(bounds, name), bound)
            case ast.Subscript(slice=ast.expr() as index):
                yield from _by_one(_field(node, "slice"), index)
        yield from _statements(node)


def _by_one(put: _Put, value: ast.expr) -> Iterator[tuple[_Put, object, object]]:
    """One more and one less, where that may be a number."""
    if isinstance(value, ast.Name | ast.Call | ast.BinOp):
        for op in (ast.Add(), ast.Sub()):
            yield put, value, ast.BinOp(value, op, ast.Constant(1))


def _emptiness(node: ast.Compare) -> Iterator[tuple[_Put, object, object]]:
    """`values == []` asked of whatever has a length: a tuple is no list, however empty both are."""
    match node:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[ast.List(elts=[]) | ast.Tuple(elts=[])]):
            length = ast.Call(ast.Name("len", ast.Load()), [left], [])
            yield _sides(node), (left, node.comparators), (length, [ast.Constant(0)])


def _sides(node: ast.Compare) -> _Put:
    def put(value: object) -> None:
        assert isinstance(value, tuple)
        node.left, node.comparators = value

    return put


def _statements(node: ast.AST) -> Iterator[tuple[_Put, object, object]]:
    """A statement left out, one that leaves the loop it ends, two exchanged; what is kept but not given back."""
    for name in ("body", "orelse"):
        block = getattr(node, name, None)
        if not isinstance(block, list) or not block or not isinstance(block[0], ast.stmt):
            continue
        put = _field(node, name)
        for at, one in enumerate(block):
            if len(block) > 1:
                yield put, block, [*block[:at], *block[at + 1 :]]
            if isinstance(one, ast.For | ast.While) and len(one.body) > 1:
                loop = _with_body(one, one.body[:-1])
                yield put, block, [*block[:at], loop, one.body[-1], *block[at + 1 :]]
            if isinstance(one, ast.For | ast.While) and isinstance(last := one.body[-1], ast.If) and last.orelse:
                # What holds when no item does, said of each item.
                decided = ast.copy_location(ast.If(last.test, last.body, []), last)
                yield (
                    put,
                    block,
                    [*block[:at], _with_body(one, [*one.body[:-1], decided]), *last.orelse, *block[at + 1 :]],
                )
            if at + 1 < len(block):
                yield put, block, [*block[:at], block[at + 1], one, *block[at + 2 :]]
        match node, block[-1]:
            case ast.If(), ast.Assign(targets=[ast.Name()], value=value):
                yield put, block, [*block[:-1], ast.Return(value)]
            case ast.FunctionDef(), ast.For() | ast.While() | ast.If():
                # The other answer, for when none has been given.
                answers = set(_answers(node))
                if len(answers) == 1:
                    yield put, block, [*block, ast.Return(ast.Constant(not answers.pop()))]


def _answers(node: ast.AST) -> Iterator[bool]:
    """Truth values that are given back as such."""
    for one in ast.walk(node):
        match one:
            case ast.Return(value=ast.Constant(value=bool(value))):
                yield value


def _with_body(loop: ast.For | ast.While, body: list[ast.stmt]) -> ast.stmt:
    if isinstance(loop, ast.For):
        return ast.copy_location(ast.For(loop.target, loop.iter, body, loop.orelse), loop)
    return ast.copy_location(ast.While(loop.test, body, loop.orelse), loop)


def _field(node: ast.AST, name: str) -> _Put:
    return lambda value: setattr(node, name, value)


def _item(items: list[ast.expr], at: int) -> _Put:
    def put(value: object) -> None:
        assert isinstance(value, ast.expr)
        items[at] = value

    return put
