"""Programs with one small mistake in them, made from a correct one by general operators of mutation testing."""

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_COMPARED: Final[dict[type[ast.cmpop], str]] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==", ast.In: "not in",
    ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is",
}  # fmt: skip
_COMBINED: Final[dict[type[ast.operator], ast.operator]] = {
    ast.Add: ast.Sub(), ast.Sub: ast.Add(), ast.Mult: ast.Add(), ast.Div: ast.Mult(), ast.FloorDiv: ast.Div(),
    ast.Mod: ast.FloorDiv(), ast.Pow: ast.Mult(),
}  # fmt: skip
_CALLED: Final = {
    "min": "max", "max": "min", "any": "all", "all": "any", "upper": "lower", "lower": "upper", "head": "tail",
    "tail": "head", "mean": "median", "median": "mean", "sum": "max", "strip": "rstrip", "append": "extend",
    "startswith": "endswith", "endswith": "startswith", "ffill": "bfill", "bfill": "ffill", "fit_transform": "fit",
    "first": "last", "last": "first", "split": "rsplit", "abs": "float", "sorted": "list", "isna": "notna",
    "notna": "isna", "cumsum": "cumprod", "removesuffix": "removeprefix", "capitalize": "title",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A source with one mistake."""

    source: str
    operator: str
    line: int
    end_line: int
    """Where the mistake is. Of a step taken away: the lines around its old place."""


def mutants(source: str, chance: random.Random) -> list[Mutant]:
    """All mutants of the source that parse and are other programs than it, each once, in an order drawn by `chance`."""
    tree = ast.parse(source)
    seen = {ast.dump(tree)}
    found = []
    for mutant in _Maker(source, tree, chance).all():
        try:
            form = ast.dump(ast.parse(mutant.source))
        except SyntaxError:
            continue
        if form not in seen:
            seen.add(form)
            found.append(mutant)
    chance.shuffle(found)
    return found


class _Maker:
    def __init__(self, source: str, tree: ast.Module, chance: random.Random) -> None:
        self._lines = [line.encode() for line in source.splitlines()]
        self._tree, self._chance = tree, chance
        self._names = sorted({n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)})

    def all(self) -> Iterator[Mutant]:
        for node in ast.walk(self._tree):
            yield from self._of_expression(node)
            yield from self._of_call(node)
            yield from self._of_statement(node)

    def _of_expression(self, node: ast.AST) -> Iterator[Mutant]:
        match node:
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARED:
                text = f"{ast.unparse(left)} {_COMPARED[type(op)]} {ast.unparse(right)}"
                yield self._replaced(node, text, "comparison")
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _COMBINED:
                text = ast.unparse(ast.BinOp(left, _COMBINED[type(operator)], right))
                yield self._replaced(node, f"({text})", "arithmetic")
            case ast.BoolOp(op=op, values=values):
                turned = ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
                yield self._replaced(node, f"({ast.unparse(turned)})", "connective")
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield self._replaced(node, f"({ast.unparse(operand)})", "negation")
            case ast.IfExp(test=test, body=body, orelse=orelse):
                yield self._replaced(node, f"({ast.unparse(ast.IfExp(test, orelse, body))})", "branches")
            case ast.Constant(value=value) if self._plain(node):
                for other in _other_values(value):
                    yield self._replaced(node, repr(other), "constant")
            case ast.Name(id=name, ctx=ast.Load()) if name in self._names and len(self._names) > 1:
                other_name = self._chance.choice([other for other in self._names if other != name])
                yield self._replaced(node, other_name, "variable")

    def _of_call(self, node: ast.AST) -> Iterator[Mutant]:
        if not isinstance(node, ast.Call):
            return
        for keyword in node.keywords:
            left = [other for other in node.keywords if other is not keyword]
            text = ast.unparse(ast.Call(node.func, node.args, left))
            yield self._replaced(node, text, "argument dropped")
        if len(node.args) >= 2 and not any(isinstance(a, ast.Starred) for a in node.args):
            turned = [node.args[1], node.args[0], *node.args[2:]]
            text = ast.unparse(ast.Call(node.func, turned, node.keywords))
            yield self._replaced(node, text, "arguments exchanged")
        yield from self._other_function(node)

    def _other_function(self, node: ast.Call) -> Iterator[Mutant]:
        match node.func:
            case ast.Name(id=name) if name in _CALLED:
                yield self._replaced(node.func, _CALLED[name], "function")
            case ast.Attribute(value=value, attr=name) if name in _CALLED:
                text = f"{ast.unparse(value)}.{_CALLED[name]}"
                yield self._replaced(node.func, text, "method")

    def _of_statement(self, node: ast.AST) -> Iterator[Mutant]:
        match node:
            case ast.If(test=test) | ast.While(test=test):
                yield self._replaced(test, f"not ({ast.unparse(test)})", "condition")
            case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
                yield self._replaced(value, "None", "result")
        for block in ("body", "orelse"):
            inner = getattr(node, block, None)
            if isinstance(inner, list):
                yield from self._shortened(inner)

    def _shortened(self, block: list[ast.stmt]) -> Iterator[Mutant]:
        """The block without one of its steps."""
        for at, step in enumerate(block):
            if isinstance(step, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.Pass) or self._is_text(step):
                continue
            ahead = block[at - 1].end_lineno if at else step.lineno - 1
            behind = block[at + 1].lineno if at + 1 < len(block) else (step.end_lineno or step.lineno)
            yield self._replaced(step, "pass", "step dropped", (max(ahead or 1, 1), behind))

    @staticmethod
    def _is_text(step: ast.stmt) -> bool:
        return isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant)

    def _plain(self, node: ast.Constant) -> bool:
        """Whether the constant stands in the source as it is: no docstring, no part of a formatted text."""
        text = self._lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()
        return node.lineno == node.end_lineno and text[:1] in "0123456789\"'TFN."

    def _replaced(
        self, node: ast.expr | ast.stmt, text: str, operator: str, lines: tuple[int, int] | None = None
    ) -> Mutant:
        """The source with one line of text in place of the node; all lines after it keep their numbers."""
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or 0
        first, last = self._lines[node.lineno - 1], self._lines[end_line - 1]
        new = first[: node.col_offset] + text.encode() + last[end:] + b"\n" * (end_line - node.lineno)
        source = b"\n".join([*self._lines[: node.lineno - 1], new, *self._lines[end_line:]]).decode()
        return Mutant(source, operator, *(lines or (node.lineno, node.lineno)))


def _other_values(value: object) -> list[object]:
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 1, value - 1]
        case float():
            return [value + 1.0, value * 2]
        case str() if value:
            return [value + "x"]
    return []
