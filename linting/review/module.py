"""The notebook's code cells as one module, and the way back from its lines to the cells."""

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from linting.review.escapes import Masked, MaskedLine, mask
from linting.rules.nodes import children
from services.contracts.notebook import Cell, Place
from services.kit.syntax import tree_of

HEADER = '"""The code cells of a notebook, one after the other."""'
"""A statement in front: neither a coding cookie nor a `# type: ignore` of a cell can speak for the whole module."""
MAX_DEPTH = 300
"""Levels of syntax; deeper code overflows the stack of the tools (hand-written code stays below 50)."""

_SPEAKS_FOR_ALL = re.compile(
    r"#\s*(?:(?:ruff|flake8|mypy|pylint|isort)\s*:|type:(?!\s*ignore(?:\[[\w\-, ]*\])?\s*(?:#|$)))", re.IGNORECASE
)
"""Comments that would silence a tool for more than their line, and words after `type:` that no tool can read."""

_LINE_NUMBER = re.compile(r"(?P<word>\b(?:on|from|at)) line (?P<line>\d{1,7})\b")
"""How ruff and mypy refer to another line: «from line 3», «already defined on line 3»."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a line of the module came from."""

    cell: str
    line: int
    """1-based, in the cell."""
    shift: int
    """Column in the cell = column in the module + shift."""
    masked: bool = False
    """True: the module's line does not say what the cell's line says."""


@dataclass(frozen=True, slots=True)
class BrokenCell:
    """A code cell that is not Python; it is left out of the module."""

    cell: str
    line: int | None
    column: int | None
    message: str


@dataclass(frozen=True)
class Module:
    """The joined module. Line n of `source` came from `origins[n - 1]`."""

    source: str
    origins: tuple[Origin | None, ...]
    """None: a line of ours, in front of all cells."""
    displays: tuple[tuple[int, int], ...] = ()
    """First and last line of each cell's trailing expression: its value is shown, so it is not useless."""
    broken: tuple[BrokenCell, ...] = ()
    unseen_names: bool = False
    """True: names may be defined or used where no tool can see it (a broken cell, `%run`)."""
    python: str = "3.11"
    """The version it is written for."""
    executions: Mapping[str, int] = field(default_factory=dict)
    """Cell id -> execution count, where it is known."""

    def place(self, line: int, end_line: int | None = None) -> Place | None:
        """Where that line range lies, cut at the end of the cell it begins in; None outside of every cell."""
        origin = self.origin(line)
        if origin is None:
            return None
        last = origin.line
        if end_line is not None:
            inside = (self.origin(n) for n in range(line, min(end_line, len(self.origins)) + 1))
            last = max((o.line for o in inside if o is not None and o.cell == origin.cell), default=last)
        return Place(cell=origin.cell, line=origin.line, end_line=last)

    def column(self, line: int, column: int | None) -> int | None:
        """The same column in the cell."""
        origin = self.origin(line)
        return None if column is None or origin is None else column + origin.shift

    def line(self, cell: str, line: int) -> int | None:
        """The module's line for a cell's line: the way back from `origin`. None for cells that are left out."""
        return self._lines.get((cell, line))

    @cached_property
    def _lines(self) -> dict[tuple[str, int], int]:
        found: dict[tuple[str, int], int] = {}
        for number, origin in enumerate(self.origins, start=1):
            if origin is not None:
                found.setdefault((origin.cell, origin.line), number)
        return found

    def in_cells(self, line: int, message: str) -> str:
        """A tool's message about `line` with the module's line numbers in it turned into the cells'."""
        here = self.origin(line)

        def in_cell(said: re.Match[str]) -> str:
            there = self.origin(int(said["line"]))
            if there is None or here is None:
                return "elsewhere"
            if there.cell == here.cell:
                return f"{said['word']} line {there.line}"
            return f"{said['word']} line {there.line} of another cell"

        return _LINE_NUMBER.sub(in_cell, message)

    def cells(self) -> list[tuple[str, int, int]]:
        """Each cell's id, and its first and last line in the module."""
        ranges: list[tuple[str, int, int]] = []
        for number, origin in enumerate(self.origins, start=1):
            if origin is not None and origin.line == 1:
                ranges.append((origin.cell, number, number))
            elif origin is not None:
                ranges[-1] = (*ranges[-1][:2], number)
        return ranges

    def is_displayed(self, line: int) -> bool:
        """Whether the line belongs to a trailing expression, whose value the notebook shows."""
        return any(first <= line <= last for first, last in self.displays)

    def origin(self, line: int) -> Origin | None:
        """Where the line came from; None outside of every cell."""
        return self.origins[line - 1] if 1 <= line <= len(self.origins) else None


@dataclass(frozen=True, slots=True)
class _ReadCell:
    lines: tuple[MaskedLine, ...]
    tree: ast.Module
    binds_unseen_names: bool


