"""A program as a row of steps: each statement without the block beneath it, with its words in order."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from feedback.evidence.structure.blocks import BLOCKS, Headed
from feedback.evidence.structure.normal import normal
from feedback.notebook.reading import PARSED_CHARS, parsed

# Of each side. Aligning takes time that grows with the square, and no answer is as long as that.
MAX_STEPS = 120
# A line at the margin that goes on with nothing that began above it.
_STARTS = re.compile(r"(?!(?:else|elif|except|finally|case)\b)[^\s#)\]}]")
NAME = "\0name"
"""Stands for every name that an author is free to choose."""


@dataclass(frozen=True)
class Step:
    """One statement's head, and where it stands."""

    node: Headed
    words: tuple[str, ...]
    """Kinds of nodes, attributes, constants and fixed names, from the outside in; free names are NAME."""
    names: tuple[str, ...]
    """The free names, in the order of their places in `words`."""
    path: tuple[str, ...]
    """What it stands in, from the outside in."""
    cell: str
    line: int
    end_line: int
    top: ast.stmt
    """The top-level statement that it is part of."""

    @cached_property
    def bag(self) -> Counter[str]:
        """The words without their order."""
        return Counter(self.words)

    def named(self, names: Mapping[str, str]) -> "Step":
        """The same with these in place of its free names."""
        if not self.names:
            return self
        free = iter(self.names)
        return replace(self, words=tuple(names.get(next(free), NAME) if word == NAME else word for word in self.words))


@dataclass(frozen=True)
class Program:
    """All steps of an answer: those of functions with a fixed name by that name, the others under the empty name."""

    units: Mapping[str, tuple[Step, ...]]
    free: frozenset[str]
    """Names that its author chose."""
    bound: frozenset[str]
    """All names that it binds."""

    @property
    def size(self) -> int:
        """How many words there are."""
        return sum(len(step.words) for unit in self.units.values() for step in unit)


def program(cells: Sequence[tuple[str, str]], asked: frozenset[str]) -> Program | None:
    """The steps of these (cell, source) in order, those that parse; None when there is no step at all.

    A name that the code binds is free, unless it is `asked` for.
    """
    trees = [(cell, tree) for cell, source in cells for tree in _read(source)]
    bound = frozenset(name for _, tree in trees for name in _bound(tree))
    free = bound - asked
    units: dict[str, tuple[Step, ...]] = {}
    for cell, tree in trees:
        for top in tree.body:
            steps = tuple(_steps([top], (), cell, top, free))
            if isinstance(top, ast.FunctionDef) and top.name in asked:
                # Of several functions with one name the last is the one that counts.
                units[top.name] = steps[:MAX_STEPS]
            else:
                units[""] = (*units.get("", ()), *steps)[:MAX_STEPS]
    return Program(units, free, bound) if any(units.values()) else None


def _read(source: str) -> list[ast.Module]:
    """The source's tree; where it does not parse, the trees of those top-level statements that do."""
    whole = parsed(source)
    trees = [whole] if whole is not None else [tree for part in _apart(source) if (tree := parsed(part)) is not None]
    try:
        return [normal(tree) for tree in trees]
    except RecursionError:
        return []


def _apart(source: str) -> Iterator[str]:
    """Statements at the margin, each with as many empty lines ahead as there are lines before it."""
    # As Python counts lines: a form feed ends none.
    lines = re.split(r"\r\n?|\n", source) if len(source) <= PARSED_CHARS else []
    starts = [at for at, line in enumerate(lines) if _STARTS.match(line)][:MAX_STEPS]
    for start, end in pairwise([*starts, len(lines)]):
        yield "\n" * start + "\n".join(lines[start:end])


def _bound(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                yield name


def _steps(
    block: Iterable[Headed], path: tuple[str, ...], cell: str, top: ast.stmt, free: frozenset[str]
) -> Iterator[Step]:
    for node in block:
        if isinstance(node, ast.Pass) or _is_text(node):
            continue
        words, names = [], []
        for word, name in _words(node, free):
            words.append(word)
            if name is not None:
                names.append(name)
        line, end = _lines(node)
        yield Step(node, tuple(words), tuple(names), path, cell, line, end, top)
        for field in BLOCKS:
            yield from _steps(
                getattr(node, field, None) or (), (*path, f"{type(node).__name__}.{field}"), cell, top, free
            )


def _is_text(node: Headed) -> bool:
    """A docstring, or a text in place of a remark."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _lines(node: Headed) -> tuple[int, int]:
    """First and last line of the head."""
    line = node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno
    heads = [
        getattr(part, "end_lineno", None) or line
        for name, value in ast.iter_fields(node)
        if name not in BLOCKS
        for part in (value if isinstance(value, list) else [value])
        if isinstance(part, ast.AST)
    ]
    simple = not any(getattr(node, field, None) for field in BLOCKS)
    end = getattr(node, "end_lineno", line) if simple else max(heads, default=line)
    return line, max(line, end or line)


def _words(node: ast.AST, free: frozenset[str]) -> Iterator[tuple[str, str | None]]:
    """Words from the outside in; those of free names with the name itself."""
    yield from _own(node, free)
    headed = isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case)
    for field, value in ast.iter_fields(node):
        if (headed and field in BLOCKS) or field in ("ctx", "type_comment", "type_params", "kind"):
            continue
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, ast.AST):
                yield from _words(part, free)


def _own(node: ast.AST, free: frozenset[str]) -> Iterator[tuple[str, str | None]]:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            yield (NAME, name) if name in free else (name, None)
        case ast.Constant(value=value):
            yield repr(value), None
        case _:
            yield type(node).__name__, None
            for field in ("attr", "arg", "name", "module", "asname"):
                said = getattr(node, field, None)
                if isinstance(said, str):
                    yield (NAME, said) if field == "name" and said in free else (f".{said}", None)


def words_of(node: ast.AST, free: frozenset[str]) -> tuple[str, ...]:
    """The words of any node, free names as NAME."""
    return tuple(word for word, _ in _words(node, free))
