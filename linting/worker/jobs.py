"""What a worker can do. Tools are imported by the first job that needs them, so that a worker holds only its own."""

import ast
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from linting.review.module import join
from services.contracts.notebook import Cell

Job = Callable[..., Any]


def join_cells(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Join cells to a module; the result is `Module` as plain JSON, an origin as a list of its fields."""
    module = join([Cell.model_construct(**cell) for cell in cells])
    return {
        "source": module.source,
        "origins": [None if o is None else (o.cell, o.line, o.shift, o.masked) for o in module.origins],
        "displays": module.displays,
        "broken": [asdict(cell) for cell in module.broken],
        "unseen_names": module.unseen_names,
    }


def find_smells(
    source: str, cells: list[list[int]], displays: list[list[int]], executions: list[int | None]
) -> list[dict[str, Any]]:
    """Run our own rules. `cells` and `displays`: first and last lines, as in `Module`; `executions`: a cell's count."""
    from linting.rules.engine import hits

    tree = ast.parse(source)
    lines = source.split("\n")
    return [
        {
            "rule": code,
            "line": hit.node.lineno,
            "end_line": hit.node.end_lineno,
            "column": _characters(lines, hit.node.lineno, hit.node.col_offset),
            "end_column": _characters(lines, hit.node.end_lineno or hit.node.lineno, hit.node.end_col_offset or 0),
            "message": hit.message,
        }
        for code, hit in hits(tree, [(a, b) for a, b in cells], [(a, b) for a, b in displays], executions)
    ]


def _characters(lines: list[str], line: int, offset: int) -> int:
    """A 1-based column in characters for a 0-based one in bytes."""
    return len(lines[line - 1].encode()[:offset].decode(errors="ignore")) + 1


def run_bandit(source: str, tests: list[str]) -> list[dict[str, Any]]:
    """Run bandit with these tests over the source."""
    from linting.worker.security import issues

    lines = source.split("\n")
    return [
        {
            "rule": issue.test_id,
            "name": issue.test,
            "line": issue.lineno,
            "end_line": max(issue.linerange, default=issue.lineno),
            "column": _characters(lines, issue.lineno, max(issue.col_offset, 0)),
            "message": issue.text,
            "level": issue.severity,
        }
        for issue in issues(source, tests)
    ]


def run_vulture(source: str, min_confidence: int) -> list[dict[str, Any]]:
    """Run vulture over the source."""
    from vulture.core import ExitCode, Vulture

    vulture = Vulture()
    vulture.scan(source, filename="notebook.py")
    if vulture.exit_code == ExitCode.InvalidInput:
        raise ValueError("vulture could not read the module")
    return [
        {
            "rule": f"unused-{item.typ}" if item.typ != "unreachable_code" else "unreachable-code",
            "line": item.first_lineno,
            "end_line": item.last_lineno,
            "message": item.message,
        }
        for item in vulture.get_unused_code(min_confidence=min_confidence)
    ]


def run_mypy(source: str, python: str, config: str, cache: str) -> dict[str, Any]:
    """Run mypy over the source; what it printed and its exit status.

    The source is passed as text (`-c`): such a module has no path, so mypy neither reads nor writes a cache entry for
    it. With a path, two different notebooks of the same size within one second would share a verdict.
    """
    from mypy import api

    out, err, status = api.run(
        ["--config-file", config, "--cache-dir", cache, "--python-version", python, "--output", "json", "-c", source]
    )
    return {"out": out, "err": err[-500:], "status": status}


JOBS: dict[str, Job] = {
    "join": join_cells,
    "smells": find_smells,
    "bandit": run_bandit,
    "vulture": run_vulture,
    "mypy": run_mypy,
}
