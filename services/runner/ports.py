"""What the runner offers to code in the same process, and what it needs from outside."""

from collections.abc import AsyncIterator
from typing import Protocol

from services.contracts.observation import RunEvent, RunRequest


class CodeRunner(Protocol):
    """Executes untrusted code. `Runner` in this process and `RunnerClient` across the wire both are one."""

    def run(self, request: RunRequest) -> AsyncIterator[RunEvent]:
        """Run; parts arrive as they happen and the last is RunFinished or RunFailed. Closing it ends the run."""
        ...

    async def warm(self, request: RunRequest) -> None:
        """Load the request's environment without running anything; cells are ignored."""
        ...


class DataSource(Protocol):
    """Where data files come from; `CasesClient` is one."""

    def data(self, digest: str) -> AsyncIterator[bytes]:
        """Content of one data file, in parts. Raises ServiceError (404 `data_not_found`)."""
        ...
