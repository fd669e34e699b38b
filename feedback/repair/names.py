"""Names of a function: which are its own, how they are renamed, and which of another function's they stand for."""

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from feedback.repair.deadline import ENDLESS, Deadline
from feedback.repair.trees import with_fields

S = TypeVar("S", bound=ast.stmt)
Values = Mapping[str, Sequence[str]]
"""What each variable was, in order, over all inputs: one short text a value."""


@dataclass(frozen=True)
class _Uses:
    """What a function does with names."""

    own: tuple[str, ...]
    outer: frozenset[str]
    """Those that it reads and that are not its own."""
    roles: Mapping[str, Sequence[str]]
    """How each name is used: the kinds of the nodes it stands in."""


def own_names(function: ast.FunctionDef) -> tuple[str, ...]:
    """Parameters first, then everything bound inside, in the order of the code."""
    return _uses(function).own


def _uses(function: ast.FunctionDef) -> _Uses:
    known: _Uses | None = getattr(function, "caseloop_uses", None)
    if known is None:
        own = _own_names(function)
        named = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        known = _Uses(own, frozenset(named.difference(own)), _roles(function))
        function.caseloop_uses = known  # type: ignore[attr-defined]
    return known


def _own_names(function: ast.FunctionDef) -> tuple[str, ...]:
    found: dict[str, None] = {arg.arg: None for arg in parameters(function)}
    outside: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found[name] = None
            case ast.arg(arg=name):
                found[name] = None
            case ast.FunctionDef(name=name) if node is not function:
                found[name] = None
            case ast.ExceptHandler(name=str(name)):
                found[name] = None
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                outside.update(names)
    return tuple(name for name in found if name not in outside)


def parameters(function: ast.FunctionDef) -> list[ast.arg]:
    """All parameters, in order."""
    every = function.args
    rest = [arg for arg in (every.vararg, every.kwarg) if arg]
    return [*every.posonlyargs, *every.args, *every.kwonlyargs, *rest]


def renamed(statement: S, names: Mapping[str, str]) -> S:
    """A copy of the function (or of another statement) with its names replaced; what has none of them is shared."""
    values = _renamed_fields(statement, {old: new for old, new in names.items() if old != new})
    if isinstance(statement, ast.FunctionDef):
        # What it is called itself is not up to it.
        values.pop("name", None)
    fresh = with_fields(statement, values)
    assert isinstance(fresh, type(statement))
    return fresh


def _renamed(node: ast.AST, names: Mapping[str, str]) -> ast.AST:
    values = _renamed_fields(node, names)
    return with_fields(node, values) if values else node


def _renamed_fields(node: ast.AST, names: Mapping[str, str]) -> dict[str, object]:
    """The fields of the node that change."""
    values: dict[str, object] = {}
    for field in node._fields:
        match value := getattr(node, field, None):
            case ast.expr_context() | ast.operator() | ast.cmpop() | ast.boolop() | ast.unaryop():
                pass
            case ast.AST():
                fresh = _renamed(value, names)
                if fresh is not value:
                    values[field] = fresh
            case list():
                items = [_renamed(one, names) if isinstance(one, ast.AST) else one for one in value]
                if any(one is not fresh for one, fresh in zip(value, items, strict=True)):
                    values[field] = items
    match node:
        case ast.Name(id=name) if name in names:
            values["id"] = names[name]
        case ast.arg(arg=name) if name in names:
            values["arg"] = names[name]
        case ast.FunctionDef(name=str(name)) | ast.ExceptHandler(name=str(name)) if name in names:
            values["name"] = names[name]
        case ast.Global(names=own) | ast.Nonlocal(names=own):
            values["names"] = [names.get(name, name) for name in own]
    return values


def mapping(
    mine: ast.FunctionDef,
    other: ast.FunctionDef,
    my_values: Values,
    other_values: Values,
    deadline: Deadline = ENDLESS,
    fixed: Collection[str] = (),
) -> dict[str, str]:
    """Names of the other function -> names of mine; one to one, so that a correct function stays correct.

    Parameters stand for each other by position. Variables do by the values they take on the same inputs and, where
    those are not known, by how they are used. One that stands for nothing keeps its name, or gets a fresh one.

    Args:
        fixed: names that others ask for: they stand for themselves in both.

    Raises:
        OutOfTime: the deadline has passed.
    """
    used, their_use = _uses(mine), _uses(other)
    ours, theirs = used.own, their_use.own
    chosen: dict[str, str] = {name: name for name in theirs if name in fixed}
    for our, their in zip(parameters(mine), parameters(other), strict=False):
        chosen[their.arg] = our.arg
    free_mine = [name for name in ours if name not in chosen.values() and name not in fixed]
    free_other = [name for name in theirs if name not in chosen]

    def score(one: str, two: str) -> float:
        deadline.step(1 + len(used.roles.get(one, ())) + len(my_values.get(one, ())))
        return _score(used.roles, their_use.roles, my_values, other_values, one, two)

    scored = sorted(
        (-score(one, two), i, j, one, two) for i, one in enumerate(free_mine) for j, two in enumerate(free_other)
    )
    for negative, _, _, one, two in scored:
        if negative < 0 and two not in chosen and one not in chosen.values():
            chosen[two] = one
    _freshen(chosen, theirs, {*ours, *fixed, *used.outer, *their_use.outer})
    return chosen


def _score(
    mine: Mapping[str, Sequence[str]],
    other: Mapping[str, Sequence[str]],
    my_values: Values,
    other_values: Values,
    one: str,
    two: str,
) -> float:
    used = _common(mine.get(one, ()), other.get(two, ()))
    return used + 2 * _common(my_values.get(one, ()), other_values.get(two, ()))


def _common(one: Sequence[str], other: Sequence[str]) -> float:
    left, both = list(other), 0
    for item in one:
        if item in left:
            left.remove(item)
            both += 1
    return 2 * both / (len(one) + len(other)) if one and other else 0.0


def _roles(function: ast.FunctionDef) -> dict[str, list[str]]:
    """How each name is used: the kinds of the nodes it stands in."""
    found: dict[str, list[str]] = {}

    def walk(node: ast.AST, above: str) -> None:
        for field, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.Name):
                    found.setdefault(child.id, []).append(f"{above}/{type(node).__name__}.{field}")
                if isinstance(child, ast.AST):
                    walk(child, type(node).__name__)

    walk(function, "")
    return found


def _freshen(chosen: dict[str, str], theirs: Sequence[str], taken: set[str]) -> None:
    taken = {*taken, *chosen.values()}
    for name in theirs:
        if name not in chosen:
            fresh = name
            while fresh in taken:
                fresh += "_"
            chosen[name] = fresh
            taken.add(fresh)
