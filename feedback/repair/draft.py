"""A learner's program with one correct solution laid over each of its functions: the space of repairs."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from feedback.repair.deadline import ENDLESS, Deadline
from feedback.repair.edits import Edit, Merge
from feedback.repair.names import Values, mapping, own_names, renamed
from feedback.repair.pool import Solution, binds
from feedback.repair.space import Space
from feedback.repair.trees import bag, likeness, size

TOP = "<program>"
"""The group of edits to code outside of functions."""
_HELPER_LIKENESS = 0.5
_KEPT = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


class Numbers:
    """Numbers for the edits of one program, each given once, until a deadline has passed."""

    def __init__(self, deadline: Deadline = ENDLESS) -> None:
        self.next, self.deadline = 0, deadline


@dataclass(eq=False)
class Overlay:
    """One solution laid over one function of the learner's, and over the helpers of both."""

    group: str
    over: dict[int, Merge] = field(default_factory=dict)
    """By `id` of the learner's statement."""
    before: list[Edit] = field(default_factory=list)
    after: list[Edit] = field(default_factory=list)
    """Statements that go to the top, and to the end, of the program."""
    deleted: dict[int, Edit] = field(default_factory=dict)
    """Statements that may go, by `id`."""

    @property
    def edits(self) -> Iterator[Edit]:
        """All of them."""
        for merge in self.over.values():
            yield from merge.edits
        yield from self.before
        yield from self.after
        yield from self.deleted.values()


class Draft(Space):
    """The repairs that lie between a learner's program and the overlays chosen for its functions."""

    def __init__(self, tree: ast.Module, overlays: Mapping[str, Overlay], deadline: Deadline = ENDLESS) -> None:
        self._tree, self._overlays = tree, overlays
        super().__init__(
            {edit.number: edit for overlay in overlays.values() for edit in overlay.edits},
            {name: frozenset(edit.number for edit in one.edits) for name, one in overlays.items()},
            deadline,
        )

    def group(self, name: str, active: frozenset[int]) -> tuple[ast.Module, ast.Module]:
        """What one overlay is about: as the learner has it, and with these edits."""
        overlay = self._overlays[name]
        about = [node for node in self._tree.body if id(node) in overlay.over or id(node) in overlay.deleted]
        changed = [*_taken(overlay.before, active), *_over(about, [overlay], active), *_taken(overlay.after, active)]
        return ast.Module([*about], []), ast.Module(changed, [])

    def _statements(self, active: frozenset[int]) -> list[ast.stmt]:
        overlays = list(self._overlays.values())
        before = [node for one in overlays for node in _taken(one.before, active)]
        after = [node for one in overlays for node in _taken(one.after, active)]
        return [*before, *_over(self._tree.body, overlays, active), *after]


def _taken(edits: Sequence[Edit], active: frozenset[int]) -> list[ast.stmt]:
    return [edit.other for edit in edits if edit.number in active and isinstance(edit.other, ast.stmt)]


def _over(body: Sequence[ast.stmt], overlays: Sequence[Overlay], active: frozenset[int]) -> Iterator[ast.stmt]:
    for node in body:
        merge = next((one.over[id(node)] for one in overlays if id(node) in one.over), None)
        deleted = next((one.deleted[id(node)] for one in overlays if id(node) in one.deleted), None)
        if merge is not None:
            changed = merge.render(active)
            assert isinstance(changed, ast.stmt)
            yield changed
        elif deleted is None or deleted.number not in active:
            yield node


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


def overlay_of_top(tree: ast.Module, numbers: Numbers) -> Overlay:
    """Code outside of functions, which is in the way at times and never asked for."""
    overlay = Overlay(TOP)
    for node in tree.body:
        if not isinstance(node, _KEPT):
            lines = node.lineno, node.end_lineno or node.lineno
            overlay.deleted[id(node)] = Edit(numbers.next, "delete", node, None, "Module.body", "", size(node), lines)
            numbers.next += 1
    return overlay


