import ast
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from linting.rules.flow.expressions import Expressions
from linting.rules.flow.store import Store, bound_names
from linting.rules.flow.value import FRAME, UNKNOWN, Columns, Value, rows_of
from linting.rules.nodes import children, walk

Nodes = Mapping[type[ast.AST], Sequence[ast.AST]]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class Statements:
    """Follows statements in the order in which they run."""

    def __init__(self, expressions: Expressions, is_frame_parameter: Callable[[ast.arg], bool]) -> None:
        self._expressions, self._is_frame_parameter = expressions, is_frame_parameter
        self._functions: list[FunctionNode] = []
        self._shared: frozenset[str] = frozenset()

    def module(self, tree: ast.Module, nodes: Nodes) -> None:
        """The whole module: its own statements, then each function with what is certain about the names around it.

        `nodes`: all of the module's by their types.
        """
        self._shared = _read_from_inside(nodes)
        self._run(tree.body)
        once = _bound_once(tree, nodes)
        around = {name: value if name in once else UNKNOWN for name, value in self._store.names.items()}
        # Inside of a function such a name may belong to the function around it.
        self._expressions.knows_free_names = False
        while self._functions:
            self._function(self._functions.pop(0), around)

    @property
    def _store(self) -> Store:
        return self._expressions.store

    def _function(self, function: FunctionNode, around: dict[str, Value]) -> None:
        names = dict(around)
        names.update(dict.fromkeys(bound_names(function.body), UNKNOWN))
        arguments = function.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            source = object()
            table = Value(FRAME, rows=frozenset({source}), columns=Columns(source))
            names[argument.arg] = table if self._is_frame_parameter(argument) else UNKNOWN
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                names[extra.arg] = UNKNOWN
        # Only the caller knows how the estimators around were fitted by then.
        lost = {value.made for value in around.values() if value.made is not None}
        self._expressions.store = Store(names, {}, lost)
        self._run(function.body)

    def _run(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        evaluate = self._expressions.evaluate
        match node:
            case ast.Assign(targets=targets, value=value):
                result = evaluate(value)
                for target in targets:
                    self._bind(target, result)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind(target, evaluate(value))
            case ast.AugAssign(target=target, value=value):
                self._bind(target, rows_of(evaluate(_loaded(target)), evaluate(value)))
            case ast.Expr(value=value) | ast.Return(value=ast.expr() as value):
                evaluate(value)
            case ast.Delete(targets=targets):
                for target in targets:
                    self._delete(target)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._functions.append(node)
                self._store.names[node.name] = UNKNOWN
            case ast.ClassDef():
                self._functions.extend(s for s in node.body if isinstance(s, FunctionNode))
                self._store.names[node.name] = UNKNOWN
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                self._store.forget(names)
            case _:
                self._compound(node)

    def _compound(self, node: ast.stmt) -> None:
        match node:
            case ast.If():
                self._expressions.evaluate(node.test)
                self._either(node.body, node.orelse)
            case ast.For() | ast.AsyncFor():
                items = self._expressions.evaluate(node.iter)
                self._loop(node, lambda: self._bind(node.target, rows_of(items)))
            case ast.While():
                self._loop(node, lambda: self._expressions.evaluate(node.test))
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self._expressions.evaluate(item.context_expr)
                    if item.optional_vars is not None:
                        self._bind(item.optional_vars, UNKNOWN)
                self._run(node.body)
            case ast.Try() | ast.TryStar():
                self._try(node)
            case ast.Match():
                self._expressions.evaluate(node.subject)
                for case in node.cases:
                    self._either(case.body, [], bound_names([case.pattern]))
            case _:
                for child in children(node):
                    if isinstance(child, ast.expr):
                        self._expressions.evaluate(child)

    def _either(self, body: Sequence[ast.stmt], other: Sequence[ast.stmt], forgotten: Iterable[str] = ()) -> None:
        before = self._store.copy()
        self._store.forget(forgotten)
        self._run(body)
        after, self._expressions.store = self._store, before
        self._run(other)
        self._store.meet(after)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, begin: Callable[[], object]) -> None:
        changed = set(bound_names([node]))
        before = self._store.copy()
        self._store.forget(changed)
        begin()
        self._run(node.body)
        self._store.meet(before)
        self._store.forget(changed)
        self._run(node.orelse)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        before = self._store.copy()
        self._run([*node.body, *node.orelse])
        after = self._store
        for handler in node.handlers:
            self._expressions.store = before.copy()
            self._store.forget(bound_names([*node.body, handler]))
            self._run(handler.body)
            after.meet(self._store)
        self._expressions.store = after
        self._run(node.finalbody)

    def _bind(self, target: ast.expr, value: Value) -> None:
        match target:
            case ast.Name(id=name):
                if name in self._shared:
                    self._store.lose(value)
                self._store.names[name] = value
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                known = value.elements
                if known is None or len(known) != len(elements) or any(isinstance(e, ast.Starred) for e in elements):
                    known = (rows_of(value),) * len(elements)
                for element, part in zip(elements, known, strict=True):
                    self._bind(element, part)
            case ast.Starred(value=inner):
                self._bind(inner, UNKNOWN)
            case ast.Subscript(value=inner, slice=key):
                self._expressions.evaluate(inner)
                chosen = self._expressions.evaluate(key)
                self._store.lose_estimator(value)
                if isinstance(inner, ast.Attribute) and inner.attr in {"loc", "iloc"}:
                    inner = inner.value
                if isinstance(inner, ast.Name):
                    self._write(inner.id, chosen, value)
            case ast.Attribute(value=inner):
                self._store.lose_estimator(self._expressions.evaluate(inner))
                self._store.lose_estimator(value)

    def _write(self, name: str, key: Value, value: Value) -> None:
        """`table[key] = value`: what went into the value is in the table from now on."""
        table = self._store.names.get(name, UNKNOWN)
        columns = table.columns
        if columns is not None and key.text is not None:
            only = None if columns.only is None else columns.only | {key.text}
            columns = replace(columns, only=only, lacks=columns.lacks - {key.text})
        self._store.names[name] = replace(
            table, seen=table.seen | value.seen, traits=table.traits | value.traits, columns=columns
        )

    def _delete(self, target: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                self._store.names[name] = UNKNOWN
            case ast.Subscript(value=ast.Name(id=name), slice=key):
                self._expressions.drop_columns(name, self._expressions.evaluate(key))

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self._store.names.clear()
            else:
                self._store.names.pop(alias.asname or alias.name.partition(".")[0], None)


def _loaded(target: ast.Name | ast.Attribute | ast.Subscript) -> ast.expr:
    """The target as it is read before it is written again."""
    match target:
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name, ast.Load()), target)
        case ast.Attribute(value=value, attr=attr):
            return ast.copy_location(ast.Attribute(value, attr, ast.Load()), target)
        case ast.Subscript(value=value, slice=key):
            return ast.copy_location(ast.Subscript(value, key, ast.Load()), target)


def _bound_once(tree: ast.Module, nodes: Nodes) -> frozenset[str]:
    """Names that one place of the module binds and no function declares as global."""
    counts = Counter(bound_names(tree.body))
    declared = {name for node in nodes.get(ast.Global, ()) if isinstance(node, ast.Global) for name in node.names}
    return frozenset(name for name, count in counts.items() if count == 1 and name not in declared)


def _read_from_inside(nodes: Nodes) -> frozenset[str]:
    """Names of the module that functions read: a function may do anything to what they hold, whenever it is called."""
    found: set[str] = set()
    for function in (f for kind in (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda) for f in nodes.get(kind, ())):
        if isinstance(function, FunctionNode | ast.Lambda):
            body = function.body if isinstance(function.body, list) else [function.body]
            own = {a.arg for a in walk(function.args) if isinstance(a, ast.arg)} | set(bound_names(body))
            inside = (n for part in body for n in walk(part))
            found.update(n.id for n in inside if isinstance(n, ast.Name) and n.id not in own)
    return frozenset(found)
