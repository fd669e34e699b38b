import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Generic, TypeVar

from services.contracts.errors import ErrorBody
from services.kit.errors import error_body

Said = TypeVar("Said")
"""What a run says, besides why it failed."""


class Run(Generic[Said]):
    """Work apart from any request, and what it has said so far, for everybody who follows it.

    It goes on when nobody does.
    """

    def __init__(
        self,
        about: str,
        request_id: str,
        work: "Callable[[Run[Said]], Awaitable[None]]",
        ended: Callable[[Said | ErrorBody | None], None],
    ) -> None:
        """`about`: equal for equal work. `work` says what happens; `ended` hears the last thing said, once."""
        self.about = about
        self.request_id = request_id
        self.ended = False
        self._work = work
        self._on_end = ended
        self._context = contextvars.copy_context()
        self._parts: list[Said | ErrorBody] = []
        self._changed = asyncio.Event()

    def say(self, part: Said | ErrorBody) -> None:
        """Tell all followers, present and future."""
        self._parts.append(part)
        self._wake()

    def refuse(self, error: str, detail: str) -> None:
        """Say why it will come to nothing."""
        self.say(ErrorBody(error=error, detail=detail, request_id=self.request_id))

    def end(self) -> None:
        """Nothing more will be said."""
        self.ended = True
        self._wake()
        self._on_end(self._parts[-1] if self._parts else None)

    async def follow(self) -> AsyncIterator[Said | ErrorBody]:
        """All that was said and will be said."""
        seen = 0
        while True:
            while seen < len(self._parts):
                yield self._parts[seen]
                seen += 1
            if self.ended:
                return
            await self._changed.wait()

    def start(self) -> "asyncio.Task[None]":
        """Begin, apart from the request that asked for it but with its request id."""
        return asyncio.create_task(self._run(), context=self._context)

    async def _run(self) -> None:
        try:
            await self._work(self)
        except Exception as error:
            _, body = error_body(error)
            self.refuse(body.error, body.detail)
        finally:
            self.end()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


async def let_end(tasks: "Iterable[asyncio.Task[None]]", grace: float) -> None:
    """Give running work `grace` seconds; the rest is cancelled and says so itself."""
    waited = list(tasks)
    if not waited:
        return
    _, late = await asyncio.wait(waited, timeout=grace)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
