"""Which inputs a case hides: no learner is ever shown one."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feedback.evidence.arguments import loosely
from feedback.evidence.literals import NotLiteral, Reader
from feedback.evidence.read_calls import Try

Parameters = Mapping[str, Sequence[tuple[str, str | None]]]
"""By function, the names of its parameters in order, and what they are, loosely, where a call says nothing."""


def parameters(functions: Iterable[ast.FunctionDef]) -> Parameters:
    """The parameters of these functions."""
    return {function.name: _parameters(function.args) for function in functions}


def _parameters(arguments: ast.arguments) -> list[tuple[str, str | None]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [*[None] * (len(positional) - len(arguments.defaults)), *arguments.defaults]
    pairs = [*zip(positional, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return [(one.arg, _default(default)) for one, default in pairs]


def _default(node: ast.expr | None) -> str | None:
    try:
        return loosely(Reader({}, {}).value(node)) if node is not None else None
    except NotLiteral:
        return None


@dataclass(frozen=True)
class Hidden:
    """The inputs that hidden checks and calls use, as far as their text tells."""

    calls: frozenset[str]
    """Calls in one spelling: however the arguments are passed."""
    held: frozenset[str]
    """Values that hidden checks name or go through and that nothing visible shows, loosely."""
    parameters: Parameters

    @classmethod
    def of(cls, calls: Iterable[Try], held: Iterable[Any], visible: Iterable[Any], known: Parameters) -> "Hidden":
        """What is hidden: `held` by hidden checks, without what is `visible`."""
        seen = frozenset(map(loosely, visible))
        return cls(frozenset(_spelled(call, known) for call in calls), frozenset(map(loosely, held)) - seen, known)

    def has(self, call: Try) -> bool:
        """Whether this call, or one with nothing but such values, may be one of theirs."""
        if _spelled(call, self.parameters) in self.calls:
            return True
        return all(loosely(value) in self.held for value in call.values)


def _spelled(call: Try, known: Parameters) -> str:
    names = known.get(call.function, ())
    given = {names[at][0] if at < len(names) else str(at): loosely(value) for at, value in enumerate(call.args)}
    given |= {name: loosely(value) for name, value in call.kwargs}
    # What a function takes anyway is the same whether it is said or not.
    told = {name: value for name, value in given.items() if (name, value) not in names}
    return f"{call.function}({', '.join(f'{name}={told[name]}' for name in sorted(told))})"
