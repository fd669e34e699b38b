import ast
from collections.abc import Iterator
from dataclasses import dataclass

from feedback.evidence.structure.blocks import BLOCKS, Headed
from feedback.notebook.reading import parsed


@dataclass(frozen=True)
class Statement:
    """One statement without the block beneath it, and where it stands."""

    node: Headed
    head: str
    """The statement without its block, in a form that does not depend on how it is laid out."""
    path: tuple[str, ...]
    """Kinds of the statements around it, from the outside in."""
    line: int
    end_line: int
    """Last line of the head."""


def statements(source: str) -> tuple[Statement, ...] | None:
    """Every statement in order, those in blocks after what opens the block; None where the source is no Python."""
    tree = parsed(source)
    if tree is None:
        return None
    try:
        return tuple(_walk(tree.body, ()))
    except RecursionError:
        return None


def _walk(block: list[Headed] | list[ast.stmt], path: tuple[str, ...]) -> Iterator[Statement]:
    for node in block:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            continue
        blocks = [(name, inner) for name in BLOCKS if (inner := getattr(node, name, None))]
        line = _line(node)
        first = min((_line(inner[0]) for _, inner in blocks), default=0)
        end = first - 1 if first > line else (getattr(node, "end_lineno", None) or line)
        yield Statement(node, head(node), path, line, max(line, min(end, getattr(node, "end_lineno", None) or end)))
        for name, inner in blocks:
            yield from _walk(inner, (*path, f"{type(node).__name__}.{name}"))


def _line(node: ast.AST) -> int:
    return node.pattern.lineno if isinstance(node, ast.match_case) else getattr(node, "lineno", 1)


def head(node: Headed) -> str:
    """The statement without its block, as text that is equal for equal statements."""
    parts = [type(node).__name__]
    for name, value in ast.iter_fields(node):
        if name in BLOCKS or name == "type_comment":
            continue
        values = value if isinstance(value, list) else [value]
        parts.append(",".join(ast.dump(v) if isinstance(v, ast.AST) else repr(v) for v in values))
    return "|".join(parts)
