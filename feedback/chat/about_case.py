import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from feedback.chat.intent import Ground
from feedback.findings.voice import Voice
from feedback.single_flight import SingleFlight
from services.contracts.case import AuthorCase
from services.contracts.notebook import Cell


@dataclass(frozen=True)
class AboutCase:
    """What a case version is about, read once."""

    public: frozenset[str]
    """Identifiers of the notebook as it was handed out."""
    texts: tuple[str, ...]

    def ground(self, topics: Sequence[str], cells: Sequence[Cell]) -> Ground:
        """Words that belong to the case, with those of one learner's own code."""
        return Ground.of([*self.texts, *topics, *self.public, *(cell.source for cell in cells if cell.kind == "code")])


class AboutCases:
    """Keeps it for the last few case versions."""

    def __init__(self, size: int = 64) -> None:
        self._kept = SingleFlight[str, AboutCase](size)

    async def of(self, case: AuthorCase) -> AboutCase:
        """Of one version."""
        return await self._kept.get(case.version, lambda: asyncio.to_thread(_read, case))


def _read(case: AuthorCase) -> AboutCase:
    titles = [case.title, *(subtask.view.title for subtask in case.subtasks)]
    told = [cell.source for cell in case.cells if cell.kind == "markdown"]
    return AboutCase(Voice.of(case).public, (*titles, *told))
