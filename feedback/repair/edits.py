"""The learner's tree and a correct one laid over each other: what differs is a set of edits, each to be taken or not.

All edits taken give the correct tree, none of them the learner's; what lies between is the space of repairs. What a
function is said to return stays as it is.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

from feedback.repair.deadline import ENDLESS, Deadline
from feedback.repair.trees import inside, size, text, with_fields

How = Literal["replace", "insert", "delete", "wrap", "unwrap"]
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
MAX_SPREAD = 8
"""Statements of a block that may be put into, or taken out of, one statement around them."""
_COMPOUND = (ast.If, ast.For, ast.While, ast.With, ast.Try)
_NAMED = "FunctionDef.name"

_ROLES = {
    "If.test": "condition",
    "While.test": "condition",
    "IfExp.test": "condition",
    "Assert.test": "condition",
    "comprehension.ifs": "condition",
    "For.iter": "bound",
    "For.target": "bound",
    "comprehension.iter": "bound",
    "Return.value": "result",
    "Assign.value": "value",
    "AugAssign.value": "value",
    "AugAssign.op": "value",
    "Assign.targets": "value",
    "Expr.value": "value",
    "FunctionDef.args": "parameters",
} | {f"{kind}.{field}": "step" for kind in ("FunctionDef", "For", "While", "If", "With", "Try") for field in _BLOCKS}


@dataclass(frozen=True, eq=False)
class Edit:
    """One place where the two trees differ."""

    number: int
    how: How
    mine: ast.AST | None
    other: ast.AST | None
    place: str
    """The field of the node that it stands in: `Compare.ops`, `For.body` …"""
    role: str
    """What it is part of: a condition, a bound, a result, an argument, a value, a step; "" outside of functions."""
    cost: int
    """About how many nodes it changes."""
    lines: tuple[int, int]
    """Of the learner's code; where something is inserted, the line after which it belongs."""

    @property
    def span(self) -> tuple[int, int]:
        """First and last line at which a reader sees the change.

        A deletion has the statement's own lines. An insertion changes no line that is there: it has the two between
        which it belongs. What goes around other statements, or from around them, is where its head is or would be.
        """
        first, last = self.lines
        return (last, last + 1) if self.how in ("insert", "wrap") else (first, last)


@dataclass(frozen=True, eq=False)
class _Choice:
    """Take the edit or not."""

    edit: Edit


@dataclass(frozen=True, eq=False)
class _Word:
    """A name that is written into a node, not a node of its own."""

    edit: Edit
    mine: str
    other: str


@dataclass(frozen=True, eq=False)
class _Around:
    """A statement that stands around others in one of the trees only."""

    edit: Edit
    field: str
    """The block of it in which the others stand."""
    inner: "list[_Item]"


@dataclass(frozen=True, eq=False)
class _Both:
    """A node of both trees whose fields are merged."""

    mine: ast.AST
    fields: "dict[str, _Item | _Word | list[_Item]]"
    numbers: frozenset[int]
    """Of the edits within."""
    made: dict[frozenset[int], ast.AST] = field(default_factory=dict)
    """By those of them that are taken; sets of edits have most of their parts in common."""


_Item = ast.AST | _Choice | _Around | _Both
_Span = tuple[Sequence[ast.AST], Sequence[ast.AST], int, int, int, int]
"""Two blocks, and from where to where in each."""
_Step = tuple[str, int, int]
"""What to do with the first statements of two spans, and where both go on."""
_Way = tuple[int, tuple[_Span, ...], _Step]
"""What a step costs by itself, the spans that are left to turn into each other, and the step."""


