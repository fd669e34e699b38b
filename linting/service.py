import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from linting.errors import NotebookTooLarge, PythonNotSupported
from linting.review.module import BrokenCell, Module, Origin
from linting.review.problem import Problem
from linting.review.report import report
from linting.tools.tool import Tool, ToolFailed, ToolTimedOut
from linting.tools.worker import Worker
from services.contracts.lint import LintReport, ReviewRequest, ToolRun

MAX_CHARS: Final = 500_000
"""Of all code cells together: about 12,000 lines."""
PYTHONS: Final = ("3.10", "3.11", "3.12", "3.13", "3.14")
JOIN_SECONDS: Final = 15.0
"""The first review's starts a process, too."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What all tools said about a joined module."""

    module: Module
    problems: tuple[Problem, ...]
    runs: tuple[ToolRun, ...]


class ReviewService:
    """Reviews a notebook as one module with all tools at once."""

    def __init__(self, tools: Sequence[Tool], parser: Worker, workers: Sequence[Worker]) -> None:
        """`parser` joins cells (parsing may cost the process its life); `workers` are closed with the service."""
        self._tools, self._parser, self._workers = tuple(tools), parser, tuple(workers)

    async def review(self, request: ReviewRequest) -> LintReport:
        """The review. A tool that fails or is too slow is named in `tools`; the others' findings count.

        Raises `NotebookTooLarge` and `PythonNotSupported`.
        """
        start = time.perf_counter()
        try:
            reading = await self.read(request)
        except ToolFailed as error:
            unread = _run("caseloop", start, error, "The notebook could not be read: ")
            return LintReport(findings=(), tools=(unread,))
        return report(request.cells, reading.module, reading.problems, reading.runs, request.editable)

    async def read(self, request: ReviewRequest) -> Reading:
        """What each tool says about the joined module, before anything is folded, ranked or left out.

        Raises `NotebookTooLarge`, `PythonNotSupported`, and `ToolFailed` when the cells cannot be joined.
        """
        if request.python not in PYTHONS:
            raise PythonNotSupported(f"Python {request.python[:20]!r} is not one of {', '.join(PYTHONS)}.")
        size = sum(len(cell.source) for cell in request.cells if cell.kind == "code")
        if size > MAX_CHARS:
            raise NotebookTooLarge(f"The code cells hold {size:,} characters together; a review reads {MAX_CHARS:,}.")
        module = await self._join(request)
        wanted = [tool for tool in self._tools if not request.tools or tool.name in request.tools]
        outcomes = await asyncio.gather(*(_outcome(tool, module) for tool in wanted))
        problems = tuple(problem for found, _ in outcomes for problem in found)
        return Reading(module, problems, tuple(run for _, run in outcomes))

    async def close(self) -> None:
        """Kill all workers."""
        for worker in self._workers:
            await worker.close()

    async def _join(self, request: ReviewRequest) -> Module:
        plain = [{"id": c.id, "kind": c.kind, "source": c.source} for c in request.cells if c.kind == "code"]
        joined: dict[str, Any] = await self._parser.call("join", JOIN_SECONDS, cells=plain)
        return Module(
            source=joined["source"],
            origins=tuple(None if origin is None else Origin(*origin) for origin in joined["origins"]),
            displays=tuple((first, last) for first, last in joined["displays"]),
            broken=tuple(BrokenCell(**cell) for cell in joined["broken"]),
            unseen_names=joined["unseen_names"],
            python=request.python,
            executions=request.executions,
        )


async def _outcome(tool: Tool, module: Module) -> tuple[list[Problem], ToolRun]:
    start = time.perf_counter()
    try:
        return await tool.run(module), _run(tool.name, start)
    except ToolFailed as error:
        return [], _run(tool.name, start, error)


def _run(tool: str, start: float, error: ToolFailed | None = None, prefix: str = "") -> ToolRun:
    return ToolRun(
        tool=tool,
        status="ok" if error is None else "timed_out" if isinstance(error, ToolTimedOut) else "failed",
        wall_ms=round((time.perf_counter() - start) * 1000, 1),
        detail="" if error is None else f"{prefix}{error}",
    )
