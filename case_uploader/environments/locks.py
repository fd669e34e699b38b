"""Locks between processes of this machine, each a file that ends with its process."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

_LOOK_SECONDS: Final = 0.5


@asynccontextmanager
async def alone(folder: Path, name: str) -> AsyncIterator[None]:
    """Wait until nobody else has the lock, and have it."""
    while True:
        with try_lock(folder, name) as locked:
            if locked:
                yield
                return
        await asyncio.sleep(_LOOK_SECONDS)


@contextmanager
def try_lock(folder: Path, name: str) -> Iterator[bool]:
    """Have the lock if nobody else has it; yields whether it is had."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(folder / f"{name}.lock", flags, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
