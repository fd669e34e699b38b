"""Which saved states of a notebook are kept for how long. Documented for learners in docs/reference/gateway-api.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

KEEP_ALL = timedelta(hours=24)
KEEP_HOURLY = timedelta(days=7)


@dataclass(frozen=True)
class KeptState:
    """One saved state as the rule needs it."""

    key: int
    saved: datetime
    size: int


def to_drop(states: Sequence[KeptState], now: datetime, budget: int) -> list[int]:
    """Keys of the states to drop, given all states of one notebook, oldest first.

    Everything of the last 24 hours stays, then the last state of each hour for a week, then the last of each day.
    When what stays is larger than `budget` bytes, the oldest of it goes too. The newest state always stays.
    """
    if not states:
        return []
    *older, newest = states
    kept = [*_last_of_each_slot(older, now), newest]
    total = sum(state.size for state in kept)
    while total > budget and len(kept) > 1:
        total -= kept.pop(0).size
    stay = {state.key for state in kept}
    return [state.key for state in states if state.key not in stay]


def _last_of_each_slot(states: Sequence[KeptState], now: datetime) -> list[KeptState]:
    last: dict[str, KeptState] = {}
    for state in states:
        last[_slot(state, now)] = state
    return sorted(last.values(), key=lambda state: state.key)


def _slot(state: KeptState, now: datetime) -> str:
    age = now - state.saved
    if age <= KEEP_ALL:
        return f"state {state.key}"
    return state.saved.strftime("%Y-%m-%d %H" if age <= KEEP_HOURLY else "%Y-%m-%d")
