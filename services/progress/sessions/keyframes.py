"""Where a replay may begin: the notebook as it was before some events of a session, kept beside them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from services.contracts.session import ReplayCell, SessionEvent
from services.progress.sessions.models import KeyframeRow, SessionRow
from services.progress.sessions.replay import Notebook
from services.progress.sessions.repository import EventRepository

EVERY: Final = 500
"""Events between two keyframes, at least. Replaying so many takes some milliseconds."""
AT_MOST: Final = 4_000
"""Events between two keyframes, at most; a multiple of the above. In between the size of the notebook decides."""
_CELLS = TypeAdapter(tuple[ReplayCell, ...])
_BESIDES_DATA: Final = 40
"""Bytes of an event besides its data, about."""


@dataclass(frozen=True)
class _Next:
    """A keyframe to be kept: after so many events, before the event `seq`."""

    count: int
    seq: int
    at: int
    cells: str


async def advance(repository: EventRepository, row: SessionRow) -> bool:
    """Add the next keyframe of a session if enough events follow the last one; tells whether it did.

    The caller's transaction must be one that writes. A keyframe's bytes count as the session's: `row.bytes` grows.
    """
    last = await repository.keyframe()
    start, notebook = beginning(last)
    time, before = (0, 0) if last is None else (last.at, last.events)
    events = await repository.events(start, limit=AT_MOST)
    # Thousands of edits of a huge cell take a second; the other services share this event loop.
    found = await asyncio.to_thread(_next, notebook, events, time)
    if found is None:
        return False
    await repository.add_keyframe(found.seq, found.at, before + found.count, found.cells)
    row.bytes += len(found.cells)
    return True


def _next(notebook: Notebook, events: Sequence[SessionEvent], time: int) -> _Next | None:
    led = 0
    for count, event in enumerate(events, 1):
        notebook.apply(event)
        time, led = max(time, event.at), led + _BESIDES_DATA + weight(event)
        if count % EVERY:
            continue
        # Notebooks kept whole may not be much more than what led from one to the next.
        if count == AT_MOST or 2 * led >= sum(len(cell.source) for cell in notebook.cells):
            return _Next(count, event.seq + 1, time, _CELLS.dump_json(notebook.cells).decode())
    return None


def beginning(keyframe: KeyframeRow | None) -> tuple[int, Notebook]:
    """The number of the event that a replay goes on with, and the notebook before it."""
    if keyframe is None:
        return 0, Notebook()
    return keyframe.seq, Notebook(_CELLS.validate_json(keyframe.cells))


def weight(event: SessionEvent) -> int:
    """How much text there is in an event, in characters."""
    match event.data:
        case {"inserted": str(text)} | {"source": str(text)}:
            return len(text)
        case {"cells": list(cells)}:
            return sum(len(str(cell.get("source"))) for cell in cells if isinstance(cell, dict))
    return 0
