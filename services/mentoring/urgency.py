"""Who comes first in the queue."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

_FIRST: Final = timedelta(days=365 * 100)
"""Far more than anybody waits: those whose answer did not help come before everybody else."""


def rank(case: str, since: datetime, head_start: Mapping[str, float], *, again: bool = False) -> int:
    """The place in the queue, smaller is sooner: whoever waits longest, by milliseconds of when it began.

    A case's head start counts as so many minutes of waiting. `again`: the learner had an answer already and it did not
    help, or asks on; first of all, and among themselves the oldest first.
    """
    began = since - timedelta(minutes=head_start.get(case, 0.0)) - (_FIRST if again else timedelta(0))
    return round(began.timestamp() * 1000)
