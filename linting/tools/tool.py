from typing import Protocol

from linting.review.module import Module
from linting.review.problem import Problem, ToolName


class ToolFailed(Exception):
    """The tool could not do its work; the message says why."""


class ToolTimedOut(ToolFailed):
    """The tool did not end within its time limit and was killed."""


class Tool(Protocol):
    """Something that reads a module and names its problems. It never runs the module."""

    name: ToolName

    async def run(self, module: Module) -> list[Problem]:
        """All problems of the module. Raises `ToolFailed`, `ToolTimedOut`."""
        ...