def overlay(
    tree: ast.Module,
    mine: ast.FunctionDef | None,
    solution: Solution,
    numbers: Numbers,
    my_values: Values,
    values: Values,
) -> Overlay:
    """Lay a solution over the learner's function, which may be missing. Raises OutOfTime."""
    found = Overlay(solution.name)
    names, pairs = _helper_names(tree, mine, solution)
    for helper in solution.helpers:
        fresh, partner = _with_names(helper, names), pairs.get(id(helper))
        if partner is not None and isinstance(fresh, ast.FunctionDef):
            found.over[id(partner)] = _merged(partner, in_words(partner, fresh, {}, {}, numbers.deadline), numbers)
        else:
            late = isinstance(helper, ast.FunctionDef | ast.ClassDef)
            (found.after if late else found.before).append(_new(fresh, numbers))
    target = renamed(solution.function, names) if names else solution.function
    if mine is None:
        found.after.append(_new(target, numbers))
    else:
        words = in_words(mine, target, my_values, values, numbers.deadline)
        found.over[id(mine)] = _merged(mine, words, numbers)
    return found


def overlay_of(mine: ast.FunctionDef, other: ast.FunctionDef, group: str, numbers: Numbers) -> Overlay:
    """Lay a changed form of the learner's function over it. Raises OutOfTime."""
    return Overlay(group, over={id(mine): _merged(mine, other, numbers)})


def _merged(mine: ast.FunctionDef, other: ast.FunctionDef, numbers: Numbers) -> Merge:
    merge = Merge(mine, other, numbers.next, numbers.deadline)
    numbers.next += len(merge.edits)
    return merge


def _new(node: ast.stmt, numbers: Numbers) -> Edit:
    numbers.next += 1
    return Edit(numbers.next - 1, "insert", None, node, "Module.body", "", size(node), (1, 1))


def in_words(
    mine: ast.FunctionDef,
    other: ast.FunctionDef,
    my_values: Values,
    values: Values,
    deadline: Deadline,
) -> ast.FunctionDef:
    """The other function in the learner's names, with the learner's own docstring. Raises OutOfTime."""
    target = renamed(other, mapping(mine, other, my_values, values, deadline))
    first = mine.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        target.body = [first, *target.body]
    return target


def _helper_names(
    tree: ast.Module, mine: ast.FunctionDef | None, solution: Solution
) -> tuple[dict[str, str], dict[int, ast.FunctionDef]]:
    """New names of the solution's helpers, and the learner's functions that they stand for."""
    taken = {name for node in tree.body for name in binds(node)}
    names: dict[str, str] = {}
    pairs: dict[int, ast.FunctionDef] = {}
    free = [(node, bag(node)) for node in _own_helpers(tree, mine)] if solution.helpers else []
    for helper in solution.helpers:
        if not isinstance(helper, ast.FunctionDef):
            continue
        kinds = bag(helper)
        best = max(free, key=lambda one: likeness(kinds, one[1]), default=None)
        if best is not None and likeness(kinds, best[1]) >= _HELPER_LIKENESS:
            free.remove(best)
            pairs[id(helper)] = best[0]
            names[helper.name] = best[0].name
        elif helper.name in taken:
            names[helper.name] = _fresh(helper.name, taken)
    own = set(own_names(solution.function))
    return {old: new for old, new in names.items() if old not in own}, pairs


def _own_helpers(tree: ast.Module, mine: ast.FunctionDef | None) -> list[ast.FunctionDef]:
    """Functions that this one uses and no other does."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    read = [{node.id for node in ast.walk(one) if isinstance(node, ast.Name)} for one in functions]
    readers = {
        one.name: [f for f, names in zip(functions, read, strict=True) if f is not one and one.name in names]
        for one in functions
    }
    return [one for one in functions if readers[one.name] == [mine]]


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
