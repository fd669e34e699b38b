"""Reading Python, also while other threads read some."""

import ast
from typing import Final

_ATTEMPTS: Final = 4


def tree_of(source: str) -> ast.Module:
    """The syntax tree. Raises what `ast.parse` does for what is no Python.

    CPython 3.11 counts how deep it is in a tree for all threads together (gh-106905). When the garbage collector lets
    another thread read in the middle, the count is wrong at the end, and the next attempt begins anew.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return ast.parse(source)
        except SystemError:
            continue
    return ast.parse(source)
