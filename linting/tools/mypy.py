import json
import re
from pathlib import Path
from typing import Any

from linting.explanations.mypy import SURE
from linting.review.escapes import IPYTHON_NAMES
from linting.review.module import Module
from linting.review.problem import Problem, Severity, ToolName
from linting.tools.tool import ToolFailed
from linting.tools.worker import Worker

SECONDS = 20.0
"""The very first run reads pandas' stubs: 3 s on a quiet machine, three times that on a busy one. Later ones take 0.1
to 0.3 s; thousands of assignments in a row take longer than anybody waits."""
CONFIG = """\
[mypy]
# Notebooks rebind names freely and leave most types to be inferred.
allow_redefinition = True
local_partial_types = True
check_untyped_defs = True
ignore_missing_imports = True
# A learner must not make mypy read whatever is installed beside it; stubs are followed in any case.
follow_imports = skip
disable_error_code = var-annotated, import-untyped, import-not-found, top-level-await, annotation-unchecked, no-redef
# Its columns are true bytes; the default parser's are not on lines with other letters than ASCII.
native_parser = False

[mypy-numpy.*]
follow_imports = normal
"""

_LIBRARY_TYPES = re.compile(
    r"DataFrame|Series|Index\b|GroupBy|Timestamp|Timedelta|Hashable|Scalar|ndarray|dtype|NAType|NaTType|Interval|Period\b"
    r"|floating|integer\[|signedinteger|ExtensionArray|Categorical|Rolling|Styler|Buffer|ArrayLike|SequenceNotStr"
    r"|\bdate\b|\bdatetime\b|\bcomplex\b|\btimedelta\b"
)
"""Types out of pandas' and numpy's stubs, or out of the union that a single element of a table has in them. They
promise more than a dynamic library keeps: what mypy holds against such values mostly works, so it is advice at best."""
_JOINED = re.compile(r"\bobject\b")
"""What mypy takes for granted when a literal mixes kinds of values; what follows from it is no fault of the code."""
_ABOUT_VALUES = frozenset({"attr-defined", "call-overload", "index", "misc", "operator", "union-attr"})
"""Codes that say nothing certain about a value of a library's type."""


class Mypy:
    """Types."""

    name: ToolName = "mypy"

    def __init__(self, worker: Worker, folder: Path) -> None:
        """`folder` keeps the configuration and the cache of the libraries' stubs."""
        self._worker, self._config, self._cache = worker, folder / "mypy.ini", folder / "cache"

    async def run(self, module: Module) -> list[Problem]:
        """As `Tool.run`."""
        if not self._config.exists() or self._config.read_text() != CONFIG:
            self._config.parent.mkdir(parents=True, exist_ok=True)
            self._config.write_text(CONFIG)
        answer = await self._worker.call(
            "mypy",
            SECONDS,
            source=module.source,
            python=module.python,
            config=str(self._config),
            cache=str(self._cache),
        )
        if answer["status"] not in (0, 1):
            raise ToolFailed(f"mypy could not check the module: {_last_line(answer['err'] or answer['out'])}")
        lines = module.source.encode().split(b"\n")
        said = [json.loads(line) for line in answer["out"].splitlines() if line.startswith("{")]
        return [_problem(error, lines) for error in certain(said)]


def certain(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of mypy's errors (its JSON) those that say something certain about a notebook."""
    # mypy goes through a union member by member: what holds for one at a place, holds for the others there.
    doubtful = {_position(error) for error in said if _is_about_library_values(error)}
    return [error for error in said if _counts(error) and _position(error) not in doubtful]


def _position(error: dict[str, Any]) -> tuple[str, int, int]:
    return error["code"], error["line"], error["column"]


def _is_about_library_values(error: dict[str, Any]) -> bool:
    message = f"{error['message']} {error['hint'] or ''}"
    return _LIBRARY_TYPES.search(message) is not None and (error["code"] in _ABOUT_VALUES or " | " in message)


def _counts(error: dict[str, Any]) -> bool:
    code, message = error["code"], error["message"]
    if error["severity"] != "error" or code is None or _JOINED.search(message):
        return False
    return not (code == "name-defined" and any(f'"{name}"' in message for name in IPYTHON_NAMES))


def _problem(error: dict[str, Any], lines: list[bytes]) -> Problem:
    line, column = error["line"], error["column"]
    before = lines[line - 1][: max(column, 0)] if 0 < line <= len(lines) else b""
    return Problem(
        tool="mypy",
        rule=error["code"],
        name=error["code"],
        line=line,
        end_line=error.get("end_line") or line,
        column=len(before.decode(errors="ignore")) + 1,
        message=error["message"],
        severity=_severity(error),
    )


def _severity(error: dict[str, Any]) -> Severity | None:
    """None: as the code's explanation says."""
    return None if error["code"] in SURE and not _LIBRARY_TYPES.search(error["message"]) else "advice"


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1][:200]
