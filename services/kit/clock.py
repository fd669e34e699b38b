from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Tells the present moment, with its time zone."""


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)
