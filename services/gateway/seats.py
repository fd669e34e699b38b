from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from services.gateway.errors import TooManyRequests


class Seats:
    """How many slow answers one person may wait for at once, so that nobody takes all connections."""

    def __init__(self, each: int, what: str = "answers of the assistant") -> None:
        self._each, self._what = each, what
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, user: str) -> Iterator[None]:
        """Keep a seat for the block. Raises TooManyRequests."""
        if self._taken[user] >= self._each:
            raise TooManyRequests(
                f"You are waiting for {self._each} {self._what} already. "
                "Wait for one of them, or close other windows of this page."
            )
        self._taken[user] += 1
        try:
            yield
        finally:
            self._taken[user] -= 1
            if not self._taken[user]:
                del self._taken[user]
