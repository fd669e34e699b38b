"""What all rules share: the module's nodes, where its names are imported from, and what its values are."""

import ast
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TypeVar

from linting.rules.flow.expressions import Expressions, State
from linting.rules.flow.statements import Statements
from linting.rules.flow.value import FRAME, UNKNOWN, Value
from linting.rules.nodes import by_type, walk

Node = TypeVar("Node", bound=ast.AST)
OTHER_FRAMES = frozenset({"cudf", "dask", "modin", "polars", "pyspark", "vaex", "ibis", "geopandas"})
"""Packages whose tables are also called `df` and follow rules of their own."""


class Facts:
    """Facts about one module, computed once and shared by all rules."""

    def __init__(
        self, tree: ast.Module, cells: Sequence[tuple[int, int]] = (), displays: Sequence[tuple[int, int]] = ()
    ) -> None:
        """`cells`: first and last line of each cell; `displays`: those of each cell's trailing expression."""
        self.tree = tree
        self._nodes = by_type(tree)
        self.calls = tuple(self.of(ast.Call))
        self._cells, self._displays = tuple(cells), tuple(displays)
        self._imported = dict(self._imports())
        self.packages = frozenset(full.partition(".")[0] for full in self._imported.values())
        """Top-level packages that the module imports."""
        self._dotted: dict[ast.expr, str] = {}
        expressions = Expressions(self.dotted)
        Statements(expressions, self._is_frame_parameter).module(tree, self._nodes)
        self._values, self._states = expressions.values, expressions.states

    def of(self, *kinds: type[Node]) -> Iterator[Node]:
        """All nodes of exactly these types, one type after the other, each in the order of the levels of the syntax."""
        for kind in kinds:
            yield from self._nodes.get(kind, ())  # type: ignore[misc]  # under its type stand nodes of that type

    def inside(self, *kinds: type[ast.AST]) -> frozenset[ast.AST]:
        """All nodes in and below those of these types."""
        return frozenset(inner for node in self.of(*kinds) for inner in walk(node))

    def dotted(self, node: ast.expr) -> str:
        """The full name of what an expression refers to, through imports: `pandas.read_csv`; empty when unknown."""
        known = self._dotted.get(node)
        if known is None:
            known = self._dotted[node] = self._full_name(node)
        return known

    def _full_name(self, node: ast.expr) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self._imported:
            return ""
        return ".".join([self._imported[node.id], *reversed(parts)])

    def value(self, node: ast.expr) -> Value:
        """What is certain about the expression's value at the place where it stands."""
        return self._values.get(node, UNKNOWN)

    def state(self, call: ast.Call) -> State | None:
        """Of the estimator whose method is called, before the call; None when it is no estimator made in the module."""
        return self._states.get(call)

    def is_frame(self, node: ast.expr) -> bool:
        """Whether the expression is surely a pandas DataFrame."""
        return self.value(node).type == FRAME

    def name_of(self, call: ast.Call) -> str:
        """The last name of what is called, wherever it comes from; empty when it has none."""
        full = self.dotted(call.func).rpartition(".")[2]
        match call.func:
            case ast.Attribute(attr=name) | ast.Name(id=name):
                return full or name
        return full

    def is_metric(self, call: ast.Call) -> bool:
        """Whether one of scikit-learn's functions that compare truth with prediction is called."""
        package, _, _ = self.dotted(call.func).rpartition(".")
        return package == "sklearn.metrics"

    def is_guarded(self, node: ast.AST) -> bool:
        """Whether the code expects an error there: in a `try`, or under `with pytest.raises(…)` and the like."""
        return node in self._guarded

    @cached_property
    def _guarded(self) -> frozenset[ast.AST]:
        bodies = [node.body for node in self.of(ast.Try)]
        bodies += [node.body for node in self.of(ast.With) if self._expects_error(node)]
        return frozenset(inner for body in bodies for statement in body for inner in walk(statement))

    def _expects_error(self, node: ast.With) -> bool:
        opened = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
        return any(self.name_of(call).lower().endswith(("raises", "suppress", "warns")) for call in opened)

    def calls_of(self, *names: str) -> Iterator[ast.Call]:
        """Calls of the functions with these full names."""
        for name in names:
            yield from self._calls_by_name.get(name, ())

    @cached_property
    def _calls_by_name(self) -> dict[str, list[ast.Call]]:
        found: dict[str, list[ast.Call]] = {}
        for call in self.calls:
            found.setdefault(self.dotted(call.func), []).append(call)
        return found

    def methods(self, *names: str) -> Iterator[tuple[ast.Call, ast.Attribute]]:
        """Calls of methods of that name, whatever they belong to."""
        for name in names:
            yield from self._methods.get(name, ())

    @cached_property
    def _methods(self) -> dict[str, list[tuple[ast.Call, ast.Attribute]]]:
        found: dict[str, list[tuple[ast.Call, ast.Attribute]]] = {}
        for call in self.calls:
            if isinstance(call.func, ast.Attribute):
                found.setdefault(call.func.attr, []).append((call, call.func))
        return found

    @cached_property
    def called_or_indexed(self) -> frozenset[ast.expr]:
        """Expressions that are called or indexed."""
        indexed = (node.value for node in self.of(ast.Subscript))
        return frozenset([*(call.func for call in self.calls), *indexed])

    def binds_frame(self, name: ast.Name) -> bool:
        """Whether every assignment to the name in the module gives it a DataFrame."""
        bound = [
            node.value
            for node in self.of(ast.Assign)
            if any(isinstance(t, ast.Name) and t.id == name.id for t in node.targets)
        ]
        return bool(bound) and all(self.is_frame(value) for value in bound)

    def reads(self, name: str) -> bool:
        """Whether the name is read anywhere in the module."""
        return name in self._read_names

    def is_displayed(self, node: ast.AST) -> bool:
        """Whether the node stands in a trailing expression, whose value the notebook shows."""
        line = getattr(node, "lineno", 0)
        return any(first <= line <= last for first, last in self._displays)

    def cell_of(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """First and last line of the cell; the whole module where nothing is known about cells."""
        return next((c for c in self._cells if c[0] <= node.lineno <= c[1]), (1, max(node.lineno, 1 << 30)))

    @cached_property
    def _read_names(self) -> frozenset[str]:
        return frozenset(n.id for n in self.of(ast.Name) if isinstance(n.ctx, ast.Load))

    def _is_frame_parameter(self, parameter: ast.arg) -> bool:
        if parameter.annotation is not None:
            return _is_frame_annotation(parameter.annotation) and not self.packages & OTHER_FRAMES
        return parameter.arg == "df" and not self.packages & OTHER_FRAMES

    def _imports(self) -> Iterator[tuple[str, str]]:
        """Name -> full name, of imported names that nothing else binds."""
        others = self._other_bindings()
        imports: list[ast.Import | ast.ImportFrom] = [*self.of(ast.Import), *self.of(ast.ImportFrom)]
        for node in imports:
            if isinstance(node, ast.Import):
                pairs = [(n.asname, n.name) if n.asname else (n.name.partition(".")[0],) * 2 for n in node.names]
            elif node.module and not node.level:
                pairs = [(n.asname or n.name, f"{node.module}.{n.name}") for n in node.names]
            else:
                continue
            yield from ((name, full) for name, full in pairs if name not in others)

    def _other_bindings(self) -> set[str]:
        found = {node.id for node in self.of(ast.Name) if isinstance(node.ctx, ast.Store)}
        found |= {argument.arg for argument in self.of(ast.arg)}
        found |= {function.name for function in self.of(ast.FunctionDef)}
        found |= {function.name for function in self.of(ast.AsyncFunctionDef)}
        return found | {kind.name for kind in self.of(ast.ClassDef)}


def _is_frame_annotation(node: ast.expr) -> bool:
    match node:
        case ast.Name(id="DataFrame") | ast.Attribute(value=ast.Name(), attr="DataFrame"):
            return True
        case ast.Constant(value=str(text)):
            return text in {"DataFrame", "pd.DataFrame"}
    return False


def keyword(call: ast.Call, *names: str) -> ast.expr | None:
    """The value of the first of these keyword arguments that the call has."""
    return next((k.value for k in call.keywords if k.arg in names), None)


def argument(call: ast.Call, position: int, *names: str) -> ast.expr | None:
    """The argument at that position or with one of these names."""
    return call.args[position] if position < len(call.args) else keyword(call, *names)


def has_unpacking(call: ast.Call) -> bool:
    """Whether arguments come from `*…` or `**…`, so that nobody can say which are missing."""
    return any(k.arg is None for k in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args)


def literal(node: ast.expr | None) -> object:
    """The value of a literal; None for everything else."""
    return node.value if isinstance(node, ast.Constant) else None


def root_name(node: ast.expr) -> str | None:
    """The name at the bottom of `name[…].attr.method(…)[…]`."""
    while True:
        match node:
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Call(func=inner):
                node = inner
            case _:
                return None
