"""Execute one notebook cell and say how it went."""

import ast
import asyncio
import contextlib
import inspect
import io
import linecache
import os
import re
import sys
import types
from collections.abc import Callable
from typing import Any

from .observe.plain import clean
from .places import CELL, CHECK, file_name
from .shell import UsageError, body_of_cell_magic

MAX_MESSAGE = 2_000
_kept: list[int] = []
_ASYNC = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_NOT_PLAIN = re.compile(
    r"^\s*[%!?,;/]|=\s*[%!]|\?\s*$|^[^\S\n]+$|[\r\v\f\x1c-\x1e\x85\u2028\u2029]|>>>|In \[|\.\.\.:", re.MULTILINE
)
"""Magics, commands, help, lines of blanks, which IPython empties even within a text, rare ends of lines, prompts."""


def load_transformer() -> Callable[[str], str]:
    """IPython's translation of `%`, `!` and `?` into Python; without IPython, cells are plain Python."""
    try:
        from IPython.core.inputtransformer2 import TransformerManager
    except ImportError:
        return lambda source: source
    transform: Callable[[str], str] = TransformerManager().transform_cell  # type: ignore[no-untyped-call]
    return transform


def keep_descriptors() -> None:
    """Remember where descriptors 1 and 2 lead, so that a cell which closes them harms only itself."""
    _kept[:] = [os.dup(1), os.dup(2)]


def fresh_streams() -> tuple[io.TextIOWrapper, io.TextIOWrapper]:
    """New sys.stdout and sys.stderr on descriptors 1 and 2: nothing that an earlier cell did to them stays."""
    for kept, descriptor in zip(_kept, (1, 2), strict=False):
        with contextlib.suppress(OSError):
            os.dup2(kept, descriptor)
    streams = tuple(
        io.TextIOWrapper(
            io.FileIO(descriptor, "w", closefd=False), encoding="utf-8", errors="replace", write_through=False
        )
        for descriptor in (1, 2)
    )
    vars(sys).update(stdout=streams[0], __stdout__=streams[0], stderr=streams[1], __stderr__=streams[1])
    return streams[0], streams[1]


def run_cell(
    cell_id: str, source: str, namespace: dict[str, Any], transform: Callable[[str], str], result_limit: int
) -> dict[str, Any]:
    """Execute a cell; `{"ok": true, "result": text or None}` or `{"ok": false, "error": …}`."""
    streams = fresh_streams()
    try:
        value, shown = _execute(cell_id, source, namespace, transform)
        result = clean(repr(value), result_limit) if shown and value is not None else None
        return {"ok": True, "result": result}
    except BaseException as error:  # SystemExit and KeyboardInterrupt are errors of the cell, too
        return {"ok": False, "error": describe_error(error)}
    finally:
        for stream in streams:
            _flush(stream)


def _flush(stream: io.TextIOWrapper) -> None:
    with contextlib.suppress(OSError, ValueError):
        stream.flush()


def _execute(cell_id: str, source: str, namespace: dict[str, Any], transform: Callable[[str], str]) -> tuple[Any, bool]:
    name = file_name(CELL, cell_id)
    try:
        code = _keep_leading_lines(body_of_cell_magic(source))
    except UsageError as error:
        raise _at_first_line(error, name, source) from None
    code, tree = _plain(code, name) or _translated(transform(code), name)
    last = tree.body[-1] if tree.body else None
    shown = isinstance(last, ast.Expr) and not source.rstrip().endswith(";")
    value = None
    if shown and isinstance(last, ast.Expr):
        tree.body.pop()
        _run(compile(tree, name, "exec", flags=_ASYNC), namespace)
        value = _run(compile(ast.Expression(last.value), name, "eval", flags=_ASYNC), namespace)
        namespace["_"] = value
    else:
        _run(compile(tree, name, "exec", flags=_ASYNC), namespace)
    return value, shown


def _plain(code: str, name: str) -> tuple[str, ast.Module] | None:
    """The cell with its tree when it is plain Python, of which IPython's translation would change nothing."""
    if _NOT_PLAIN.search(code):
        return None
    try:
        return _translated(code if code.endswith("\n") else code + "\n", name)
    except (SyntaxError, ValueError):
        return None


def _translated(code: str, name: str) -> tuple[str, ast.Module]:
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    return code, ast.parse(code, name)


def _run(code: types.CodeType, namespace: dict[str, Any]) -> Any:
    if not code.co_flags & inspect.CO_COROUTINE:
        return eval(code, namespace)  # noqa: S307 - running learners' code is what this process is for
    return asyncio.run(eval(code, namespace))  # noqa: S307 - as above, with top-level await


def _keep_leading_lines(source: str) -> str:
    """IPython drops leading empty lines, and with them the line numbers."""
    lines = source.split("\n")
    for i, line in enumerate(lines):
        if line.strip():
            break
        lines[i] = "#"
    return "\n".join(lines)


def _at_first_line(error: UsageError, name: str, source: str) -> "_RefusedCell":
    """The refusal as an error with a place; the code was never compiled, so it has no traceback of its own."""
    line = next((i for i, text in enumerate(source.split("\n"), start=1) if text.strip()), 1)
    placed = _RefusedCell(str(error))
    placed.filename, placed.lineno = name, line
    return placed


class _RefusedCell(SyntaxError):
    pass


def describe_error(error: BaseException) -> dict[str, Any]:
    """Type, message, and the last place in a cell or check; asks nothing of the error that could not be asked."""
    described: dict[str, Any] = {"type": _type_name(error), "message": _message(error)}
    place = _place(error)
    if place is not None:
        described["place"] = place
    return described


def _type_name(error: BaseException) -> str:
    kind: type = UsageError if isinstance(error, _RefusedCell) else type(error)
    return clean(str(type.__dict__["__name__"].__get__(kind)), 200)


def _message(error: BaseException) -> str:
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        return clean(str(text), MAX_MESSAGE)
    except BaseException:
        return "(the error's own text could not be made)"


def _place(error: BaseException) -> dict[str, Any] | None:
    found = None
    if isinstance(error, SyntaxError) and type(error.filename) is str:
        found = place_of(error.filename, error.lineno or 1)
    trace = error.__traceback__
    while trace is not None:
        inside = place_of(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        found = inside if inside is not None else found
        trace = trace.tb_next
    return found


def place_of(name: str, line: int | None) -> dict[str, Any] | None:
    """The cell or check whose code has this file name; None for any other."""
    for kind in (CELL, CHECK):
        if name.startswith(f"<{kind} ") and name.endswith(">"):
            return {"kind": kind, "id": name[len(kind) + 2 : -1], "line": line}
    return None


def close_figures() -> bool:
    """Figures left open would make every later fork dearer. Whether there may have been any."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return False
    with contextlib.suppress(Exception):  # a learner may have broken matplotlib; that is no error of any cell
        if not pyplot.get_fignums():
            return False
        pyplot.close("all")
    return True
