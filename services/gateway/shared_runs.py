import asyncio
from collections.abc import Hashable
from typing import Generic

from services.gateway.errors import ShuttingDown
from services.gateway.run import Run, Said, let_end


class SharedRuns(Generic[Said]):
    """Runs apart from the requests that ask for them, one for each key: who asks for the same follows the same."""

    def __init__(self) -> None:
        self._runs: dict[Hashable, tuple[Run[Said], asyncio.Task[None]]] = {}
        self._closed = False

    @property
    def under_way(self) -> int:
        """How many are running now."""
        return len(self._runs)

    def known(self, key: Hashable) -> Run[Said] | None:
        """The run that is under way for a key."""
        return self._runs[key][0] if key in self._runs else None

    def begin(self, key: Hashable, run: Run[Said]) -> None:
        """Start a run. Raises ShuttingDown."""
        if self._closed:
            raise ShuttingDown("Caseloop is being restarted. What you have stays as it is; ask again in a moment.")
        task = run.start()
        self._runs[key] = run, task
        task.add_done_callback(lambda _: self._runs.pop(key))

    async def close(self, grace: float) -> None:
        """Take nothing new and give what is running `grace` seconds."""
        self._closed = True
        await let_end([task for _, task in self._runs.values()], grace)