def join(cells: Sequence[Cell]) -> Module:
    """Join the code cells to one module. Cells that are not Python are left out and named in `broken`."""
    with warnings.catch_warnings():
        # Python's own warnings about a cell (invalid escapes) are a linter's business.
        warnings.simplefilter("ignore")
        return _join([cell for cell in cells if cell.kind == "code"])


def _join(cells: Sequence[Cell]) -> Module:
    lines: list[str] = [HEADER]
    origins: list[Origin | None] = [None]
    displays: list[tuple[int, int]] = []
    broken: list[BrokenCell] = []
    unseen = False
    for cell in cells:
        read = _read(cell)
        if isinstance(read, BrokenCell):
            broken.append(read)
            continue
        unseen = unseen or read.binds_unseen_names
        if shown := _display(read.tree):
            displays.append((shown[0] + len(lines), shown[1] + len(lines)))
        lines.extend(line.text for line in read.lines)
        origins.extend(
            Origin(cell.id, n, line.shift, masked=line.text != written[line.shift :])
            for n, (line, written) in enumerate(zip(read.lines, _lines(cell.source), strict=True), start=1)
        )
    return Module(
        source="\n".join(lines) + "\n",
        origins=tuple(origins),
        displays=tuple(displays),
        broken=tuple(broken),
        unseen_names=unseen or bool(broken),
    )


def _read(cell: Cell) -> _ReadCell | BrokenCell:
    lines = _lines(cell.source)
    plain = Masked(tuple(MaskedLine(line) for line in lines), binds_unseen_names=False)
    tree = _parse(cell.id, plain)
    if isinstance(tree, BrokenCell):
        # Plain Python holds no escape, so masking is tried only on what does not parse.
        plain = mask(lines)
        tree = _parse(cell.id, plain)
    if isinstance(tree, BrokenCell):
        return tree
    quiet = _without_sweeping_comments(plain)
    return _ReadCell(_without_raises(quiet, tree), tree, plain.binds_unseen_names)


def _lines(source: str) -> list[str]:
    return source.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff").split("\n")


def _parse(cell: str, masked: Masked) -> ast.Module | BrokenCell:
    try:
        tree = tree_of(masked.text)
        # Some errors (`return` outside of a function) show only here. IPython allows `await` at the top of a cell.
        compile(tree, cell, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        return _broken(cell, masked, error)
    except ValueError:
        # Null bytes, or halves of surrogate pairs that no encoding can write.
        return BrokenCell(cell, None, None, "The cell holds characters that no Python file may hold")
    except (RecursionError, MemoryError):
        return BrokenCell(cell, None, None, "The cell is nested too deeply to be read")
    # A level takes a character at the least.
    if len(masked.text) >= MAX_DEPTH and _is_too_deep(tree):
        return BrokenCell(cell, None, None, f"The cell is nested deeper than {MAX_DEPTH} levels")
    return tree


def _broken(cell: str, masked: Masked, error: SyntaxError) -> BrokenCell:
    line = min(max(error.lineno or 1, 1), len(masked.lines))
    column = error.offset + masked.lines[line - 1].shift if error.offset else None
    return BrokenCell(cell, line, column, f"This is not Python: {error.msg}")


def _is_too_deep(tree: ast.AST) -> bool:
    level: list[ast.AST] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in children(node)]
        if not level:
            return False
    return True


def _display(tree: ast.Module) -> tuple[int, int] | None:
    """First and last line of the cell's trailing expression."""
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        return None
    last = tree.body[-1]
    return last.lineno, last.end_lineno or last.lineno


def _without_sweeping_comments(masked: Masked) -> tuple[MaskedLine, ...]:
    lines = list(masked.lines)
    if not _SPEAKS_FOR_ALL.search(masked.text):
        return masked.lines
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(masked.text).readline))
    except (tokenize.TokenError, SyntaxError):
        return masked.lines
    for token in tokens:
        if token.type == tokenize.COMMENT and _SPEAKS_FOR_ALL.search(token.string):
            row, column = token.start
            lines[row - 1] = MaskedLine(lines[row - 1].text[:column] + "#", lines[row - 1].shift)
    return tuple(lines)


def _without_raises(lines: tuple[MaskedLine, ...], tree: ast.Module) -> tuple[MaskedLine, ...]:
    """A `raise` at the top of a cell (an unsolved task) ends that cell, not the cells after it."""
    kept = list(lines)
    rows = [(s.lineno, s.end_lineno or s.lineno) for s in tree.body if isinstance(s, ast.Raise)]
    others = {n for s in tree.body if not isinstance(s, ast.Raise) for n in range(s.lineno, (s.end_lineno or 0) + 1)}
    for first, last in rows:
        if others.isdisjoint(range(first, last + 1)):
            kept[first - 1 : last] = [MaskedLine("pass"), *(MaskedLine("") for _ in range(last - first))]
    return tuple(kept)
