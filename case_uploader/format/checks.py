"""The checks of a subtask: the visible part of each check cell, and its hidden part."""

import ast
import re
import textwrap
from collections.abc import Mapping

from case_uploader.format.author_notebook import AuthorCell
from case_uploader.format.problem import Problems
from case_uploader.format.python_source import bound_names, magic_lines, parse, syntax_error, used_names
from case_uploader.format.split import HIDDEN_ONLY, SplitCell
from services.contracts.case import Check

_AUTOTEST = re.compile(r"^\s*#+\s*(HASHED\s+)?AUTOTEST\b", re.IGNORECASE)


def checks_of(part: SplitCell, hints: Mapping[str, str], file: str, problems: Problems) -> tuple[Check, ...]:
    """Up to two checks of one check cell; both parts share its points equally."""
    cell, grade_id = part.author, part.author.grade_id
    if cell.kind != "code":
        return ()  # Reading the notebook told about it.
    _check_source(cell, file, problems)
    visible = "" if part.source == HIDDEN_ONLY else part.source
    has_visible, has_hidden = _does_something(visible), _does_something("\n".join(part.hidden))
    if not has_visible and not has_hidden:
        problems.add(
            "check-empty", "the check cell checks nothing: write at least one assert", file=file, cell=cell.label
        )
        return ()
    points = cell.mark.worth if cell.mark else 0.0
    share = points / 2 if has_visible and has_hidden else points
    checks = []
    if has_visible:
        _must_parse(visible, "without its hidden tests the cell", cell, file, problems)
        checks.append(
            Check(id=grade_id, cell=cell.id, hidden=False, source=visible, points=share, hint=hints.get(grade_id))
        )
    if has_hidden:
        hidden_id = f"{grade_id}/hidden"
        hint = hints.get(hidden_id, hints.get(grade_id))
        source = _hidden_source(part, visible)
        checks.append(Check(id=hidden_id, cell=cell.id, hidden=True, source=source, points=share, hint=hint))
    return tuple(checks)


def _does_something(source: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in source.split("\n"))


def _check_source(cell: AuthorCell, file: str, problems: Problems) -> None:
    for number, line in enumerate(cell.source.split("\n"), 1):
        if _AUTOTEST.match(line):
            problems.add(
                "autotest",
                f"line {number}: AUTOTEST directives are made into asserts by nbgrader, which Caseloop does not run; "
                "write the assert, or compare the value by its name in case.yaml (compare)",
                file=file,
                cell=cell.label,
            )
    lines = magic_lines(cell.source)
    if lines:
        problems.add(
            "check-magic",
            f"line {lines[0]}: IPython commands do not work in a check cell; write plain Python",
            file=file,
            cell=cell.label,
        )
        return
    _must_parse(cell.source, "the cell", cell, file, problems)


def _must_parse(source: str, what: str, cell: AuthorCell, file: str, problems: Problems) -> None:
    error = syntax_error(source)
    if error:
        problems.add("check-syntax", f"{what} is not valid Python: {error}", file=file, cell=cell.label)


def _hidden_source(part: SplitCell, visible: str) -> str:
    """The hidden lines on their own; with what the visible part sets up when they read names of it.

    A hidden region inside a block keeps the whole cell around it.
    """
    whole = part.hidden_in_place or ""
    alone = "\n".join(part.hidden)
    tree = parse(alone)
    if tree is None or alone != textwrap.dedent(alone):
        return whole
    above = parse(visible)
    if above is None or not bound_names(above.body) & used_names(tree):
        return alone
    set_up = [statement for statement in above.body if not isinstance(statement, ast.Assert)]
    return "\n".join([ast.unparse(ast.Module(set_up, [])), alone])
