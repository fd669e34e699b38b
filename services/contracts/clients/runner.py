from collections.abc import AsyncIterator

from pydantic import TypeAdapter

from services.contracts.clients.service import ServiceClient
from services.contracts.observation import RunEvent, RunRequest

_EVENT: TypeAdapter[RunEvent] = TypeAdapter(RunEvent)


class RunnerClient(ServiceClient):
    """`services.runner`: executes untrusted code in a sandbox and says what happened."""

    name = "runner"

    async def run(self, request: RunRequest) -> AsyncIterator[RunEvent]:
        """Run; parts arrive as they happen and the last is RunFinished or RunFailed."""
        async for line in self._lines("/runs", request.model_dump_json()):
            yield _EVENT.validate_json(line)

    async def warm(self, request: RunRequest) -> None:
        """Start the environment's zygote (imports loaded) without running anything; cells are ignored."""
        await self._call("POST", "/zygotes", content=request.model_dump_json())
