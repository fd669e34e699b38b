"""Names of a function: which are its own, how they are renamed, and which of another function's they stand for."""

import ast
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from feedback.repair.deadline import ENDLESS, Deadline
from feedback.repair.trees import forget
from services.kit.syntax import tree_of

S = TypeVar("S", bound=ast.stmt)
Values = Mapping[str, Sequence[str]]
"""What each variable was, in order, over all inputs: one short text a value."""


def own_names(function: ast.FunctionDef) -> tuple[str, ...]:
    """Parameters first, then everything bound inside, in the order of the code."""
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


def renamed(function: S, names: Mapping[str, str]) -> S:
    """A copy of the function (or of another statement) with its names replaced."""
    copy = _copied(function)
    forget(copy)
    for node in ast.walk(copy):
        match node:
            case ast.Name():
                node.id = names.get(node.id, node.id)
            case ast.arg():
                node.arg = names.get(node.arg, node.arg)
            case ast.FunctionDef() if node is not copy:
                node.name = names.get(node.name, node.name)
            case ast.ExceptHandler(name=str(name)):
                node.name = names.get(name, name)
            case ast.Global() | ast.Nonlocal():
                node.names = [names.get(name, name) for name in node.names]
    return copy


def _copied(statement: S) -> S:
    (copy,) = tree_of(ast.unparse(statement)).body
    assert isinstance(copy, type(statement))
    return copy


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
    ours, theirs = own_names(mine), own_names(other)
    chosen: dict[str, str] = {name: name for name in theirs if name in fixed}
    for our, their in zip(parameters(mine), parameters(other), strict=False):
        chosen[their.arg] = our.arg
    free_mine = [name for name in ours if name not in chosen.values() and name not in fixed]
    free_other = [name for name in theirs if name not in chosen]
    roles_mine, roles_other = _roles(mine), _roles(other)

    def score(one: str, two: str) -> float:
        deadline.step(1 + len(roles_mine.get(one, ())) + len(my_values.get(one, ())))
        return _score(roles_mine, roles_other, my_values, other_values, one, two)

    scored = sorted(
        (-score(one, two), i, j, one, two) for i, one in enumerate(free_mine) for j, two in enumerate(free_other)
    )
    for negative, _, _, one, two in scored:
        if negative < 0 and two not in chosen and one not in chosen.values():
            chosen[two] = one
    _freshen(chosen, theirs, {*ours, *fixed, *_globals(mine), *_globals(other)})
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


def _globals(function: ast.FunctionDef) -> set[str]:
    own = set(own_names(function))
    return {node.id for node in ast.walk(function) if isinstance(node, ast.Name)} - own


def _freshen(chosen: dict[str, str], theirs: Sequence[str], taken: set[str]) -> None:
    taken = {*taken, *chosen.values()}
    for name in theirs:
        if name not in chosen:
            fresh = name
            while fresh in taken:
                fresh += "_"
            chosen[name] = fresh
            taken.add(fresh)