class Merge:
    """Two functions (or modules) laid over each other. Making one raises OutOfTime when the deadline has passed."""

    def __init__(self, mine: ast.AST, other: ast.AST, first: int = 0, deadline: Deadline = ENDLESS) -> None:
        self.edits: list[Edit] = []
        self._deadline = deadline
        self._first = first
        self._costs: dict[tuple[int, int], int] = {}
        self._blocks: dict[tuple[int, ...], tuple[int, _Step]] = {}
        self._sums: dict[int, tuple[Sequence[ast.AST], list[int]]] = {}
        self._line = getattr(mine, "lineno", 1)
        self._role = "step"
        self._root = self._node(mine, other, "")

    def render(self, active: frozenset[int]) -> ast.AST:
        """The learner's tree with the edits of these numbers."""
        (node,) = _rendered(self._root, active)
        return node

    # How much it costs to turn one into the other.

    def _cost(self, one: ast.AST, two: ast.AST) -> int:
        key = id(one), id(two)
        if key not in self._costs:
            self._deadline.step()
            self._costs[key] = self._costed(one, two)
        return self._costs[key]

    def _costed(self, one: ast.AST, two: ast.AST) -> int:
        if text(one) == text(two):
            return 0
        around = _around_cost(one, two)
        if type(one) is type(two):
            return min(self._fields_cost(one, two), size(one) + size(two) if around is None else around)
        if around is not None:
            return around
        whole = max(size(one), size(two))
        if isinstance(one, ast.stmt) or isinstance(two, ast.stmt):
            return whole + 1 if _compound(one) or _compound(two) else whole
        return whole

    def _fields_cost(self, one: ast.AST, two: ast.AST) -> int:
        total = 0
        for name in one._fields:
            if name == "returns":
                continue
            mine, other = getattr(one, name, None), getattr(two, name, None)
            if isinstance(mine, list) and isinstance(other, list):
                if name in _BLOCKS:
                    total += self._block_cost(mine, other, 0, len(mine), 0, len(other))
                else:
                    total += self._list_cost(mine, other)
            elif isinstance(mine, ast.AST) and isinstance(other, ast.AST):
                total += self._cost(mine, other) if not isinstance(mine, ast.expr_context) else 0
            elif isinstance(mine, ast.AST) or isinstance(other, ast.AST):
                total += sum(size(side) for side in (mine, other) if isinstance(side, ast.AST))
            elif mine != other or type(mine) is not type(other):
                total += name != "type_comment"
        return total

    def _list_cost(self, mine: list[object], other: list[object]) -> int:
        if len(mine) == len(other):
            return sum(
                self._cost(a, b) if isinstance(a, ast.AST) and isinstance(b, ast.AST) else int(a != b)
                for a, b in zip(mine, other, strict=True)
            )
        return sum(size(node) for node in (*mine, *other) if isinstance(node, ast.AST))

    def _block_cost(self, mine: Sequence[ast.AST], other: Sequence[ast.AST], i: int, m: int, j: int, n: int) -> int:
        return self._step(mine, other, i, m, j, n)[0]

    def _step(
        self, mine: Sequence[ast.AST], other: Sequence[ast.AST], i: int, m: int, j: int, n: int
    ) -> tuple[int, _Step]:
        """Cost of turning mine[i:m] into other[j:n], and the first step."""
        if i == m and j == n:
            return 0, ("end", i, j)
        key = (id(mine), id(other), i, m, j, n)
        known = self._blocks.get(key)
        if known is None:
            self._deadline.step()
            known = self._blocks[key] = self._cheapest(self._ways(mine, other, i, m, j, n))
        return known

    def _cheapest(self, ways: Iterator[_Way]) -> tuple[int, _Step]:
        best = None
        for own, spans, step in ways:
            # Most ways are dearer by the sizes of what is left alone, and need not be followed.
            if best is None or own + sum([self._least(*span) for span in spans]) < best[0]:
                cost = own + sum([self._block_cost(*span) for span in spans])
                if best is None or cost < best[0]:
                    best = cost, step
        assert best is not None
        return best

    def _least(self, mine: Sequence[ast.AST], other: Sequence[ast.AST], i: int, m: int, j: int, n: int) -> int:
        """What turning mine[i:m] into other[j:n] costs at least: one is larger than the other by so many nodes.

        By a little too much where an annotation of what an inner function returns is all that is longer: that is free.
        """
        ours, theirs = self._sizes(mine), self._sizes(other)
        return abs(ours[m] - ours[i] - theirs[n] + theirs[j])

    def _sizes(self, block: Sequence[ast.AST]) -> list[int]:
        """Nodes of the first statements of a block, for each number of them."""
        if id(block) not in self._sums:
            # A block that is known by its id has to stay.
            self._sums[id(block)] = block, list(accumulate(map(size, block), initial=0))
        return self._sums[id(block)][1]

    def _ways(
        self, mine: Sequence[ast.AST], other: Sequence[ast.AST], i: int, m: int, j: int, n: int
    ) -> Iterator[_Way]:
        if i < m and j < n:
            here = self._cost(mine[i], other[j])
            if type(mine[i]) is type(other[j]) or not (_compound(mine[i]) or _compound(other[j])):
                yield here, ((mine, other, i + 1, m, j + 1, n),), ("match", i + 1, j + 1)
                if here == 0:
                    return
        if i < m:
            yield size(mine[i]), ((mine, other, i + 1, m, j, n),), ("delete", i + 1, j)
        if j < n:
            yield size(other[j]), ((mine, other, i, m, j + 1, n),), ("insert", i, j + 1)
        if i < m and j < n:
            yield from self._ways_around(mine, other, i, m, j, n)

    def _ways_around(
        self, mine: Sequence[ast.AST], other: Sequence[ast.AST], i: int, m: int, j: int, n: int
    ) -> Iterator[_Way]:
        """One statement stands around others in one of the trees: around what is in its body, or in its `else`."""
        for arm in _inner_fields(mine[i]):
            block = getattr(mine[i], arm)
            around = size(mine[i]) - self._sizes(block)[-1]
            for k in range(j + 1, min(n, j + MAX_SPREAD) + 1):
                within = (block, other, 0, len(block), j, k)
                yield around, (within, (mine, other, i + 1, m, k, n)), (f"unwrap {arm}", i + 1, k)
        for arm in _inner_fields(other[j]):
            block = getattr(other[j], arm)
            around = size(other[j]) - self._sizes(block)[-1]
            for k in range(i + 1, min(m, i + MAX_SPREAD) + 1):
                within = (mine, block, i, k, 0, len(block))
                yield around, (within, (mine, other, k, m, j + 1, n)), (f"wrap {arm}", k, j + 1)

    # The merged tree.

    @property
    def _next(self) -> int:
        """The number of the next edit."""
        return self._first + len(self.edits)

    def _edit(self, how: How, mine: ast.AST | None, other: ast.AST | None, place: str, cost: int) -> Edit:
        line = getattr(mine, "lineno", self._line)
        end = getattr(mine, "end_lineno", None) or line
        if (isinstance(mine, _COMPOUND) and how != "delete") or place == _NAMED:
            # Only the head changes.
            end = line
        edit = Edit(self._next, how, mine, other, place, self._role, cost, (line, end))
        self.edits.append(edit)
        return edit

    def _node(self, one: ast.AST, two: ast.AST, place: str) -> _Item:
        self._line = getattr(one, "lineno", self._line)
        if text(one) == text(two):
            self._line = getattr(one, "end_lineno", None) or self._line
            return one
        cost = self._cost(one, two)
        if type(one) is not type(two) or (isinstance(one, ast.expr) and self._lumped(one, two)):
            return _Choice(self._edit("replace", one, two, place, cost))
        return self._fields(one, two)

    def _lumped(self, one: ast.AST, two: ast.AST) -> bool:
        around = _around_cost(one, two)
        return self._fields_cost(one, two) >= (size(one) + size(two) if around is None else around) or any(
            isinstance(mine, list) and isinstance(other, list) and len(mine) != len(other)
            for mine, other in ((getattr(one, name, None), getattr(two, name, None)) for name in one._fields)
        )

    def _fields(self, one: ast.AST, two: ast.AST) -> _Item:
        kind = type(one).__name__
        if any(_plainly_differs(one, two, name) for name in one._fields):
            # What differs is no node of its own, so the edit is the node as a whole.
            return _Choice(self._edit("replace", one, two, kind, self._cost(one, two)))
        fields: dict[str, _Item | _Word | list[_Item]] = {}
        first = self._next
        if isinstance(one, ast.FunctionDef) and isinstance(two, ast.FunctionDef) and one.name != two.name:
            fields["name"] = _Word(self._edit("replace", one, two, _NAMED, 1), one.name, two.name)
        role = self._role
        for name in one._fields:
            mine, other = getattr(one, name, None), getattr(two, name, None)
            if name == "returns":
                continue
            self._role = _ROLES.get(f"{kind}.{name}", role)
            if name in _BLOCKS and isinstance(mine, list) and isinstance(other, list):
                fields[name] = self._block(mine, other, f"{kind}.{name}")
            elif isinstance(mine, list) and isinstance(other, list):
                nodes = [(a, b) for a, b in zip(mine, other, strict=True) if isinstance(a, ast.AST)]
                if len(nodes) == len(mine):
                    fields[name] = [self._node(a, b, f"{kind}.{name}") for a, b in nodes]
            elif isinstance(mine, ast.AST) and isinstance(other, ast.AST) and not isinstance(mine, ast.expr_context):
                fields[name] = self._node(mine, other, f"{kind}.{name}")
        self._role = role
        return _Both(one, fields, frozenset(range(first, self._next)))

    def _block(self, mine: Sequence[ast.AST], other: Sequence[ast.AST], place: str) -> list[_Item]:
        return self._span(mine, other, 0, len(mine), 0, len(other), place)

    def _span(
        self, mine: Sequence[ast.AST], other: Sequence[ast.AST], i: int, m: int, j: int, n: int, place: str
    ) -> list[_Item]:
        items: list[_Item] = []
        while True:
            _, (what, to_i, to_j) = self._step(mine, other, i, m, j, n)
            match what:
                case "end":
                    return items
                case "match":
                    items.append(self._node(mine[i], other[j], place))
                    self._line = getattr(mine[i], "end_lineno", None) or self._line
                case "delete":
                    items.append(_Choice(self._edit("delete", mine[i], None, place, size(mine[i]))))
                    self._line = getattr(mine[i], "end_lineno", None) or self._line
                case "insert":
                    items.append(_Choice(self._edit("insert", None, other[j], place, size(other[j]))))
                case _:
                    way, _, field = what.partition(" ")
                    items.append(self._around(way, field, mine, other, (i, to_i), (j, to_j), place))
            i, j = to_i, to_j

    def _around(
        self,
        way: str,
        field: str,
        mine: Sequence[ast.AST],
        other: Sequence[ast.AST],
        ours: tuple[int, int],
        theirs: tuple[int, int],
        place: str,
    ) -> _Item:
        if way == "unwrap":
            node = mine[ours[0]]
            block = getattr(node, field)
            edit = self._edit("unwrap", node, None, place, size(node) - sum(map(size, block)))
            return _Around(edit, field, self._span(block, other, 0, len(block), *theirs, place))
        node = other[theirs[0]]
        block = getattr(node, field)
        edit = self._edit("wrap", None, node, place, size(node) - sum(map(size, block)))
        return _Around(edit, field, self._span(mine, block, *ours, 0, len(block), place))


