"""A small change of Python source at one place, which keeps the author's own layout everywhere else."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from services.contracts.case_report import MutantGroup
from services.kit.syntax import tree_of

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Edit:
    """Replace the text between two places. Offsets count characters of the whole source."""

    start: int
    end: int
    text: str
    operator: str
    group: MutantGroup
    title: str
    line: int
    """1-based, where the change is seen first."""
    in_definition: bool
    """It lies in a function or class: what that does shows only when it is used."""


@dataclass(frozen=True)
class Seen:
    """A node, and what stands around it."""

    node: ast.AST
    parents: tuple[ast.AST, ...]
    """From the module down to the node's own parent."""

    @property
    def parent(self) -> ast.AST:
        """The node directly around it."""
        return self.parents[-1]

    @property
    def in_definition(self) -> bool:
        """Whether it is part of a function or class."""
        return any(isinstance(node, _FUNCTIONS) for node in self.parents)


class Source:
    """One cell's code with its syntax tree, and the way from nodes to text and back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = tree_of(text)
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def nodes(self) -> Iterator[Seen]:
        """Every node in the order of the text, without annotations and docstrings: nothing there is ever computed."""
        yield from _walk(self.tree, ())

    def offset(self, line: int, column: int) -> int:
        """Offset of a place as `ast` gives it: 1-based line, column in bytes of UTF-8."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Start and end of a node's text."""
        assert isinstance(node, ast.expr | ast.stmt | ast.keyword | ast.arg)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def text_of(self, node: ast.AST) -> str:
        """The node's own text."""
        start, end = self.span(node)
        return self.text[start:end]

    def between(self, left: ast.AST, right: ast.AST, old: str, new: str) -> tuple[int, int, str] | None:
        """Where the operator `old` stands between two nodes, and its replacement; None: not found as such."""
        start, end = self.span(left)[1], self.span(right)[0]
        at = self.text[start:end].find(old)
        return (start + at, start + at + len(old), new) if at >= 0 else None

    def line_at(self, offset: int) -> int:
        """1-based number of the line with that offset."""
        return self.text.count("\n", 0, offset) + 1

    def line(self, number: int) -> str:
        """Text of a line, 1-based."""
        return self._lines[number - 1]


def applied(text: str, edit: Edit) -> str:
    """The source with the change made."""
    return text[: edit.start] + edit.text + text[edit.end :]


def same_code(one: str, other: str) -> bool:
    """Whether both compile to the same tree once what never runs (layout, comments) is left out."""
    return ast.dump(tree_of(one)) == ast.dump(tree_of(other))


def _walk(node: ast.AST, parents: tuple[ast.AST, ...]) -> Iterator[Seen]:
    inside = (*parents, node)
    docstring = _docstring(node)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and child is not docstring:
                yield Seen(child, inside)
                yield from _walk(child, inside)


def _docstring(node: ast.AST) -> ast.stmt | None:
    body = getattr(node, "body", None)
    if not isinstance(node, (*_FUNCTIONS, ast.Module)) or not body:
        return None
    first = body[0]
    text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return first if text else None
