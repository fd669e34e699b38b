"""Syntax trees as trees of labels: size, equality, bags of subtrees, and the distance of two of them."""

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from feedback.repair.deadline import ENDLESS, Deadline

_LEAVES = (ast.expr_context,)
_BLOCKS = (ast.FunctionDef, ast.If, ast.For, ast.While)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_NOT_INDENTED = ('"""', "'''", "\n    \n")
"""Marks of strings of several lines, and of the empty line before a definition."""
MAX_CELLS: Final = 20_000_000
"""Of the tables that an exact distance takes; two programs of some six hundred nodes have about so many."""
_CELLS_A_STEP: Final = 8
"""A cell of a table takes far less time than what else is counted as one step towards a deadline."""
Bag = frozenset[tuple[str, int]]
"""A multiset of texts: each with the number of others like it that came before."""


def size(node: ast.AST) -> int:
    """Nodes of the tree, contexts (`Load`, `Store`) and the module itself not counted."""
    known: int | None = getattr(node, "caseloop_size", None)
    if known is None:
        known = int(not isinstance(node, ast.Module)) + sum(map(size, children(node)))
        node.caseloop_size = known  # type: ignore[attr-defined]
    return known


def children(node: ast.AST) -> tuple[ast.AST, ...]:
    """The nodes below, contexts left out."""
    known: tuple[ast.AST, ...] | None = getattr(node, "caseloop_children", None)
    if known is None:
        known = tuple(child for child in ast.iter_child_nodes(node) if not isinstance(child, _LEAVES))
        node.caseloop_children = known  # type: ignore[attr-defined]
    return known


def text(node: ast.AST) -> str:
    """The tree as text without positions: equal texts are equal trees."""
    known: str | None = getattr(node, "caseloop_text", None)
    if known is None:
        if not isinstance(node, _LEAVES):
            fields = ",".join([_field_text(getattr(node, name, None)) for name in node._fields])
            known = f"{type(node).__name__}({fields})"
            node.caseloop_text = known  # type: ignore[attr-defined]
        else:
            known = type(node).__name__
    return known


def _field_text(value: object) -> str:
    if isinstance(value, ast.AST):
        return text(value)
    return f"[{','.join(map(_field_text, value))}]" if isinstance(value, list) else repr(value)


def with_fields(node: ast.AST, values: Mapping[str, object]) -> ast.AST:
    """A copy of the node, where it stands, with other values of these fields; what is below is shared."""
    fields = {name: getattr(node, name, None) for name in node._fields}
    fresh = type(node)(**(fields | dict(values)))
    return ast.copy_location(fresh, node) if hasattr(node, "lineno") else fresh


def written(node: ast.AST) -> str:
    """The tree as `ast.unparse` writes it; most of a program is the same in all its repairs."""
    known: str | None = getattr(node, "caseloop_code", None)
    if known is None:
        known = (_in_blocks(node) if isinstance(node, _BLOCKS) else "") or ast.unparse(node)
        node.caseloop_code = known  # type: ignore[attr-defined]
    return known


def _in_blocks(node: ast.FunctionDef | ast.If | ast.For | ast.While) -> str:
    """The same, the statements within as they have been written before; "" where more than their indent is different.

    Definitions have an empty line before them, and a string of several lines must not be indented.
    """
    documented = isinstance(node, ast.FunctionDef) and ast.get_docstring(node, clean=False) is not None
    body, orelse = node.body[documented:], getattr(node, "orelse", [])
    if any(isinstance(one, _DEFINITIONS) for one in (*body, *orelse)):
        return ""
    empty = with_fields(node, {"body": [*node.body[:documented], ast.Pass()]} | ({"orelse": []} if orelse else {}))
    parts = [ast.unparse(empty).removesuffix("\n    pass"), *map(_indented, body)]
    if isinstance(node, ast.If) and len(orelse) == 1 and isinstance(orelse[0], ast.If):
        parts.append(f"el{written(orelse[0])}")
    elif orelse:
        parts += ["else:", *map(_indented, orelse)]
    return "" if any(mark in part for part in parts[1:] for mark in _NOT_INDENTED) else "\n".join(parts)


def _indented(node: ast.AST) -> str:
    return "    " + written(node).replace("\n", "\n    ")


def inside(node: ast.AST) -> frozenset[str]:
    """The texts of all expressions below the node."""
    known: frozenset[str] | None = getattr(node, "caseloop_inside", None)
    if known is None:
        below = list(children(node))
        texts = frozenset(text(child) for child in below if isinstance(child, ast.expr))
        known = texts.union(*map(inside, below))
        node.caseloop_inside = known  # type: ignore[attr-defined]
    return known


def label(node: ast.AST) -> str:
    """What stands in the node itself."""
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name):
            return f"{type(node).__name__}:{name}"
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.alias(name=name):
            return f"{type(node).__name__}:{name}"
        case ast.keyword(arg=key):
            return f"keyword:{key}"
        case ast.Constant(value=value):
            return f"Constant:{value!r}"
    return type(node).__name__


def bag(*nodes: ast.AST) -> Bag:
    """Their subtrees, up to three levels deep and with names left out, each as often as it occurs."""
    found: Counter[str] = Counter()
    for node in nodes:
        _gather(node, found)
    return frozenset((subtree, number) for subtree, count in found.items() for number in range(count))


def _gather(node: ast.AST, found: Counter[str]) -> tuple[str, str]:
    below = [_gather(child, found) for child in children(node)]
    kind = type(node).__name__ if isinstance(node, ast.Name | ast.arg) else label(node)
    shallow = f"{kind}({','.join([one for one, _ in below])})"
    found[kind] += 1
    found[shallow] += 1
    if below:
        found[f"{kind}({','.join([two for _, two in below])})"] += 1
    return kind, shallow


