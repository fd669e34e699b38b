import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from evaluation.judge.labels import LabelsUnreadable
from evaluation.runs.store import NoSuchRun, RunStore, RunUnreadable
from evaluation.serving.errors import RunDamaged, RunNotFound

T = TypeVar("T")


async def aside(read: Callable[[], T]) -> T:
    """Read on another thread. Raises RunNotFound, RunDamaged."""
    with refusing():
        return await asyncio.to_thread(read)


@contextmanager
def refusing() -> Iterator[None]:
    """Says what is wrong with a run or with labels as every other refusal is said."""
    try:
        yield
    except NoSuchRun as error:
        raise RunNotFound(str(error)) from error
    except (RunUnreadable, LabelsUnreadable) as error:
        raise RunDamaged(str(error)) from error


async def known_run(store: RunStore, run: str) -> None:
    """Raise RunNotFound where there is no such run."""
    if not await aside(lambda: store.knows(run)):
        raise RunNotFound("There is no such run (any more).")
