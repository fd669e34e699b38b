"""What kind of thing differs between two statements. Kinds only: what stands there is never told."""

import ast
from collections.abc import Iterator
from typing import Literal

from feedback.evidence.structure import change as structure
from feedback.evidence.structure.blocks import BLOCKS, Headed

Change = Literal[structure.Change, "unreadable"]
"""`unreadable`: one of the two does not parse."""


def changes(mine: Headed, other: Headed) -> frozenset[Change]:
    """The kinds of what differs between the heads of two statements."""
    try:
        return frozenset(_node(mine, other, "expression"))
    except RecursionError:
        return frozenset(("expression",))


def _node(mine: ast.AST, other: ast.AST, within: Change) -> Iterator[Change]:
    if type(mine) is not type(other):
        yield within
        return
    match mine, other:
        case ast.Call(), ast.Call():
            yield from _call(mine, other)
        case ast.Constant(), ast.Constant():
            if repr(mine.value) != repr(other.value):
                yield "value" if within == "expression" else within
        case ast.Name(), ast.Name():
            if mine.id != other.id:
                yield "name" if within == "expression" else within
        case ast.arguments(), ast.arguments():
            if ast.dump(mine) != ast.dump(other):
                yield "parameters"
        case _:
            yield from _fields(mine, other, within)


def _fields(mine: ast.AST, other: ast.AST, within: Change) -> Iterator[Change]:
    for name in mine._fields:
        if name in BLOCKS and isinstance(mine, ast.stmt | ast.ExceptHandler | ast.match_case):
            continue
        one, two = getattr(mine, name, None), getattr(other, name, None)
        yield from _values(one, two, _within(mine, name, within))


def _values(one: object, two: object, within: Change) -> Iterator[Change]:
    match one, two:
        case ast.AST(), ast.AST():
            yield from _node(one, two, within)
        case list(), list():
            if len(one) != len(two):
                yield within
            for a, b in zip(one, two, strict=False):
                yield from _values(a, b, within)
        case _ if one != two:
            yield within


def _within(node: ast.AST, field: str, within: Change) -> Change:
    """What a difference in this field of the node is about."""
    match node, field:
        case ((ast.If() | ast.While() | ast.IfExp() | ast.Assert()), "test"):
            return "condition"
        case ((ast.Compare() | ast.BoolOp()), _):
            return "condition"
        case ast.comprehension(), "ifs":
            return "condition"
        case ast.match_case(), _:
            return "condition"
        case ast.Subscript(), "slice":
            return "bound"
        case ((ast.For() | ast.AsyncFor() | ast.comprehension()), "iter"):
            return "bound"
        case ((ast.BinOp() | ast.UnaryOp() | ast.AugAssign()), "op"):
            return "operator" if within == "expression" else within
        case ast.Return(), _:
            return "result"
        case (ast.Attribute(), "attr"):
            return "call" if within == "expression" else within
        case ((ast.FunctionDef() | ast.ClassDef() | ast.alias()), ("name" | "asname")):
            return "name"
    return within


def _call(mine: ast.Call, other: ast.Call) -> Iterator[Change]:
    inside: Change = "bound" if _called(mine) in structure.BOUNDS and _called(mine) == _called(other) else "argument"
    match mine.func, other.func:
        case ast.Attribute(), ast.Attribute() if mine.func.attr == other.func.attr:
            # A chain of calls: what differs may be further to the left.
            yield from _node(mine.func.value, other.func.value, "expression")
        case one, two if ast.dump(one) != ast.dump(two):
            yield "call"
            return
    yield from _values(list(mine.args), list(other.args), inside)
    if sorted(k.arg or "" for k in mine.keywords) != sorted(k.arg or "" for k in other.keywords):
        yield inside
        return
    theirs = {keyword.arg: keyword.value for keyword in other.keywords}
    for keyword in mine.keywords:
        yield from _node(keyword.value, theirs[keyword.arg], inside)


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
