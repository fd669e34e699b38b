from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from services.gateway.errors import TooManyRequests


class Seats:
    """How many answers of the assistant a learner may wait for at once, so that nobody takes all connections."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, user: str) -> Iterator[None]:
        """Keep a seat for the block. Raises TooManyRequests."""
        if self._taken[user] >= self._each:
            raise TooManyRequests(
                f"You are waiting for {self._each} answers of the assistant already. "
                "Wait for one of them, or close other windows of this case."
            )
        self._taken[user] += 1
        try:
            yield
        finally:
            self._taken[user] -= 1
            if not self._taken[user]:
                del self._taken[user]
