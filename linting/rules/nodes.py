"""Walking over syntax without what no rule asks about: contexts, operators and plain values."""

import ast
from collections import defaultdict, deque
from collections.abc import Iterator

_PLAIN = frozenset(
    {"arg", "attr", "conversion", "ctx", "id", "is_async", "kind", "level", "module", "op", "ops", "simple"}
    | {"type_comment", "type_ignores"}
)
"""They never hold an expression or a statement; `ast.iter_child_nodes` spends half of its time on them."""
_FIELDS = {
    kind: () if kind in (ast.Name, ast.Constant) else tuple(name for name in kind._fields if name not in _PLAIN)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}

_KEPT = "_caseloop_children"


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below, in the order of the source. They are kept with the node: rules walk again and again."""
    kept: list[ast.AST] | None = node.__dict__.get(_KEPT)
    if kept is None:
        kept = node.__dict__[_KEPT] = _children(node)
    return kept


def _children(node: ast.AST) -> list[ast.AST]:
    found: list[ast.AST] = []
    for name in _FIELDS[type(node)]:
        child = getattr(node, name, None)
        if type(child) is list:
            # Keys of a dict display and defaults of keyword-only arguments may be missing; names are plain texts.
            found += [item for item in child if isinstance(item, ast.AST)]
        elif isinstance(child, ast.AST):
            found.append(child)
    return found


def by_type(root: ast.AST) -> dict[type[ast.AST], list[ast.AST]]:
    """The node and all below it by their types, each in the order of `walk`."""
    found: defaultdict[type[ast.AST], list[ast.AST]] = defaultdict(list)
    for node in walk(root):
        found[type(node)].append(node)
    return dict(found)


def walk(root: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it, level by level, as `ast.walk`."""
    waiting: deque[ast.AST] = deque([root])
    while waiting:
        node = waiting.popleft()
        yield node
        waiting.extend(children(node))
