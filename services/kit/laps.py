"""How long the parts of a piece of work took, for its log line and, where traces are made, as spans of its request."""

import time
from typing import Final

from services.kit.tracing import current_span

_MOST_SPANS: Final = 64
"""Of one piece of work; a step with hundreds of checks has a lap for each."""


class Laps:
    """A watch whose laps follow each other without a gap. A name that comes again is added to.

    Names are ours and few: they become names of spans.
    """

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._last = time.perf_counter()
        self._span, self._spans_left = current_span(), _MOST_SPANS
        self._last_ns = time.time_ns()

    def lap(self, name: str) -> None:
        """What went on since the lap before was `name`."""
        now = time.perf_counter()
        self.ms[name] = round(self.ms.get(name, 0.0) + (now - self._last) * 1e3, 2)
        self._last = now
        if self._span is not None and self._spans_left:
            self._spans_left -= 1
            self._span.child(name, began=self._last_ns).end()
            self._last_ns = time.time_ns()
