"""Calls of a learner's functions in the text of a check, with the arguments that can be read off it."""

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from feedback.evidence.arguments import everything, written
from feedback.evidence.literals import NotLiteral, Reader
from feedback.notebook.reading import changed, parsed


@dataclass(frozen=True)
class Try:
    """One call to try. It decides nothing."""

    function: str
    args: tuple[Any, ...]
    """As `feedback.evidence.arguments` has them."""
    kwargs: tuple[tuple[str, Any], ...] = ()

    @property
    def values(self) -> tuple[Any, ...]:
        """All arguments, those by keyword last."""
        return (*self.args, *(value for _, value in self.kwargs))

    def having(self, values: tuple[Any, ...]) -> "Try":
        """The same call with these arguments."""
        own = len(self.args)
        names = [name for name, _ in self.kwargs]
        return Try(self.function, values[:own], tuple(zip(names, values[own:], strict=True)))

    @property
    def text(self) -> str:
        """The call as a learner would write it."""
        given = [*map(written, self.args), *(f"{name}={written(value)}" for name, value in self.kwargs)]
        return f"{self.function}({', '.join(given)})"


@dataclass
class Text:
    """What reads of a check's text so far: names with their values, calls, and what it goes through in loops."""

    functions: Collection[str]
    names: dict[str, Any] = field(default_factory=dict)
    imported: dict[str, str] = field(default_factory=dict)
    calls: list[Try] = field(default_factory=list)
    held: list[Any] = field(default_factory=list)
    """Values that are given a name, or that a loop goes through: what a call may get without being written with it."""

    def read(self, source: str) -> None:
        """Read on with this text, from top to bottom."""
        tree = parsed(source)
        for statement in tree.body if tree else ():
            self._read(statement)

    def _read(self, statement: ast.stmt) -> None:
        target = _target(statement)
        for name in _changed(statement) - {target}:
            self.names.pop(name, None)
            self.imported.pop(name, None)
        _imports(statement, self.imported)
        for node in ast.walk(statement):
            self._look(node)
        if target is not None:
            self.imported.pop(target, None)
            value = getattr(statement, "value", None)
            self.names.pop(target, None)
            try:
                self.names[target] = self._value(value)
            except NotLiteral:
                return
            self.held.extend(part for part in everything(self.names[target]) if not _is_scalar(part))

    def _look(self, node: ast.AST) -> None:
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in self.functions:
                self._call(node)
            case ast.Call(func=ast.Name(id="map" | "zip"), args=args):
                self.held.extend(value for arg in args for value in self._parts(arg))
            case ast.For(iter=gone_through) | ast.comprehension(iter=gone_through):
                self.held.extend(self._parts(gone_through))

    def _call(self, call: ast.Call) -> None:
        if not (call.args or call.keywords) or any(keyword.arg is None for keyword in call.keywords):
            return
        try:
            args = tuple(self._value(arg) for arg in call.args)
            kwargs = tuple((str(keyword.arg), self._value(keyword.value)) for keyword in call.keywords)
        except NotLiteral:
            return
        self.calls.append(Try(call.func.id if isinstance(call.func, ast.Name) else "", args, kwargs))

    def _value(self, node: ast.expr | None) -> Any:
        if node is None:
            raise NotLiteral
        return Reader(self.names, self.imported).value(node)

    def _parts(self, node: ast.expr) -> Iterator[Any]:
        """Every value that stands in the expression, and what these are made of."""
        for part in ast.walk(node):
            if isinstance(part, ast.expr):
                try:
                    yield from everything(self._value(part))
                except NotLiteral:
                    continue


def _is_scalar(value: Any) -> bool:
    # A number inside of a list is in too many inputs to tell anything.
    return value is None or isinstance(value, bool | int | float)


def literals(source: str, names: Mapping[str, Any], imported: Mapping[str, str]) -> Iterator[Any]:
    """Every value that can be read off the text, also within others."""
    text = Text((), dict(names), dict(imported))
    text.read(source)
    tree = parsed(source)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.expr):
            try:
                yield from everything(Reader(text.names, text.imported).value(node))
            except NotLiteral:
                continue


def _target(statement: ast.stmt) -> str | None:
    """The name of `name = …`."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return name
    return None


def _changed(statement: ast.stmt) -> set[str]:
    """Names that the statement binds, shadows or may change in place, wherever in it."""
    found = set(changed(statement))
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                found.add(name)
    return found


def _imports(statement: ast.stmt, imported: dict[str, str]) -> None:
    match statement:
        case ast.Import(names=names):
            for alias in names:
                top = alias.name.partition(".")[0]
                imported[alias.asname or top] = alias.name if alias.asname else top
        case ast.ImportFrom(module=str(module), names=names, level=0):
            for alias in names:
                imported[alias.asname or alias.name] = f"{module}.{alias.name}"
