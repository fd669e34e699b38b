"""States of a notebook that are kept, so that a further run need not execute the cells before them again."""

import socket
from collections.abc import Sequence
from typing import Any, NamedTuple

from .files import Files

MAX_SNAPSHOTS = 3
WORTH_MS = 50.0
"""A copy costs some milliseconds: what takes less than this is rather run again."""


class Snapshot(NamedTuple):
    """The learner's process as it was after some cells; it waits for the order to go on, itself or in a copy."""

    depth: int
    """How many cells it has run."""
    sock: socket.socket
    pid: int
    outcomes: tuple[dict[str, Any], ...]
    files: Files
    itself: bool = False
    """It goes on itself: nothing has been changed in it since, and nobody will need this state again."""


def used(outcomes: Sequence[dict[str, Any]], what: str) -> float:
    """Seconds that these cells have taken; `what`: `wall_ms` or `cpu_ms`."""
    return float(sum(outcome[what] for outcome in outcomes)) / 1e3


def is_costly(outcomes: Sequence[dict[str, Any]], snapshots: Sequence[Snapshot]) -> bool:
    """Whether what has run since the last snapshot is worth one."""
    done = snapshots[-1].depth if snapshots else 0
    return used(outcomes[done:], "wall_ms") * 1e3 >= WORTH_MS