def likeness(one: Bag, other: Bag) -> float:
    """0 (nothing in common) to 1 (alike but for names)."""
    return 2 * len(one & other) / max(len(one) + len(other), 1)


@dataclass(frozen=True)
class _Flat:
    """A tree in postorder, as Zhang and Shasha want it."""

    labels: tuple[str, ...]
    leftmost: tuple[int, ...]
    roots: tuple[int, ...]

    @property
    def cells(self) -> int:
        """Rows (or columns) of all tables together."""
        return sum(root - self.leftmost[root] + 1 for root in self.roots)


def distance(one: ast.AST, other: ast.AST, deadline: Deadline = ENDLESS, most: int = MAX_CELLS) -> int:
    """Fewest nodes to insert, delete or relabel to make one tree the other; unit costs.

    K. Zhang and D. Shasha, "Simple fast algorithms for the editing distance between trees", 1989. For trees whose
    tables would have more than `most` cells it is `upper_bound` instead, which may be more than the fewest.

    Raises:
        OutOfTime: the deadline has passed.
    """
    mine, theirs = _unlike(one, other)
    first, second = _flat(mine), _flat(theirs)
    if first.cells * second.cells > most:
        return upper_bound(one, other, deadline)
    return _distance(first, second, deadline)


def _unlike(one: ast.AST, other: ast.AST) -> tuple[Sequence[ast.AST], Sequence[ast.AST]]:
    """Two rows of trees that are as far apart as the two trees are: what is alike around them is laid aside.

    Of two rows that begin (or end) with equal trees, those trees can be left out: in any mapping between the rows only
    one of the two can have partners among the other row's other trees, as partners stand in the same order; so mapping
    the two onto each other, and nothing else onto them, changes no more. Likewise of two trees with equal roots only
    what is below the roots counts.
    """
    mine: Sequence[ast.AST] = (one,)
    theirs: Sequence[ast.AST] = (other,)
    while len(mine) == len(theirs) == 1 and label(mine[0]) == label(theirs[0]):
        mine, theirs = _trimmed(children(mine[0]), children(theirs[0]))
    return mine, theirs


def _trimmed(mine: Sequence[ast.AST], theirs: Sequence[ast.AST]) -> tuple[Sequence[ast.AST], Sequence[ast.AST]]:
    """Both without the equal trees that they begin with, and those that they end with."""
    first = len(list(takewhile(_alike, zip(mine, theirs, strict=False))))
    mine, theirs = mine[first:], theirs[first:]
    last = len(list(takewhile(_alike, zip(reversed(mine), reversed(theirs), strict=False))))
    return mine[: len(mine) - last], theirs[: len(theirs) - last]


def upper_bound(one: ast.AST, other: ast.AST, deadline: Deadline = ENDLESS) -> int:
    """At least `distance`, in time that grows with the size only: what is alike first and last is laid aside.

    Raises:
        OutOfTime: the deadline has passed.
    """
    deadline.step(1 + size(one) + size(other))
    if text(one) == text(other):
        return 0
    mine, theirs = _trimmed(children(one), children(other))
    pairs = min(len(mine), len(theirs))
    below = sum(upper_bound(a, b, deadline) for a, b in zip(mine, theirs, strict=False))
    rest = sum(size(node) for node in (*mine[pairs:], *theirs[pairs:]))
    return min(int(label(one) != label(other)) + below + rest, size(one) + size(other))


def _alike(pair: tuple[ast.AST, ast.AST]) -> bool:
    return text(pair[0]) == text(pair[1])


def _flat(row: Sequence[ast.AST]) -> _Flat:
    """The trees of a row below one root, which both rows have."""
    labels: list[str] = []
    leftmost: list[int] = []

    def walk(node: ast.AST) -> int:
        first = -1
        for child in children(node):
            left = walk(child)
            first = left if first < 0 else first
        labels.append(label(node))
        leftmost.append(len(labels) - 1 if first < 0 else first)
        return leftmost[-1]

    for tree in row:
        walk(tree)
    labels.append("")
    leftmost.append(0)
    last = {left: at for at, left in enumerate(leftmost)}
    return _Flat(tuple(labels), tuple(leftmost), tuple(sorted(last.values())))


def _distance(one: _Flat, other: _Flat, deadline: Deadline) -> int:
    table = [[0] * len(other.labels) for _ in one.labels]
    for i in one.roots:
        for j in other.roots:
            _fill(one, other, i, j, table, deadline)
    return table[-1][-1]


def _fill(one: _Flat, other: _Flat, i: int, j: int, table: list[list[int]], deadline: Deadline) -> None:
    """Distances of the forests below nodes i and j; those that are whole trees go into the table."""
    first, second = one.leftmost[i], other.leftmost[j]
    width = j - second + 2
    row = list(range(width))
    rows = [row]
    theirs = list(zip(other.leftmost[second : j + 1], other.labels[second : j + 1], strict=True))
    steps = 1 + width // _CELLS_A_STEP
    for x in range(first, i + 1):
        deadline.step(steps)
        above = row
        left, mine, known = one.leftmost[x], one.labels[x], table[x]
        jump, whole = rows[left - first], left == first
        best = above[0] + 1
        row = [best]
        for y, (at, theirs_label) in enumerate(theirs):
            best += 1
            if above[y + 1] < best:
                best = above[y + 1] + 1
            if whole and at == second:
                replaced = above[y] + (mine != theirs_label)
                if replaced < best:
                    best = replaced
                known[second + y] = best
            else:
                joined = jump[at - second] + known[second + y]
                if joined < best:
                    best = joined
            row.append(best)
        rows.append(row)
