"""What to ask about how results come about: read off the reference's own splitting and fitting.

Only what to ask. What comes of it is seen while a learner's own code runs, whatever that looks like.
"""

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache

from feedback.evidence.cuts import cuts
from feedback.notebook.reading import names_read, parsed
from services.contracts.case import AuthorCase, Subtask
from services.contracts.observation import Behaviour

MAX_QUESTIONS = 4
_SPLIT = "train_test_split"
_PAIR = 2


def behaviour_id(index: int) -> str:
    """Id of the probe for the subtask's question of that position."""
    return f"behaviour:{index}"


def behaviours(case: AuthorCase, subtask: Subtask) -> tuple[Behaviour, ...]:
    """Questions about the tables and models that the subtask's own reference makes or uses."""
    until = [one for one in case.subtasks if one.view.index <= subtask.view.index]
    sources = tuple(source for one in until for source in one.reference.values())
    checks = tuple(check.source for check in subtask.checks)
    return _questions(sources, tuple(subtask.reference.values()), checks)


@lru_cache(maxsize=256)
def _questions(sources: tuple[str, ...], own: tuple[str, ...], checks: tuple[str, ...]) -> tuple[Behaviour, ...]:
    trees = [tree for tree in map(parsed, sources) if tree is not None]
    splits = [split for tree in trees for split in _splits(tree)]
    used = frozenset[str]().union(*map(names_read, own))
    found = [Behaviour(kind="overlap", names=(split[0], split[1])) for split in splits]
    found += [Behaviour(kind="overlap", names=pair) for tree in trees for pair in cuts(tree)]
    refits = [
        Behaviour(kind="refit", names=(model, split[0], split[2], split[1], split[3]))
        for tree in trees
        for model, rows, answers in _fits(tree)
        for split in splits
        if len(split) == 4 and (split[0], split[2]) == (rows, answers)
    ]
    asked = [one for one in dict.fromkeys([*found, *refits]) if _concerns(one, used)]
    mine = [tree for tree in map(parsed, own) if tree is not None]
    asked += [Behaviour(kind="folds", names=(name,)) for name in _plans(mine, [*own, *checks])]
    fitting = tuple(dict.fromkeys(name for tree in mine for name in _fitting(tree)))
    if fitting and not any(one.kind == "refit" for one in asked):
        asked.append(Behaviour(kind="fits", names=fitting))
    return tuple(asked[:MAX_QUESTIONS])


def _concerns(question: Behaviour, used: frozenset[str]) -> bool:
    return set(question.names[: 2 if question.kind == "overlap" else 1]) <= used


def _plans(mine: Sequence[ast.Module], readers: Sequence[str]) -> Iterator[str]:
    """Names filled at the margin that are taken apart in pairs somewhere: `for known, asked in name`."""
    taken = {
        loop.iter.id
        for tree in map(parsed, readers)
        for loop in (ast.walk(tree) if tree is not None else ())
        if isinstance(loop, ast.For | ast.comprehension)
        and isinstance(loop.iter, ast.Name)
        and isinstance(loop.target, ast.Tuple)
        and len(loop.target.elts) == _PAIR
    }
    for tree in mine:
        for statement in tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)]) if name in taken:
                    yield name


def _fitting(tree: ast.Module) -> Iterator[str]:
    """The functions and names that something is fitted in."""
    for statement in tree.body:
        if any(_is_fit(node) for node in ast.walk(statement)):
            match statement:
                case ast.FunctionDef(name=name):
                    yield name
                case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
                    yield name
                case ast.Assign(targets=[ast.Name(id=name)]):
                    yield name
                case ast.For() | ast.With():
                    yield from (n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and _stored(n))


def _is_fit(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="fit" | "fit_transform" | "fit_predict")):
            return True
        case ast.Call(func=ast.Name(id="cross_val_score" | "cross_validate" | "cross_val_predict")):
            return True
    return False


def _stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _splits(tree: ast.Module) -> Iterator[Sequence[str]]:
    """Targets of `a, b, c, d = train_test_split(…)` at the margin."""
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Call(func=function)):
                called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                names = [target.id for target in targets if isinstance(target, ast.Name)]
                if called == _SPLIT and len(names) == len(targets) and len(names) in (2, 4):
                    yield names


def _fits(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """(model, rows, answers) of `model.fit(rows, answers)` and `model = ….fit(rows, answers)` at the margin."""
    for statement in tree.body:
        match statement:
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=model), attr="fit"), args=[rows, answers])
            ):
                pass
            case ast.Assign(
                targets=[ast.Name(id=model)], value=ast.Call(func=ast.Attribute(attr="fit"), args=[rows, answers])
            ):
                pass
            case _:
                continue
        if isinstance(rows, ast.Name) and isinstance(answers, ast.Name):
            yield model, rows.id, answers.id
