import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from linting.rules.flow.value import UNKNOWN, Value


@dataclass(frozen=True, slots=True)
class Call:
    """A call with what is known about its arguments."""

    node: ast.Call
    values: tuple[Value, ...]
    """Of the positional arguments."""
    keywords: Mapping[str, Value]

    def argument(self, position: int, *names: str) -> Value:
        """The argument at that position or with one of these names."""
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        return self.values[position] if position < len(self.values) else UNKNOWN

    def all(self) -> Iterable[Value]:
        """Every argument."""
        yield from self.values
        yield from self.keywords.values()

    def is_true(self, name: str) -> bool:
        """Whether the keyword is the literal True."""
        return any(k.arg == name and isinstance(k.value, ast.Constant) and k.value.value is True for k in self._given)

    def constant(self, position: int, name: str) -> object:
        """The literal at that position or with that name; None when absent or not a literal."""
        for given in self._given:
            if given.arg == name:
                return _literal(given.value)
        return _literal(self.node.args[position]) if position < len(self.node.args) else None

    @property
    def _given(self) -> list[ast.keyword]:
        return self.node.keywords


def _literal(node: ast.expr) -> object:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
    return None
