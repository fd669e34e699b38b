"""Rewrite a check so that both sides of every comparison inside its asserts are recorded as Values."""

import ast
import builtins
import operator
from collections.abc import Callable
from types import CodeType
from typing import Any

from .observe.values import observed

COMPARE, TRUTH, CALL = "__caseloop_compare__", "__caseloop_truth__", "__caseloop_call__"
MAX_OPERANDS, MAX_AT_ONE_PLACE = 100, 5
_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "is": operator.is_, "is not": operator.is_not,
    "in": lambda left, right: left in right, "not in": lambda left, right: left not in right,
}  # fmt: skip
_METHODS = frozenset({"equals", "eq", "ne", "lt", "le", "gt", "ge", "issubset", "issuperset"})
_COMPARING_CALLS = _METHODS | {"allclose", "isclose", "array_equal", "array_equiv", "isinstance"}


class _Rewriter(ast.NodeTransformer):
    """Rewrites comparisons inside asserts, and comparing calls (`assert_allclose(a, b)`) anywhere."""

    def __init__(self) -> None:
        self._asserts = 0

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self._asserts += 1
        node.test = self._truth(node.test)
        self._asserts -= 1
        return node

    def _truth(self, test: ast.expr) -> ast.expr:
        """The leaves that decide: comparisons record themselves, any other value is recorded as such."""
        if isinstance(test, ast.BoolOp):
            test.values = [self._truth(value) for value in test.values]
            return test
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test.operand = self._truth(test.operand)
            return test
        visited: ast.expr = self.visit(test)
        if isinstance(test, (ast.Compare, ast.Constant)):
            return visited
        return _call(TRUTH, [ast.Constant(test.lineno), visited], test)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        line = node.lineno
        self.generic_visit(node)
        if not self._asserts or _binds_names(node.comparators[1:]):
            return node
        names = ast.Tuple([ast.Constant(_OPERATORS[type(op)]) for op in node.ops], ast.Load())
        later = [_thunk(comparator) for comparator in node.comparators[1:]]
        return _call(COMPARE, [ast.Constant(line), names, node.left, node.comparators[0], *later], node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        line, name = node.lineno, _called(node.func)
        self.generic_visit(node)
        if not (name.startswith("assert") or (self._asserts and name in _COMPARING_CALLS)):
            return node
        if any(isinstance(argument, ast.Starred) for argument in node.args[:2]):
            return node
        if name in _METHODS:
            return self._method(node, line, name)
        if len(node.args) < 2:
            return node
        return ast.copy_location(
            ast.Call(
                ast.Name(CALL, ast.Load()),
                [ast.Constant(line), ast.Constant(name), node.func, *node.args],
                node.keywords,
            ),
            node,
        )

    def _method(self, node: ast.Call, line: int, name: str) -> ast.AST:
        """`left.equals(right)`: the object whose method it is stands on the left."""
        if not isinstance(node.func, ast.Attribute) or len(node.args) != 1:
            return node
        getter = ast.Lambda(
            ast.arguments([], [ast.arg("left"), ast.arg("right")], None, [], [], None, []),
            ast.Call(
                ast.Attribute(ast.Name("left", ast.Load()), name, ast.Load()),
                [ast.Name("right", ast.Load())],
                node.keywords,
            ),
        )
        return _call(CALL, [ast.Constant(line), ast.Constant(name), getter, node.func.value, node.args[0]], node)


def _binds_names(nodes: list[ast.expr]) -> bool:
    """A walrus or await in a later comparator cannot move into a lambda."""
    kinds = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
    return any(isinstance(inner, kinds) for node in nodes for inner in ast.walk(node))


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _thunk(body: ast.expr) -> ast.Lambda:
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), body)


def _call(name: str, arguments: list[ast.expr], place: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), arguments, []), place)


def checked(tree: ast.Module, file: str) -> tuple[CodeType, tuple[str, ...]]:
    """The check's code, rewritten, and the builtins that it uses. Raises what `compile` does."""
    loads = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    used = tuple(sorted(vars(builtins).keys() & set(loads)))
    # Optimized, it would have no asserts.
    return compile(rewrite(tree), file, "exec", dont_inherit=True, optimize=0), used


def rewrite(tree: ast.Module) -> ast.Module:
    """The check with recording calls in place of its comparisons."""
    rewritten: ast.Module = _Rewriter().visit(tree)
    return ast.fix_missing_locations(rewritten)


class Recorder:
    """Holds what the rewritten asserts compare, as `describe` says it with a seed."""

    def __init__(self, seed: int, describe: Callable[[Any, int], dict[str, Any]] = observed) -> None:
        self._seed, self._describe = seed, describe
        self.operands: list[dict[str, Any]] = []
        self._seen: dict[tuple[int, str], int] = {}

    def names(self) -> dict[str, Any]:
        """The functions that rewritten code calls."""
        return {COMPARE: self._compare, TRUTH: self._truth, CALL: self._call}

    def _record(self, line: int, op: str, left: Any, right: Any) -> None:
        place = (line, op)
        self._seen[place] = self._seen.get(place, 0) + 1
        if len(self.operands) >= MAX_OPERANDS or self._seen[place] > MAX_AT_ONE_PLACE:
            return
        values = {"left": self._describe(left, self._seed), "right": self._describe(right, self._seed)}
        self.operands.append({"line": line, "op": op, **values})

    def _compare(self, line: int, ops: tuple[str, ...], left: Any, right: Any, *later: Callable[[], Any]) -> Any:
        """`left op right op …`, evaluated as Python does: each once, and no further than needed."""
        result = self._one(line, ops[0], left, right)
        for op, thunk in zip(ops[1:], later, strict=True):
            if not result:
                return result
            left, right = right, thunk()
            result = self._one(line, op, left, right)
        return result

    def _one(self, line: int, op: str, left: Any, right: Any) -> Any:
        self._record(line, op, left, right)
        return _COMPARISONS[op](left, right)

    def _truth(self, line: int, value: Any) -> Any:
        self._record(line, "truth", value, True)
        return value

    def _call(self, line: int, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._record(line, f"{name}()", args[0], args[1])
        return function(*args, **kwargs)