def _around_cost(one: ast.AST, two: ast.AST) -> int | None:
    """What stands around one expression in the other; None where neither is part of the other."""
    if (
        isinstance(one, ast.expr)
        and isinstance(two, ast.expr)
        and (text(one) in inside(two) or text(two) in inside(one))
    ):
        return abs(size(one) - size(two))
    return None


def _inner_fields(node: ast.AST) -> list[str]:
    if not isinstance(node, _COMPOUND):
        return []
    return [name for name in ("body", "orelse") if getattr(node, name, None)]


def _plainly_differs(one: ast.AST, two: ast.AST, name: str) -> bool:
    """Whether this field differs in a way that no edit of a node below can tell."""
    mine, other = getattr(one, name, None), getattr(two, name, None)
    if name == "type_comment" or (name in ("name", "returns") and isinstance(one, ast.FunctionDef)):
        # A name has an edit of its own; what a function says that it returns changes nothing.
        return False
    if isinstance(mine, list) and isinstance(other, list):
        if name in _BLOCKS:
            return False
        nodes = all(isinstance(node, ast.AST) for node in (*mine, *other))
        return len(mine) != len(other) or (not nodes and [_said(a) for a in mine] != [_said(b) for b in other])
    if isinstance(mine, ast.AST) and isinstance(other, ast.AST):
        return False
    return type(mine) is not type(other) or mine != other


