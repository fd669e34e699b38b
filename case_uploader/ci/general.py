"""General operators: the slips that any program can have."""

import ast
from collections.abc import Iterator
from typing import Final

from case_uploader.ci.edits import Edit, Seen, Source

_COMPARISONS: Final = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
_ARITHMETIC: Final = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "//"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}
_WINDOWS: Final = frozenset({"shift", "rolling", "diff", "head", "tail", "pct_change", "range"})
_LEFT: Final = frozenset(
    {"random_state", "seed", "n_jobs", "verbose", "test_size", "train_size", "n_splits", "shuffle"}
)
"""Arguments whose change is a fault of its own kind, or none."""
_HARMLESS: Final = frozenset({"random_state", "seed", "n_jobs", "verbose", "stratify", "encoding", "copy"})
"""Arguments that are left out as a fault of another kind, or without any consequence on most machines."""


def general_edits(source: Source) -> Iterator[Edit]:
    """Every general slip of one cell."""
    for seen in source.nodes():
        yield from _comparison(source, seen)
        yield from _arithmetic(source, seen)
        yield from _logic(source, seen)
        yield from _constant(source, seen)
        yield from _statement(source, seen)
        yield from _left_out(source, seen)


def _made(source: Source, seen: Seen, operator: str, title: str, start: int, end: int, text: str) -> Edit:
    line = source.line_at(start)
    return Edit(start, end, text, operator, "general", title, line, seen.in_definition)


def _comparison(source: Source, seen: Seen) -> Iterator[Edit]:
    node = seen.node
    if not isinstance(node, ast.Compare):
        return
    sides = [node.left, *node.comparators]
    for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
        old, new = _COMPARISONS[type(operator)]
        if place := source.between(left, right, old, new):
            yield _made(source, seen, "swap-comparison", f"{old} became {new}", *place)


def _arithmetic(source: Source, seen: Seen) -> Iterator[Edit]:
    node = seen.node
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        old, new = _ARITHMETIC[type(node.op)]
        if place := source.between(node.left, node.right, old, new):
            yield _made(source, seen, "swap-arithmetic", f"{old} became {new}", *place)


def _logic(source: Source, seen: Seen) -> Iterator[Edit]:
    node = seen.node
    if isinstance(node, ast.BoolOp):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            if place := source.between(left, right, old, new):
                yield _made(source, seen, "swap-logic", f"{old} became {new}", *place)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        start, end = source.span(node)
        text = source.text_of(node.operand)
        yield _made(source, seen, "drop-negation", "the negation is gone", start, end, f"({text})")
    elif isinstance(node, ast.If | ast.While | ast.IfExp) and not isinstance(node.test, ast.Compare | ast.UnaryOp):
        start, end = source.span(node.test)
        yield _made(
            source,
            seen,
            "negate-condition",
            "the condition is negated",
            start,
            end,
            f"(not ({source.text[start:end]}))",
        )


def _constant(source: Source, seen: Seen) -> Iterator[Edit]:
    node = seen.node
    if not isinstance(node, ast.Constant) or _is_left_to_others(seen):
        return
    value = node.value
    if isinstance(value, bool):
        new = repr(not value)
    elif isinstance(value, int):
        new = str(value + 1)
    elif isinstance(value, float):
        new = repr(value * 1.5 if value else 0.5)
    elif isinstance(value, str) and isinstance(seen.parent, ast.Return | ast.IfExp) and value:
        new = '""'
    else:
        return
    start, end = source.span(node)
    title = f"{source.text[start:end][:40]} became {new}"
    yield _made(source, seen, "change-constant", title, start, end, new)


def _is_left_to_others(seen: Seen) -> bool:
    """Seeds, bounds of slices and windows are faults of their own kind; parts of an f-string have no place."""
    if any(isinstance(node, ast.Slice | ast.JoinedStr) for node in seen.parents):
        return True
    call = seen.parent
    if isinstance(call, ast.keyword):
        return call.arg in _LEFT
    return isinstance(call, ast.Call) and _called(call) in _WINDOWS


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _statement(source: Source, seen: Seen) -> Iterator[Edit]:
    node = seen.node
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        start, end = source.span(node.value)
        yield _made(source, seen, "return-nothing", "it returns None", start, end, "None")
    elif isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        start, end = source.span(node)
        yield _made(source, seen, "drop-statement", "the statement is gone", start, end, "pass")
    elif isinstance(node, ast.Break | ast.Continue):
        old, new = ("break", "continue") if isinstance(node, ast.Break) else ("continue", "break")
        start, end = source.span(node)
        yield _made(source, seen, "swap-loop-exit", f"{old} became {new}", start, end, new)


def _left_out(source: Source, seen: Seen) -> Iterator[Edit]:
    """A named argument, or the last element of a written-out list, is forgotten."""
    node = seen.node
    if isinstance(node, ast.Call):
        parts: list[ast.AST] = [*node.args, *node.keywords]
        for word in node.keywords:
            if word.arg is not None and word.arg not in _HARMLESS:
                start, end = _with_comma(source, word, parts)
                yield _made(source, seen, "drop-argument", f"{word.arg} is not given", start, end, "")
    elif isinstance(node, ast.List | ast.Set) and len(node.elts) > 1:
        start, end = source.span(node.elts[-2])[1], source.span(node.elts[-1])[1]
        title = f"{source.text_of(node.elts[-1])[:40]} is left out"
        yield _made(source, seen, "drop-element", title, start, end, "")


def _with_comma(source: Source, part: ast.AST, parts: list[ast.AST]) -> tuple[int, int]:
    """The part's place with the comma that belongs to it: before it, or behind the first one."""
    in_order = sorted(parts, key=lambda each: source.span(each)[0])
    at = in_order.index(part)
    start, end = source.span(part)
    if at:
        return source.span(in_order[at - 1])[1], end
    return start, source.span(in_order[1])[0] if len(in_order) > 1 else end


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
