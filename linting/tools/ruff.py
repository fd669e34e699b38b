import asyncio
import contextlib
import functools
import json
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Any

from ruff import find_ruff_bin  # type: ignore[import-untyped]

from linting.explanations.ruff import IGNORE, SELECT
from linting.review.escapes import IPYTHON_NAMES
from linting.review.module import Module
from linting.review.problem import Edit, Problem, SafeFix, ToolName
from linting.tools.tool import ToolFailed, ToolTimedOut

SECONDS = 10.0
SHOWN_VALUE = frozenset({"B015", "B018"})
"""Useless as a statement, but at the end of a cell the notebook shows the value."""
binary = functools.cache(find_ruff_bin)


def selection() -> list[str]:
    """The options that choose the rules, also for reading them back."""
    names = json.dumps(sorted(IPYTHON_NAMES))
    return ["--select", ",".join(SELECT), "--ignore", ",".join(IGNORE), "--config", f"builtins={names}"]


class Ruff:
    """Mistakes and style, by a fast process of its own per review."""

    name: ToolName = "ruff"

    def __init__(self, folder: Path) -> None:
        """`folder` is the working folder; nothing in it is read."""
        self._folder = folder

    async def run(self, module: Module) -> list[Problem]:
        """As `Tool.run`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        output = await self._check(module.source.encode(), module.python)
        problems = (_problem(found) for found in output)
        return [p for p in problems if not (p.rule in SHOWN_VALUE and module.is_displayed(p.line))]

    async def _check(self, source: bytes, python: str) -> list[dict[str, Any]]:
        process = await asyncio.create_subprocess_exec(
            *(binary(), "check", "--no-cache", "--isolated", "--quiet", "--output-format", "json", *selection()),
            *("--target-version", f"py{python.replace('.', '')}", "--stdin-filename", "notebook.py", "-"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=self._folder,
            env={"LANG": "C.UTF-8", "RAYON_NUM_THREADS": "1"},
        )
        try:
            async with asyncio.timeout(SECONDS):
                out, _ = await process.communicate(source)
        except TimeoutError:
            raise ToolTimedOut(f"no answer within {SECONDS:g} s") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode not in (0, 1):
            raise ToolFailed(f"ruff ended with status {process.returncode}")
        found: list[dict[str, Any]] = json.loads(out)
        return found


def _problem(found: dict[str, Any]) -> Problem:
    return Problem(
        tool="ruff",
        rule=found["code"] or "invalid-syntax",
        name=found.get("name") or "invalid-syntax",
        line=found["location"]["row"],
        end_line=found["end_location"]["row"],
        column=found["location"]["column"],
        end_column=found["end_location"]["column"],
        message=found["message"],
        fix=_safe_fix(found),
    )


def _safe_fix(found: dict[str, Any]) -> SafeFix | None:
    fix = found.get("fix")
    if fix is None or fix["applicability"] != "safe":
        return None
    edits = [_edit(edit) for edit in fix["edits"]]
    return SafeFix(fix["message"] or "Apply ruff's fix", tuple(sorted(edits, key=lambda e: (e.line, e.column))))


def _edit(edit: dict[str, Any]) -> Edit:
    first, last = edit["location"], edit["end_location"]
    return Edit(first["row"], first["column"], last["row"], last["column"], edit["content"])
