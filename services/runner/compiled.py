"""Checks as code objects, for sandboxes whose Python is this process's own.

A check is asked of hundreds of learners, and its text need not come near any of their code.
"""

import base64
import importlib.util
import marshal
from functools import lru_cache
from typing import Final, NamedTuple

from services.kit.syntax import tree_of
from services.runner.sandbox.asserts import checked
from services.runner.sandbox.places import CHECK, file_name

MAGIC: Final = importlib.util.MAGIC_NUMBER.hex()
"""Pythons with the same number run each other's code objects."""
_REMEMBERED: Final = 1_024


class Compiled(NamedTuple):
    """What a copy of the learner's process is sent in place of the check's text."""

    code: str
    """Marshalled, in base64."""
    builtins: tuple[str, ...]
    """Those that it uses."""


@lru_cache(_REMEMBERED)
def compiled(check: str, source: str) -> Compiled | None:
    """The check of this id; None where its text is no Python, which the sandbox will say."""
    try:
        code, used = checked(tree_of(source), file_name(CHECK, check))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return Compiled(base64.b64encode(marshal.dumps(code)).decode("ascii"), used)