def _said(value: object) -> object:
    return text(value) if isinstance(value, ast.AST) else value


def _compound(node: ast.AST) -> bool:
    return isinstance(node, (*_COMPOUND, ast.FunctionDef, ast.ClassDef, ast.ExceptHandler, ast.match_case))


def _rendered(item: _Item, active: frozenset[int]) -> list[ast.AST]:
    match item:
        case _Choice(edit):
            chosen = edit.other if edit.number in active else edit.mine
            return [chosen] if chosen is not None else []
        case _Around(edit, field, inner):
            return _around(edit, field, _all(inner, active), active)
        case _Both():
            return [_rebuilt(item, item.numbers & active)]
    return [item]


def _around(edit: Edit, field: str, inner: list[ast.AST], active: frozenset[int]) -> list[ast.AST]:
    node = edit.other if edit.number in active else edit.mine
    if node is None:
        return inner
    return [with_fields(node, {field: inner or ([ast.Pass()] if field == "body" else [])})]


def _all(items: Sequence[_Item], active: frozenset[int]) -> list[ast.AST]:
    return [node for item in items for node in _rendered(item, active)]


def _rebuilt(both: _Both, active: frozenset[int]) -> ast.AST:
    if not active:
        return both.mine
    if active not in both.made:
        both.made[active] = with_fields(both.mine, _rebuilt_fields(both.mine, both.fields, active))
    return both.made[active]


def _rebuilt_fields(
    mine: ast.AST, fields: Mapping[str, _Item | _Word | list[_Item]], active: frozenset[int]
) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, item in fields.items():
        if isinstance(item, list):
            nodes = _all(item, active)
            if name == "body" and not nodes and not isinstance(mine, ast.Module):
                nodes = [ast.Pass()]
            values[name] = nodes
        elif isinstance(item, _Word):
            values[name] = item.other if item.edit.number in active else item.mine
        else:
            (values[name],) = _rendered(item, active)
    return values
