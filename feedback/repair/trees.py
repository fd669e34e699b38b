"""Syntax trees as trees of labels: size, equality, bags of subtrees, and the distance of two of them."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from feedback.repair.deadline import ENDLESS, Deadline

_LEAVES = (ast.expr_context,)
MAX_CELLS: Final = 20_000_000
"""Of the tables that an exact distance takes; two programs of some six hundred nodes have about so many."""
_CELLS_A_STEP: Final = 8
"""A cell of a table takes far less time than what else is counted as one step towards a deadline."""


def size(node: ast.AST) -> int:
    """Nodes of the tree, contexts (`Load`, `Store`) and the module itself not counted."""
    known: int | None = getattr(node, "caseloop_size", None)
    if known is None:
        known = int(not isinstance(node, ast.Module)) + sum(size(child) for child in children(node))
        node.caseloop_size = known  # type: ignore[attr-defined]
    return known


def children(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below, contexts left out."""
    return (child for child in ast.iter_child_nodes(node) if not isinstance(child, _LEAVES))


def text(node: ast.AST) -> str:
    """The tree as text without positions: equal texts are equal trees."""
    known: str | None = getattr(node, "caseloop_text", None)
    if known is None:
        known = ast.dump(node)
        node.caseloop_text = known  # type: ignore[attr-defined]
    return known


def written(node: ast.AST) -> str:
    """The tree as code; most of a program is the same in all its repairs."""
    known: str | None = getattr(node, "caseloop_code", None)
    if known is None:
        known = ast.unparse(node)
        node.caseloop_code = known  # type: ignore[attr-defined]
    return known


def inside(node: ast.AST) -> frozenset[str]:
    """The texts of all expressions below the node."""
    known: frozenset[str] | None = getattr(node, "caseloop_inside", None)
    if known is None:
        below = list(children(node))
        texts = frozenset(text(child) for child in below if isinstance(child, ast.expr))
        known = texts.union(*map(inside, below))
        node.caseloop_inside = known  # type: ignore[attr-defined]
    return known


def forget(node: ast.AST) -> None:
    """Drop what is kept on a tree that is about to be changed."""
    for inner in ast.walk(node):
        for name in ("caseloop_size", "caseloop_text", "caseloop_code", "caseloop_inside"):
            if hasattr(inner, name):
                delattr(inner, name)


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


def bag(node: ast.AST) -> Counter[str]:
    """The subtrees of the node, up to three levels deep and with names left out, each with how often it occurs."""
    found: Counter[str] = Counter()
    _gather(node, found)
    return found


def _gather(node: ast.AST, found: Counter[str]) -> tuple[str, str]:
    below = [_gather(child, found) for child in children(node)]
    kind = type(node).__name__ if isinstance(node, ast.Name | ast.arg) else label(node)
    shallow = f"{kind}({','.join(one for one, _ in below)})"
    deep = f"{kind}({','.join(two for _, two in below)})"
    found[kind] += 1
    found[shallow] += 1
    if below:
        found[deep] += 1
    return kind, shallow


def likeness(one: Counter[str], other: Counter[str]) -> float:
    """0 (nothing in common) to 1 (alike but for names)."""
    both = sum((one & other).values())
    return 2 * both / max(one.total() + other.total(), 1)


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
    first, second = _flat(one), _flat(other)
    if first.cells * second.cells > most:
        return upper_bound(one, other, deadline)
    return _distance(first, second, deadline)


def upper_bound(one: ast.AST, other: ast.AST, deadline: Deadline = ENDLESS) -> int:
    """At least `distance`, in time that grows with the size only: what is alike first and last is laid aside.

    Raises:
        OutOfTime: the deadline has passed.
    """
    deadline.step(1 + size(one) + size(other))
    if text(one) == text(other):
        return 0
    mine, theirs = list(children(one)), list(children(other))
    first = len(list(takewhile(_alike, zip(mine, theirs, strict=False))))
    mine, theirs = mine[first:], theirs[first:]
    last = len(list(takewhile(_alike, zip(reversed(mine), reversed(theirs), strict=False))))
    mine, theirs = mine[: len(mine) - last], theirs[: len(theirs) - last]
    pairs = min(len(mine), len(theirs))
    below = sum(upper_bound(a, b, deadline) for a, b in zip(mine, theirs, strict=False))
    rest = sum(size(node) for node in (*mine[pairs:], *theirs[pairs:]))
    return min(int(label(one) != label(other)) + below + rest, size(one) + size(other))


def _alike(pair: tuple[ast.AST, ast.AST]) -> bool:
    return text(pair[0]) == text(pair[1])


def _flat(tree: ast.AST) -> _Flat:
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

    walk(tree)
    last = {left: at for at, left in enumerate(leftmost)}
    return _Flat(tuple(labels), tuple(leftmost), tuple(sorted(last.values())))


def _distance(one: _Flat, other: _Flat, deadline: Deadline) -> int:
    if not one.labels or not other.labels:
        return len(one.labels) + len(other.labels)
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
