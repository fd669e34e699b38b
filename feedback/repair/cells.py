"""A step's whole cell with a correct one laid over it: statements outside of functions, and functions among them."""

import ast
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from feedback.repair.deadline import ENDLESS, Deadline
from feedback.repair.draft import TOP, in_words
from feedback.repair.edits import Edit, Merge
from feedback.repair.names import mapping, own_names, renamed
from feedback.repair.rewriting import rewritten
from feedback.repair.space import Space
from feedback.repair.trees import Bag, bag, likeness, text, written
from services.kit.syntax import tree_of

_MARGIN: Final = "Module.body"
_NO_VARIABLES: Final = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


@dataclass(frozen=True, eq=False)
class CorrectCell:
    """A correct answer, as a whole."""

    tree: ast.Module
    kinds: Bag = field(repr=False)


class CorrectCells:
    """All known correct answers of a step that is one cell, the reference first.

    Args:
        programs: sources of cells that pass everything.
        fixed: names that somebody else asks for: checks, comparisons, other cells. All others may be called otherwise.
    """

    def __init__(self, programs: Iterable[str], fixed: Collection[str]) -> None:
        self.fixed = frozenset(fixed)
        self._cells: list[CorrectCell] = []
        self._known: set[str] = set()
        self.learn(programs)

    def learn(self, programs: Iterable[str]) -> None:
        """Add sources of cells that pass everything; those that are known already, or are no Python, change nothing."""
        for source in programs:
            try:
                tree = tree_of(source)
            except (SyntaxError, ValueError, RecursionError):
                continue
            tree.body = [_bare(node) for node in tree.body]
            if text(tree) not in self._known:
                self._known.add(text(tree))
                self._cells.append(CorrectCell(tree, bag(tree)))

    def nearest(self, tree: ast.Module, count: int) -> list[CorrectCell]:
        """The `count` answers that are most like the tree, by subtrees with names left out."""
        kinds = bag(tree)
        return sorted(self._cells, key=lambda one: -likeness(kinds, one.kinds))[:count]

    @property
    def lines(self) -> list[str]:
        """Every line of code of these answers, once."""
        found = (line.strip() for cell in self._cells for line in written(cell.tree).splitlines())
        return list(dict.fromkeys(line for line in found if line))


def forms(source: str, most: int) -> list[str]:
    """The cell with one of its functions written in another way: at most `most` of each, each yet to be tried."""
    tree = tree_of(source)
    found = []
    for number, node in enumerate(tree.body):
        for form in rewritten(node, most) if isinstance(node, ast.FunctionDef) else ():
            found.append(ast.unparse(ast.Module([*tree.body[:number], form, *tree.body[number + 1 :]], [])))
    return found


class CellDraft(Space):
    """The repairs that lie between a learner's cell and another one. Making it raises OutOfTime."""

    def __init__(self, mine: ast.Module, other: ast.Module, deadline: Deadline = ENDLESS) -> None:
        self._mine = mine
        self._merge = Merge(mine, other, 0, deadline)
        edits = {edit.number: edit for edit in self._merge.edits}
        groups: dict[str, frozenset[int]] = {}
        for number, edit in edits.items():
            name = _group(edit, mine)
            groups[name] = groups.get(name, frozenset()) | {number}
        super().__init__(edits, groups, deadline)

    def changed(self, active: frozenset[int]) -> tuple[ast.Module, ast.Module]:
        """The statements that these edits change: as the learner has them, and with the edits."""
        mine, other = self._mine.body, self._statements(active)
        gone = Counter(map(text, mine)) - Counter(map(text, other))
        new = Counter(map(text, other)) - Counter(map(text, mine))
        return ast.Module(_those(mine, gone), []), ast.Module(_those(other, new), [])

    def makes(self, active: frozenset[int]) -> frozenset[str]:
        """Names outside of functions whose statements these edits change."""
        changed = (node for side in self.changed(active) for node in side.body)
        return frozenset(name for node in changed if not isinstance(node, _NO_VARIABLES) for name in _made(node))

    def _statements(self, active: frozenset[int]) -> list[ast.stmt]:
        module = self._merge.render(active)
        assert isinstance(module, ast.Module)
        return module.body


def laid_over(mine: ast.Module, answer: CorrectCell, fixed: Collection[str], deadline: Deadline = ENDLESS) -> CellDraft:
    """A correct answer, in the learner's words, laid over the learner's cell. Raises OutOfTime."""
    return CellDraft(mine, _in_words(mine, answer.tree, fixed, deadline), deadline)


def margin(tree: ast.Module) -> ast.FunctionDef:
    """What stands outside of functions, as if it were the body of one."""
    body = [node for node in tree.body if not isinstance(node, _NO_VARIABLES)] or [ast.Pass()]
    return ast.FunctionDef(TOP, ast.arguments([], [], None, [], [], None, []), body, [], None, None)


def _in_words(mine: ast.Module, other: ast.Module, fixed: Collection[str], deadline: Deadline) -> ast.Module:
    """The other cell in the learner's names; each function in those of the learner's function of that name."""
    names = mapping(margin(mine), margin(other), {}, {}, deadline, fixed)
    ours = {node.name: node for node in mine.body if isinstance(node, ast.FunctionDef)}
    return ast.Module([_statement(node, names, ours, deadline) for node in other.body], [])


def _statement(node: ast.stmt, names: dict[str, str], ours: dict[str, ast.FunctionDef], deadline: Deadline) -> ast.stmt:
    if not isinstance(node, ast.FunctionDef):
        return renamed(node, names)
    own = own_names(node)
    fresh = renamed(node, {old: new for old, new in names.items() if old not in own})
    return in_words(ours[node.name], fresh, {}, {}, deadline) if node.name in ours else fresh


def _bare(node: ast.stmt) -> ast.stmt:
    """Without its docstring: words of others are no part of an answer."""
    if isinstance(node, ast.FunctionDef) and len(node.body) > 1:
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            node.body = node.body[1:]
    return node


def _group(edit: Edit, mine: ast.Module) -> str:
    """The function that the edit is in; TOP where it is in none, or a function as a whole goes."""
    if edit.place != _MARGIN:
        return function_at(mine, edit.lines[0]) or TOP
    return edit.other.name if isinstance(edit.other, ast.FunctionDef) else TOP


def function_at(tree: ast.Module, line: int) -> str | None:
    """The function outside of all others that has this line."""
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return next((node.name for node in functions if node.lineno <= line <= (node.end_lineno or line)), None)


def _made(node: ast.stmt) -> Iterator[str]:
    """Names that a statement gives a value, whole or in part."""
    for one in ast.walk(node):
        match one:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                yield name
            case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store()):
                yield name


def _those(body: Sequence[ast.stmt], wanted: Counter[str]) -> list[ast.stmt]:
    """Of the statements so many of each text."""
    left = Counter(wanted)

    def taken() -> Iterator[ast.stmt]:
        for node in body:
            if left[text(node)] > 0:
                left[text(node)] -= 1
                yield node

    return list(taken())
