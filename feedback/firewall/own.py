from collections.abc import Iterable
from dataclasses import dataclass

from services.contracts.notebook import Cell


@dataclass(frozen=True)
class Own:
    """What this learner wrote: it may always be said back to them, also where it equals the reference."""

    texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, cells: Iterable[Cell], typed: Iterable[str] = ()) -> "Own":
        """Gather a learner's notebook and what else they typed: chat messages, reflections, what their code printed."""
        return cls((*(cell.source for cell in cells if cell.source.strip()), *(text for text in typed if text.strip())))


NOBODY = Own()
"""For texts that no learner is asked about: nothing is quoted."""
