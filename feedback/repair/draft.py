"""A learner's program and one correct solution for each of its functions, as one set of edits."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from feedback.repair.edits import Edit, Merge
from feedback.repair.names import Values, mapping, own_names, renamed
from feedback.repair.pool import Solution, binds
from feedback.repair.trees import bag, likeness, size

TOP = "<program>"
_HELPER_LIKENESS = 0.5


@dataclass(frozen=True, eq=False)
class _Piece:
    """Some statements of the program: as the learner has them, as the solution has them, or laid over each other."""

    group: str
    """The function that it is about; TOP for code outside of functions."""
    edits: tuple[Edit, ...]
    mine: ast.stmt | None = None
    merge: Merge | None = None
    inserted: ast.stmt | None = None

    def render(self, active: frozenset[int]) -> ast.stmt | None:
        if self.merge is not None:
            node = self.merge.render(active)
            assert isinstance(node, ast.stmt)
            return node
        taken = any(edit.number in active for edit in self.edits)
        return self.inserted if taken else self.mine


class Draft:
    """The repairs that lie between a learner's program and the solutions chosen for its functions."""

    def __init__(self, pieces: Iterable[_Piece], source: str) -> None:
        self._pieces, self.source = tuple(pieces), source
        self.edits = {edit.number: edit for piece in self._pieces for edit in piece.edits}
        self.groups: dict[str, frozenset[int]] = {}
        for piece in self._pieces:
            numbers = frozenset(edit.number for edit in piece.edits)
            self.groups[piece.group] = self.groups.get(piece.group, frozenset()) | numbers
        self._sources: dict[frozenset[int], str] = {}

    @property
    def everything(self) -> frozenset[int]:
        """All edits: the correct solutions themselves, in the learner's names."""
        return frozenset(self.edits)

    def cost(self, active: frozenset[int]) -> int:
        """About how many nodes these edits change."""
        return sum(self.edits[number].cost for number in active)

    def render(self, active: frozenset[int]) -> str:
        """The program with these edits."""
        if active not in self._sources:
            nodes = [node for piece in self._pieces if (node := piece.render(active)) is not None]
            self._sources[active] = ast.unparse(ast.Module(nodes, []))
        return self._sources[active]


def function_called(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    """The function of that name that counts: the last one."""
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    return found[-1] if found else None


def misnamed(tree: ast.Module, required: Iterable[str]) -> dict[str, ast.FunctionDef]:
    """Functions that are there under another name: required and missing -> the only one that nothing uses."""
    missing = [name for name in required if function_called(tree, name) is None]
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    idle = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name not in used and n.name not in required]
    return {missing[0]: idle[0]} if len(missing) == len(idle) == 1 else {}


def draft(
    source: str,
    tree: ast.Module,
    chosen: Mapping[str, Solution],
    my_values: Mapping[str, Values],
    values: Mapping[str, Values],
) -> Draft:
    """Lay the chosen solutions over the program.

    Args:
        chosen: required function -> the correct solution for it.
        my_values, values: required function -> values of its variables, in the program and in the solution.
    """
    others = misnamed(tree, chosen)
    counted = {id(others.get(name) or function_called(tree, name)): name for name in chosen}
    taken = {name for node in tree.body for name in binds(node)} | set(chosen)
    pieces: list[_Piece] = []
    late: list[_Piece] = []
    overlaid: dict[int, _Piece] = {}
    number = 0
    for name, solution in chosen.items():
        mine = others.get(name) or function_called(tree, name)
        names, pairs = _helper_names(tree, mine, solution, taken)
        for helper in solution.helpers:
            fresh = _with_names(helper, names)
            partner = pairs.get(id(helper))
            if partner is not None and id(partner) not in overlaid and isinstance(fresh, ast.FunctionDef):
                overlaid[id(partner)] = piece = _merged(name, partner, _in_words(partner, fresh, {}, {}), number)
            elif isinstance(helper, ast.FunctionDef | ast.ClassDef):
                late.append(piece := _new(name, fresh, number))
            else:
                pieces.append(piece := _new(name, fresh, number))
            number += len(piece.edits)
        target = renamed(solution.function, names) if names else solution.function
        if mine is None:
            late.append(piece := _new(name, target, number))
        else:
            target = _in_words(mine, target, my_values.get(name, {}), values.get(name, {}))
            overlaid[id(mine)] = piece = _merged(name, mine, target, number)
        number += len(piece.edits)
    for node in tree.body:
        if id(node) in overlaid:
            pieces.append(overlaid[id(node)])
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom) or id(node) in counted:
            pieces.append(_Piece(TOP, (), mine=node))
        else:
            edit = Edit(number, "delete", node, None, "Module.body", size(node), _lines(node))
            pieces.append(_Piece(TOP, (edit,), mine=node))
            number += 1
    return Draft((*pieces, *late), source)


def _merged(group: str, mine: ast.FunctionDef, other: ast.FunctionDef, number: int) -> _Piece:
    merge = Merge(mine, other, number)
    return _Piece(group, tuple(merge.edits), mine=mine, merge=merge)


def _new(group: str, node: ast.stmt, number: int) -> _Piece:
    edit = Edit(number, "insert", None, node, "Module.body", size(node), (1, 1))
    return _Piece(group, (edit,), inserted=node)


def _in_words(mine: ast.FunctionDef, other: ast.FunctionDef, my_values: Values, values: Values) -> ast.FunctionDef:
    """The other function in the learner's names, with the learner's own docstring."""
    target = renamed(other, mapping(mine, other, my_values, values))
    first = mine.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        target.body.insert(0, first)
    return target


def _helper_names(
    tree: ast.Module, mine: ast.FunctionDef | None, solution: Solution, taken: set[str]
) -> tuple[dict[str, str], dict[int, ast.FunctionDef]]:
    """New names of the solution's helpers, and the learner's functions that they stand for."""
    names: dict[str, str] = {}
    pairs: dict[int, ast.FunctionDef] = {}
    used = {node.id for node in ast.walk(mine) if isinstance(node, ast.Name)} if mine else set()
    free = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in used and n is not mine]
    free = [node for node in free if node.name != solution.name]
    for helper in solution.helpers:
        if not isinstance(helper, ast.FunctionDef):
            continue
        kinds = bag(helper)
        best = max(free, key=lambda node: likeness(kinds, bag(node)), default=None)
        if best is not None and likeness(kinds, bag(best)) >= _HELPER_LIKENESS:
            free.remove(best)
            pairs[id(helper)] = best
            names[helper.name] = best.name
        elif helper.name in taken:
            names[helper.name] = _fresh(helper.name, taken)
    own = set(own_names(solution.function))
    return {old: new for old, new in names.items() if old not in own}, pairs


def _fresh(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _with_names(node: ast.stmt, names: Mapping[str, str]) -> ast.stmt:
    if not names or not isinstance(node, ast.FunctionDef):
        return node
    copy = renamed(node, names)
    copy.name = names.get(copy.name, copy.name)
    return copy


def _lines(node: ast.stmt) -> tuple[int, int]:
    return node.lineno, node.end_lineno or node.lineno
