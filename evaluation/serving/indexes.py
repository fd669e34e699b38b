import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from evaluation.runs.store import RunStore
from evaluation.serving.aside import aside, known_run, refusing
from evaluation.serving.computing import Computing
from evaluation.serving.errors import CannotCompute
from evaluation.serving.index import RunIndex, read_index
from evaluation.serving.readings import Indexed

T = TypeVar("T")


class Indexes:
    """The indexes of one home's runs. `caseloop eval` leaves them; what is missing or stale is made when needed."""

    def __init__(self, store: RunStore, computing: Computing) -> None:
        self._store, self._computing = store, computing
        # What is made once need not be made again by whoever asked meanwhile.
        self._turn = asyncio.Lock()

    def folder(self, run: str) -> Path:
        """Where the run is. Raises RunNotFound."""
        with refusing():
            return self._store.folder(run)

    async def read(self, run: str, reading: Callable[[RunIndex], T]) -> T:
        """What `reading` finds, on another thread. Raises RunNotFound, RunDamaged, TookTooLong, CannotCompute."""
        folder = self.folder(run)
        found = await aside(lambda: read_index(folder, reading))
        if found is not None:
            return found[0]
        await known_run(self._store, run)
        async with self._turn:
            found = await aside(lambda: read_index(folder, reading))
            if found is None:
                await self._computing.do(Indexed, "index", name=run)
                # A run under way may have changed meanwhile; what was just made is new enough for whoever waited.
                found = await aside(lambda: read_index(folder, reading, as_it_is=True))
        if found is None:
            raise CannotCompute(f"The index of the run {run} cannot be read just after it was made. Try again.")
        return found[0]
