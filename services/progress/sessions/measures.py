"""What a session's events add up to. Pure; how each measure is counted: docs/reference/session-events.md."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from services.contracts.session import SessionEvent

IDLE_AFTER_MS: Final = 30_000
LARGE_PASTE: Final = 100
"""UTF-16 units; more is a large paste."""


@dataclass(frozen=True)
class Measures:
    """The measures of the events so far. Times in milliseconds."""

    first: int | None = None
    last: int = 0
    """Time of the newest event: the largest `at` so far."""
    active: int = 0
    idle: int = 0
    idle_stretches: int = 0
    pastes: int = 0
    large_pastes: int = 0
    pasted_chars: int = 0
    runs: int = 0
    failed_runs: int = 0
    checks: int = 0
    hints: int = 0
    chats: int = 0

    @property
    def seconds(self) -> float:
        """From the first event to the last."""
        return 0.0 if self.first is None else (self.last - self.first) / 1000

    def after(self, events: Iterable[SessionEvent]) -> "Measures":
        """The measures with these events too, which follow those so far in the order of `seq`."""
        measured = self
        for event in events:
            measured = measured._with(event)
        return measured

    def _with(self, event: SessionEvent) -> "Measures":
        now = max(self.last, event.at)
        passed = 0 if self.first is None else now - self.last
        idle = passed > IDLE_AFTER_MS
        timed = replace(
            self,
            first=now if self.first is None else self.first,
            last=now,
            idle=self.idle + (passed if idle else 0),
            idle_stretches=self.idle_stretches + idle,
            active=self.active + (passed if event.kind == "edit" and not idle else 0),
        )
        return timed._counting(event)

    def _counting(self, event: SessionEvent) -> "Measures":
        match event.kind:
            case "paste":
                length = event.data.get("length")
                length = length if isinstance(length, int) else 0
                return replace(
                    self,
                    pastes=self.pastes + 1,
                    large_pastes=self.large_pastes + (length > LARGE_PASTE),
                    pasted_chars=self.pasted_chars + length,
                )
            case "run":
                return replace(self, runs=self.runs + 1)
            case "result":
                return replace(self, failed_runs=self.failed_runs + (event.data.get("ok") is False))
            case "check":
                return replace(self, checks=self.checks + 1)
            case "hint":
                return replace(self, hints=self.hints + 1)
            case "chat":
                return replace(self, chats=self.chats + 1)
        return self
