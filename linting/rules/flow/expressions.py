import ast
import builtins
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from linting.rules.flow import estimators, tables
from linting.rules.flow.call import Call
from linting.rules.flow.store import Store
from linting.rules.flow.value import FRAME, INDEXER, UNKNOWN, Columns, Fit, Value, rows_of
from linting.rules.nodes import children, walk

HARMLESS = frozenset(
    {"matplotlib", "math", "numpy", "pandas", "plotly", "scipy", "seaborn", "statistics", "statsmodels", "joblib"}
)
"""Packages whose functions change neither tables nor estimators that they are given."""
_BUILTINS = frozenset(dir(builtins)) | {"display"}
_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


@dataclass(frozen=True, slots=True)
class State:
    """How an estimator stands at one point."""

    estimator: Value
    fit: Fit | None
    """Its last fit, where that is known."""
    is_lost: bool
    """True: code of unknown effect has had it, so that no fit may be known of."""


class Expressions:
    """Gives each expression its value, in the order in which Python evaluates them."""

    def __init__(self, dotted: Callable[[ast.expr], str]) -> None:
        self.store = Store()
        self.values: dict[ast.expr, Value] = {}
        self.knows_free_names = True
        """Whether a name that nothing has bound yet is one and the same thing wherever it is read."""
        self.states: dict[ast.Call, State] = {}
        """Of the estimator whose method is called, before the call."""
        self._dotted = dotted

    def evaluate(self, node: ast.expr) -> Value:
        """The value of the expression at this point; what it does to names and estimators is noted."""
        value = self._value(node)
        self.values[node] = value
        return value

    def drop_columns(self, name: str, gone: Value) -> None:
        """The table of that name loses these columns, and so does what may be the same table by another name."""
        table = self.store.names.get(name, UNKNOWN)
        for other, held in self.store.names.items():
            if other == name or (held.columns is not None and held.columns is table.columns):
                self.store.names[other] = tables.lacking(held, gone)

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Name():
                return self._name(node)
            case ast.Constant(value=str(text)):
                return Value(type="str", text=text)
            case ast.Constant(value=constant):
                return Value(type=type(constant).__name__)
            case ast.List() | ast.Tuple():
                return self._sequence(node)
            case ast.Attribute():
                owner = self.evaluate(node.value)
                return tables.attribute(owner, node.attr) if owner.rows else UNKNOWN
            case ast.Subscript():
                return self._subscript(node)
            case ast.Call():
                return self._call(node)
            case ast.BinOp() | ast.UnaryOp() | ast.Compare() | ast.BoolOp():
                return self._operation(node)
            case ast.IfExp():
                self.evaluate(node.test)
                body, other = self.evaluate(node.body), self.evaluate(node.orelse)
                return body if body == other else UNKNOWN
            case ast.NamedExpr(target=ast.Name(id=name), value=inner):
                self.store.names[name] = value = self.evaluate(inner)
                return value
        return self._other(node)

    def _other(self, node: ast.expr) -> Value:
        match node:
            case ast.Lambda():
                names = dict(self.store.names)
                self.store.forget(a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
                self.evaluate(node.body)
                self.store.names = names
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self._comprehension(node)
            case _:
                for child in children(node):
                    if isinstance(child, ast.expr):
                        self.store.lose_estimator(self.evaluate(child))
        return UNKNOWN

    def _name(self, node: ast.Name) -> Value:
        known = self.store.names.get(node.id)
        if known is not None:
            return known
        if self._dotted(node) or node.id in _BUILTINS or not self.knows_free_names:
            return UNKNOWN
        value = Value(rows=frozenset({node.id}), columns=Columns(node.id))
        self.store.names[node.id] = value
        return value

    def _sequence(self, node: ast.List | ast.Tuple) -> Value:
        values = [self.evaluate(element) for element in node.elts]
        for value in values:
            self.store.lose_estimator(value)
        if any(isinstance(element, ast.Starred) for element in node.elts):
            return UNKNOWN
        texts = [value.text for value in values if value.text is not None]
        known = tuple(texts) if isinstance(node, ast.List) and len(texts) == len(values) else None
        return Value(elements=tuple(values), texts=known)

    def _subscript(self, node: ast.Subscript) -> Value:
        owner, key = self.evaluate(node.value), self.evaluate(node.slice)
        if owner.elements is not None and isinstance(node.slice, ast.Constant):
            position = node.slice.value
            if isinstance(position, int) and 0 <= position < len(owner.elements):
                return owner.elements[position]
        if not owner.rows:
            return UNKNOWN
        is_filter = isinstance(node.slice, ast.Slice | ast.Compare | ast.UnaryOp | ast.BinOp) or bool(key.rows)
        return tables.selection(owner, key, is_filter)

    def _operation(self, node: ast.BinOp | ast.UnaryOp | ast.Compare | ast.BoolOp) -> Value:
        parts = [self.evaluate(child) for child in children(node) if isinstance(child, ast.expr)]
        kinds = {part.type for part in parts if part.rows}
        result = rows_of(*parts, kind=kinds.pop() if len(kinds) == 1 else "")
        if result.type in {FRAME, INDEXER}:
            result = replace(result, type=FRAME, columns=None)
        statistics = [part.statistic for part in parts if part.statistic is not None]
        if statistics and not result.rows:
            # The spread of a column, `(high - low)`, is a statistic too.
            return Value(statistic=statistics[0])
        return tables.mixed(result, *parts)

    def _comprehension(self, node: _Comprehension) -> None:
        names = dict(self.store.names)
        for generator in node.generators:
            items = self.evaluate(generator.iter)
            for target in walk(generator.target):
                if isinstance(target, ast.Name):
                    self.store.names[target.id] = rows_of(items)
            for condition in generator.ifs:
                self.evaluate(condition)
        for element in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.store.lose_estimator(self.evaluate(element))
        self.store.names = names

    def _call(self, node: ast.Call) -> Value:
        function = self._dotted(node.func)
        owner = UNKNOWN
        if not function and isinstance(node.func, ast.Attribute):
            owner = self.evaluate(node.func.value)
        elif not function and not isinstance(node.func, ast.Name):
            self.evaluate(node.func)
        values = tuple(self.evaluate(argument) for argument in node.args)
        keywords = {k.arg or "**": self.evaluate(k.value) for k in node.keywords}
        call = Call(node, values, keywords)
        if function:
            return self._function(function, call)
        if isinstance(node.func, ast.Attribute):
            return self._method(owner, node.func, call)
        if not (isinstance(node.func, ast.Name) and node.func.id in _BUILTINS - self.store.names.keys()):
            self._lose(call.all())
        return UNKNOWN

    def _function(self, function: str, call: Call) -> Value:
        package = function.partition(".")[0]
        if package in {"pandas", "numpy"}:
            return tables.function_result(function, call)
        if package in estimators.PACKAGES:
            return estimators.function_result(function, call, self.store)
        if package not in HARMLESS:
            self._lose(call.all())
        return UNKNOWN

    def _method(self, owner: Value, func: ast.Attribute, call: Call) -> Value:
        if estimators.is_estimator(owner):
            made = owner.made
            assert made is not None
            self.states[call.node] = State(owner, self.store.fits.get(made), made in self.store.lost)
            return estimators.method_result(owner, func.attr, call, self.store)
        if not owner.rows:
            self._lose(call.all())
            return UNKNOWN
        if call.is_true("inplace"):
            self._change_in_place(owner, func, call)
            return UNKNOWN
        result = tables.method_result(owner, func.attr, call)
        if func.attr == "pop" and isinstance(func.value, ast.Name):
            self.drop_columns(func.value.id, call.argument(0, "item"))
        if func.attr in {"fit", "fit_transform"}:
            self._lose(call.all())
        return result

    def _change_in_place(self, owner: Value, func: ast.Attribute, call: Call) -> None:
        if isinstance(func.value, ast.Name):
            result = tables.method_result(owner, func.attr, call)
            for name, held in self.store.names.items():
                if held is owner:
                    self.store.names[name] = result
                elif held.columns is not None and held.columns is owner.columns:
                    self.store.names[name] = replace(held, columns=None)
        elif isinstance(func.value, ast.Subscript) and isinstance(func.value.value, ast.Name):
            name = func.value.value.id
            table = self.store.names.get(name, UNKNOWN)
            self.store.names[name] = tables.mixed(table, owner, *call.all())

    def _lose(self, values: Iterable[Value]) -> None:
        for value in values:
            self.store.lose(value)
