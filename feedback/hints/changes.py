import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Changes:
    """Tells whoever follows a hint in this process that it has changed. Other processes look from time to time."""

    def __init__(self) -> None:
        self._followers: dict[str, set[asyncio.Event]] = {}

    def announce(self, hint: str) -> None:
        """The hint has changed, and the change can be read."""
        for follower in self._followers.get(hint, ()):
            follower.set()

    @contextmanager
    def followed(self, hint: str) -> Iterator["Follower"]:
        """Hear of changes from here on."""
        changed = asyncio.Event()
        self._followers.setdefault(hint, set()).add(changed)
        try:
            yield Follower(changed)
        finally:
            self._followers[hint].discard(changed)
            if not self._followers[hint]:
                del self._followers[hint]


class Follower:
    """Waits for changes of one hint."""

    def __init__(self, changed: asyncio.Event) -> None:
        self._changed = changed

    async def wait(self, seconds: float) -> None:
        """Until the hint has changed since the last wait, or the seconds are over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()
