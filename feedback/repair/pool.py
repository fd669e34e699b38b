"""Correct solutions, cut into one piece for each function that the checks ask for."""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from feedback.repair.deadline import ENDLESS, Deadline, OutOfTime
from feedback.repair.names import own_names, renamed
from feedback.repair.ports import Trials
from feedback.repair.rewriting import forms
from feedback.repair.trees import Bag, bag, likeness, size, text, written
from services.kit.syntax import tree_of

MAX_REWRITTEN = 80
"""Other forms of each function of the reference."""


@dataclass(frozen=True, eq=False)
class Solution:
    """One function of a correct program, with what it needs around it."""

    name: str
    function: ast.FunctionDef
    helpers: tuple[ast.stmt, ...]
    """Imports, values and functions of its program that it uses, in order."""
    program: str
    """Where it comes from: values of its variables are asked for by running the whole."""
    kinds: Bag = field(repr=False)


class Pool:
    """All known correct solutions of one subtask, the reference first.

    Args:
        programs: sources of programs that pass every check.
        required: the functions that the checks call.
    """

    def __init__(self, programs: Sequence[str], required: Sequence[str]) -> None:
        self.required = tuple(required)
        self._of: dict[str, list[Solution]] = {name: [] for name in required}
        self._known: set[tuple[str, str]] = set()
        self.values: dict[str, Mapping[str, Sequence[str]]] = {}
        """By program, the values that its variables take; whoever has seen them puts them here."""
        self._read: set[str] = set()
        self.learn(programs)

    def learn(self, programs: Iterable[str], deadline: Deadline = ENDLESS) -> None:
        """Add sources of programs that pass every check; those that are known already cost nothing.

        What there is no time to read is left for another time.
        """
        for source in programs:
            if source not in self._read:
                if deadline.over():
                    return
                self._read.add(source)
                self._add(source)

    def _add(self, source: str, names: Collection[str] | None = None) -> None:
        for solution in _solutions(source, self.required):
            key = solution.name, _nameless(solution)
            if key not in self._known and (names is None or solution.name in names):
                self._known.add(key)
                self._of[solution.name].append(solution)

    def rewrite(self, trials: Trials, most: int = MAX_REWRITTEN, deadline: Deadline = ENDLESS) -> None:
        """Add other forms of the reference: at most `most` of each function, each run on the checks.

        Fewer where there is no time to make more.
        """
        for name in self.required:
            for solution in self._of[name][:1]:
                sources = list(_forms(solution, most, deadline))
                for source, correct in zip(sources, trials.passed(sources) if sources else (), strict=True):
                    if correct:
                        self._add(source, (name,))

    def nearest(self, function: ast.FunctionDef, name: str, count: int) -> list[Solution]:
        """The `count` solutions that are most like the function, by subtrees with names left out."""
        kinds = bag(function)
        return sorted(self._of[name], key=lambda one: -likeness(kinds, one.kinds))[:count]

    @property
    def solutions(self) -> list[Solution]:
        """All of all functions."""
        return [one for solutions in self._of.values() for one in solutions]

    @property
    def lines(self) -> list[str]:
        """Every line of code of these solutions, once."""
        found = (line.strip() for one in self.solutions for line in written(one.function).splitlines())
        return list(dict.fromkeys(line for line in found if line))

    def shortest(self, name: str) -> list[Solution]:
        """All of them, those with the smallest trees first."""
        return sorted(self._of[name], key=lambda one: size(one.function) + sum(map(size, one.helpers)))


def _forms(solution: Solution, most: int, deadline: Deadline) -> Iterator[str]:
    """The solution's program with other forms of its function, until there is no more time."""
    tree = tree_of(solution.program)
    with suppress(OutOfTime):
        for form in islice(forms(solution.function, deadline), most):
            body = [form if isinstance(n, ast.FunctionDef) and n.name == solution.name else n for n in tree.body]
            yield ast.unparse(ast.Module(body, []))


def _solutions(source: str, required: Sequence[str]) -> Iterator[Solution]:
    try:
        body = tree_of(source).body
    except (SyntaxError, ValueError, RecursionError):
        return
    defined = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    for name in required:
        if name in defined:
            function = _bare(defined[name])
            helpers = _helpers(function, body, required)
            yield Solution(name, function, helpers, source, bag(function, *helpers))


def _helpers(function: ast.FunctionDef, body: Sequence[ast.stmt], required: Sequence[str]) -> tuple[ast.stmt, ...]:
    """What the function uses of its program, directly or by way of something else."""
    wanted, taken = _read(function), set[int]()
    grown = True
    while grown:
        grown = False
        for at, node in enumerate(body):
            names = binds(node)
            if at not in taken and names & wanted and not names & set(required):
                taken.add(at)
                wanted |= _read(node)
                grown = True
    return tuple(body[at] for at in sorted(taken))


def binds(node: ast.stmt) -> set[str]:
    """Names that a statement of a module defines."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {(alias.asname or alias.name).partition(".")[0] for alias in names}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _read(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _bare(function: ast.FunctionDef) -> ast.FunctionDef:
    """Without its docstring: words of others are no part of a solution."""
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(function.body) > 1:
        function.body = function.body[1:]
    return function


def _nameless(solution: Solution) -> str:
    names = {name: f"v{number}" for number, name in enumerate(own_names(solution.function))}
    return text(renamed(solution.function, names)) + "".join(map(text, solution.helpers))
