"""Names whose value explains a failure: the reference assigns them and the task speaks of them."""

import ast
import re
from collections.abc import Iterable

from case_uploader.format.python_source import bound_names, parse

_CODE_SPAN = re.compile(r"```.*?```|``.+?``|`[^`\n]+`", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def watched_names(reference: Iterable[str], given_code: Iterable[str], given_text: Iterable[str]) -> tuple[str, ...]:
    """Variables the reference assigns at top level that given code uses or given text names in `code`.

    In the order the reference assigns them. Functions, classes, modules and `_private` names are left out.
    """
    mentioned: set[str] = set()
    for source in given_code:
        tree = parse(source)
        mentioned |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} if tree else set(_NAME.findall(source))
    for text in given_text:
        for span in _CODE_SPAN.findall(text):
            mentioned |= set(_NAME.findall(span))
    return tuple(name for name in assigned_names(reference) if name in mentioned and not name.startswith("_"))


def assigned_names(reference: Iterable[str]) -> list[str]:
    """Variables that are assigned at top level, in order; functions, classes and modules are none."""
    order: dict[str, None] = {}
    definitions: set[str] = set()
    for source in reference:
        tree = parse(source)
        for statement in tree.body if tree else []:
            names = bound_names([statement])
            if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.With):
                order |= dict.fromkeys(sorted(names, key=lambda name: _first_use(statement, name)))
            else:
                definitions |= names
    return [name for name in order if name not in definitions]


def _first_use(statement: ast.stmt, name: str) -> tuple[int, int]:
    places = [(n.lineno, n.col_offset) for n in ast.walk(statement) if isinstance(n, ast.Name) and n.id == name]
    return min(places, default=(0, 0))
