"""The libraries as they were loaded before any learner's code ran."""

import sys
from typing import Any

_seen: dict[str, Any] = {}


def remember() -> None:
    """Keep the modules loaded now: a learner may put fakes into `sys.modules` later."""
    for name in ("numpy", "pandas", "sklearn.base"):
        if name in sys.modules:
            _seen.setdefault(name, sys.modules[name])


def library(name: str) -> Any:
    """The loaded module, or None. Never imports."""
    return _seen.get(name) or sys.modules.get(name)
