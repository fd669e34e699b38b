"""When a search must have ended, looked at from within whatever takes long."""

import math
import time
from collections.abc import Callable
from typing import Final

_EVERY: Final = 500
"""Steps between two looks at the clock; that many take a millisecond or two."""


class OutOfTime(Exception):
    """The time for a repair is over; what was best so far counts."""


class Deadline:
    """A moment after which nothing more of a search is computed, wherever it is.

    Args:
        until: that moment, by the clock.
        clock: asked every so many steps only.
    """

    def __init__(self, until: float = math.inf, clock: Callable[[], float] = time.monotonic) -> None:
        self._until, self._clock, self._left = until, clock, 0

    def step(self, count: int = 1) -> None:
        """Before so many small steps: look at the clock if it is time to. Raises OutOfTime."""
        self._left -= count
        if self._left <= 0:
            self.look()

    def look(self) -> None:
        """Look at the clock. Raises OutOfTime."""
        self._left = _EVERY
        if self.over():
            raise OutOfTime

    def over(self) -> bool:
        """Whether the moment has passed."""
        return self._clock() > self._until


ENDLESS: Final = Deadline()
"""For what need not end by any moment."""
