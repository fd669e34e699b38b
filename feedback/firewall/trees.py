"""Code as syntax trees that survive renaming, reformatting and small rewritings, fragment by fragment."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from feedback.firewall.profile import code_profile, word_profile
from feedback.firewall.tokens import BUILTINS, number, parts
from services.kit.syntax import tree_of

PARSED_CHARS = 12_000
"""Longer code is read line by line only; a learner-facing text never holds so much."""
_MAX_DEPTH = 60
_ESCAPE = re.compile(r"(\\\\)|\\(?=[^\n\\'\"abfnrtvxNuU0-7])")
_CHEAP = {ast.Subscript: 1.5, ast.Return: 2.0, ast.Assign: 1.0, ast.Expr: 0.0, ast.Load: 0.0, ast.Store: 0.0}
_SKIPPED = frozenset({"ctx", "type_comment", "type_ignores", "returns", "annotation", "kind", "simple"})
_COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.SetComp)
_FREE_NAME_BITS = 0.5


class Fragment(NamedTuple):
    """An expression, a simple statement, or the header of a block."""

    renamed: int
    """Digest in which every name that can be chosen freely is the same."""
    exact: int
    """Digest with the names as they are."""
    bits: float
    """How much it says to somebody who knows the documentation, names left out."""
    names: tuple[str, ...]
    statement: bool
    """A statement or a header: an expression inside one is weaker evidence."""
    held: int
    """How many fragments before this one in the list are inside it."""


class _Read(NamedTuple):
    renamed: int
    exact: int
    bits: float
    names: tuple[str, ...] = ()


class _TooDeep(Exception):
    """Nested beyond what a person writes."""


def parsed(source: str) -> ast.Module | None:
    """The syntax tree, or None where there is none to be had within bounds."""
    if len(source) > PARSED_CHARS:
        return None
    try:
        # An unknown escape would be a warning, and an error where warnings are errors.
        return tree_of(_ESCAPE.sub(r"\\\\", source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def fragments(source: str, vocabulary: frozenset[str] = frozenset()) -> list[Fragment]:
    """All fragments of the source, inner ones first; none when it is not Python."""
    # A line from the middle of a call or a comprehension is one within brackets of its own.
    tree = parsed(source) or parsed(f"_({source.strip().rstrip(',')})")
    if tree is None:
        return []
    reader = _Reader(vocabulary)
    try:
        reader.block(tree.body, 0)
    except _TooDeep:
        return []
    return reader.found


class _Reader:
    def __init__(self, vocabulary: frozenset[str]) -> None:
        self.vocabulary = vocabulary
        self.found: list[Fragment] = []

    def block(self, body: Iterable[ast.stmt], depth: int) -> None:
        for statement in body:
            if not _says_nothing(statement):
                self.node(statement, depth + 1)

    def node(self, node: ast.AST, depth: int) -> _Read:
        if depth > _MAX_DEPTH:
            raise _TooDeep
        match node:
            case ast.Name(id=name):
                return self._name(name.lower())
            case ast.Constant(value=value):
                return _constant(value)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return _constant(-value)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                node = ast.Assign(targets=[target], value=value)
            case ast.AugAssign(target=target, op=op, value=value):
                node = ast.Assign(targets=[target], value=ast.BinOp(target, op, value))
            case ast.Compare(left=left, ops=[ast.Gt() | ast.GtE() as op], comparators=[right]):
                turned: ast.cmpop = ast.Lt() if isinstance(op, ast.Gt) else ast.LtE()
                node = ast.Compare(left=right, ops=[turned], comparators=[left])
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.block(node.body, depth)
                return _Read(0, 0, 0.0)
        return self._general(node, depth)

    def _name(self, name: str) -> _Read:
        if name in BUILTINS or name in self.vocabulary:
            digest = hash(("api", name))
            return _Read(digest, digest, min(8.0, code_profile().bits(name)))
        return _Read(hash("any"), hash(("name", name)), _FREE_NAME_BITS, (name,))

    def _general(self, node: ast.AST, depth: int) -> _Read:
        start = len(self.found)
        kind = "comprehension" if isinstance(node, _COMPREHENSIONS) else type(node).__name__
        renamed: list[object] = [kind]
        exact: list[object] = [kind]
        bits = _CHEAP.get(type(node), 2.0 if isinstance(node, ast.stmt | ast.expr) else 1.0)
        names: tuple[str, ...] = ()
        bodies: list[list[ast.stmt]] = []
        for name, value in _fields(node):
            renamed.append(name)
            exact.append(name)
            if isinstance(value, str):
                renamed.append(value.lower())
                exact.append(value.lower())
                bits += min(10.0, code_profile().bits(value.lower()))
            elif isinstance(value, list) and isinstance(value[0], ast.stmt):
                bodies.append(value)
            else:
                for child in value if isinstance(value, list) else [value]:
                    read = self.node(child, depth + 1) if isinstance(child, ast.AST) else _constant(child)
                    renamed.append(read.renamed)
                    exact.append(read.exact)
                    bits += read.bits
                    names += read.names
        read = _Read(hash(tuple(renamed)), hash(tuple(exact)), bits, names)
        if isinstance(node, ast.expr | ast.stmt):
            whole = isinstance(node, ast.stmt)
            self.found.append(Fragment(*read, whole, len(self.found) - start))
        for body in bodies:
            self.block(body, depth)
        return read


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    for name, value in ast.iter_fields(node):
        if name in _SKIPPED or value is None or value == []:
            continue
        if name == "keywords" and isinstance(value, list):
            yield name, sorted(value, key=lambda keyword: keyword.arg or "")
        else:
            yield name, value


def _constant(value: object) -> _Read:
    if isinstance(value, bool) or value is None or value is Ellipsis:
        return _same(repr(value), 1.0)
    if isinstance(value, int | float):
        try:
            written = number(repr(abs(value)))
        except ValueError:
            # An integer of more than 4,300 digits has no text.
            written = "huge"
        return _same(("n", value < 0, written), min(12.0, code_profile().bits(f"n:{written}")))
    text = value if isinstance(value, str) else repr(value)
    return _same(("s", text), min(40.0, sum(min(10.0, word_profile().bits(part)) for part in parts(text[:300]))))


def _same(key: object, bits: float) -> _Read:
    return _Read(hash(key), hash(key), bits)


def _says_nothing(statement: ast.stmt) -> bool:
    """Docstrings, `pass`, bare annotations, the starter's own raise."""
    match statement:
        case ast.Expr(value=ast.Constant(value=str())) | ast.Pass() | ast.AnnAssign(value=None):
            return True
        case ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"))):
            return True
    return False
