from collections.abc import Mapping, Sequence
from typing import Protocol


class Trials(Protocol):
    """Runs programs on the checks. Whatever a program does, the answer is about that program alone."""

    def passed(self, programs: Sequence[str]) -> Sequence[bool]:
        """For each program, whether it passes every check."""
        ...

    def values(self, programs: Sequence[str]) -> Sequence[Mapping[str, Sequence[str]]]:
        """For each program, the values of its variables over all checks, as `feedback.repair.traces` records them."""
        ...


class CellTrials(Protocol):
    """Runs whole cells after those before them, and asks all that the step asks."""

    def likely(self, programs: Sequence[str]) -> Sequence[bool]:
        """For each program, whether it may pass: what does not, would not pass by itself either. Cheap."""
        ...

    def apart(self, programs: Sequence[str]) -> Sequence[bool]:
        """For each program, whether all holds that the step asks, each in a process of its own."""
        ...
