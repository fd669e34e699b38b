"""What differs between two steps that stand for each other: the smallest parts, and the lines they are on."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from feedback.evidence.structure.blocks import BLOCKS, Headed
from feedback.evidence.structure.change import BOUNDS, Change
from feedback.evidence.structure.steps import words_of


@dataclass(frozen=True)
class Part:
    """One part of a step that differs."""

    line: int
    end_line: int
    change: Change
    weight: int
    """How many words differ."""


@dataclass(frozen=True)
class Naming:
    """Whose free names stand for whose."""

    mine: frozenset[str]
    other: frozenset[str]
    renamed: Mapping[str, str]

    def same(self, name: str, other: str) -> bool:
        """Whether the learner's name stands for the solution's."""
        if name in self.mine:
            return self.renamed.get(name) == other
        return name == other


def parts(mine: Headed, other: Headed, naming: Naming) -> tuple[Part, ...]:
    """The parts of the heads of two statements that differ; empty when they say the same."""
    return tuple(_Differ(naming).node(mine, other, "expression"))


class _Differ:
    def __init__(self, naming: Naming) -> None:
        self._naming = naming

    def node(self, mine: ast.AST, other: ast.AST, within: Change) -> Iterator[Part]:
        if type(mine) is not type(other):
            yield self._part(mine, other, within)
            return
        match mine, other:
            case (ast.Name(id=one), ast.Name(id=two)) | (ast.arg(arg=one), ast.arg(arg=two)):
                if not self._naming.same(one, two):
                    yield self._part(mine, other, "name" if within == "expression" else within)
            case ast.Constant(value=one), ast.Constant(value=two):
                if repr(one) != repr(two):
                    yield self._part(mine, other, "value" if within == "expression" else within)
            case ast.FunctionDef(name=one), ast.FunctionDef(name=two):
                if one != two and two not in self._naming.other:
                    yield Part(mine.lineno, mine.lineno, "name", 1)
                yield from self.node(mine.args, other.args, "parameters")
                yield from self._lists(mine, mine.decorator_list, other.decorator_list, "parameters")
            case ast.Compare(), ast.Compare():
                yield from self._either_way(mine, other, within)
            case ast.BinOp(), ast.BinOp():
                yield from self._operator(mine, other, mine.left, mine.right, within)
                yield from self._either_way(mine, other, within)
            case _:
                yield from self._fields(mine, other, within)

    def _either_way(self, mine: ast.AST, other: ast.AST, within: Change) -> Iterator[Part]:
        straight = tuple(self._fields(mine, other, within))
        turned = _turned(other) if straight else None
        crossed = tuple(self._fields(mine, turned, within)) if turned is not None else straight
        yield from min(straight, crossed, key=lambda found: sum(part.weight for part in found))

    def _operator(
        self, mine: ast.BinOp, other: ast.BinOp, left: ast.expr, right: ast.expr, within: Change
    ) -> Iterator[Part]:
        if type(mine.op) is not type(other.op):
            yield Part(
                left.end_lineno or left.lineno, right.lineno, "operator" if within == "expression" else within, 1
            )

    def _fields(self, mine: ast.AST, other: ast.AST, within: Change) -> Iterator[Part]:
        headed = isinstance(mine, ast.stmt | ast.ExceptHandler | ast.match_case)
        for field in mine._fields:
            if (headed and field in BLOCKS) or field in ("ctx", "type_comment", "type_params", "kind", "annotation"):
                continue
            one, two = getattr(mine, field, None), getattr(other, field, None)
            inner = _within(mine, field, within)
            match one, two:
                case ast.operator(), ast.operator():
                    continue
                case (ast.boolop(), ast.boolop()) | (ast.unaryop(), ast.unaryop()):
                    if type(one) is not type(two):
                        yield self._part(mine, None, inner)
                case ast.AST(), ast.AST():
                    yield from self.node(one, two, inner)
                case list(), list() if field == "ops":
                    if [type(op) for op in one] != [type(op) for op in two]:
                        yield self._part(mine, None, inner)
                case list(), list():
                    yield from self._lists(mine, one, two, inner)
                case None, None:
                    continue
                case ast.AST(), _:
                    yield self._part(one, None, inner)
                case _, ast.AST():
                    yield self._part(mine, None, inner, len(words_of(two, self._naming.other)))
                case _ if one != two:
                    yield self._said(mine, field, inner)

    def _said(self, mine: ast.AST, field: str, within: Change) -> Part:
        end = getattr(mine, "end_lineno", None) or 1
        # A method's name stands at the end of a chain that may begin many lines above.
        line = end if field == "attr" else getattr(mine, "lineno", end)
        return Part(line, end, "call" if field == "attr" and within == "expression" else within, 1)

    def _lists(
        self, owner: ast.AST, mine: Sequence[ast.AST], other: Sequence[ast.AST], within: Change
    ) -> Iterator[Part]:
        if not all(isinstance(part, ast.AST) for part in (*mine, *other)):
            if list(mine) != list(other):
                yield self._part(owner, None, within)
            return
        if len(mine) == len(other):
            for one, two in zip(mine, other, strict=True):
                yield from self.node(one, two, within)
            return
        ours, theirs = [self._key(p, mine_side=True) for p in mine], [self._key(p, mine_side=False) for p in other]
        for kind, first, last, low, high in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
            if kind == "equal":
                continue
            both = min(last - first, high - low)
            for one, two in zip(mine[first : first + both], other[low : low + both], strict=True):
                yield from self.node(one, two, within)
            for one in mine[first + both : last]:
                yield self._part(one, None, within)
            for two in other[low + both : high]:
                near = mine[first - 1] if first else owner
                yield self._at(owner, near, within, len(words_of(two, self._naming.other)))

    def _key(self, node: ast.AST, *, mine_side: bool) -> tuple[str, ...]:
        return words_of(node, self._naming.mine if mine_side else self._naming.other)

    def _at(self, owner: ast.AST, near: ast.AST, within: Change, weight: int) -> Part:
        end = getattr(near, "end_lineno", None) or getattr(owner, "end_lineno", None) or 1
        first = getattr(owner, "lineno", end)
        return Part(first if near is owner else end, end, within, weight)

    def _part(self, mine: ast.AST, other: ast.AST | None, within: Change, weight: int | None = None) -> Part:
        line = getattr(mine, "lineno", None) or _first_line(mine)
        end = getattr(mine, "end_lineno", None) or line
        words = max(len(words_of(mine, frozenset())), len(words_of(other, frozenset()))) if other is not None else 1
        return Part(line, end, within, weight or words)


def _first_line(node: ast.AST) -> int:
    return next((inner.lineno for inner in ast.walk(node) if hasattr(inner, "lineno")), 1)


def _turned(node: ast.AST) -> ast.AST | None:
    """The same with its two sides exchanged, where that says the same."""
    match node:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
            return ast.copy_location(ast.Compare(right, node.ops, [left]), node)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return ast.copy_location(ast.BinOp(right, node.op, left), node)
    return None


def _within(node: ast.AST, field: str, within: Change) -> Change:
    """What a difference in this field is about; the outermost answer stays."""
    if within not in ("expression", "result", "call"):
        return within
    match node, field:
        case ((ast.If() | ast.While() | ast.IfExp() | ast.Assert()), "test"):
            return "condition"
        case ((ast.Compare() | ast.BoolOp()), _) | (ast.comprehension(), "ifs"):
            return "condition"
        case (ast.For(), "iter") | (ast.comprehension(), "iter") | (ast.Slice(), _):
            return "bound"
        case ast.Subscript(), "slice":
            return "bound"
        case ast.Call(func=function), ("args" | "keywords"):
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            return "bound" if name in BOUNDS else "argument"
        case ast.Call(), "func":
            return "call"
        case ast.Return(), "value":
            return "result"
    return within
