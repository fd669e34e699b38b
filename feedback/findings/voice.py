import re
from collections.abc import Iterable
from dataclasses import dataclass

from feedback.notebook.reading import identifiers
from services.contracts.case import AuthorCase
from services.contracts.notebook import Cell

_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Voice:
    """What may be said aloud: words of the notebook as it was handed out, and of the learner's own code."""

    public: frozenset[str]

    @classmethod
    def of(cls, case: AuthorCase) -> "Voice":
        """Everything a learner of this case can read."""
        return cls(frozenset().union(*(identifiers(cell.source) for cell in case.cells)))

    def joined_by(self, cells: Iterable[Cell]) -> "Voice":
        """The same with the words of one learner's own notebook."""
        return Voice(self.public.union(*(identifiers(cell.source) for cell in cells)))

    def may(self, name: str) -> bool:
        """Whether the name gives nothing away."""
        return name in self.public


def one_line(text: str, limit: int = 120) -> str:
    """The text on one line, cut at a word's end."""
    flat = _SPACES.sub(" ", text).strip()
    if len(flat) <= limit:
        return flat
    cut = flat[: limit - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut).rstrip(" ,;:-") + "…"


def code(text: str, limit: int = 60) -> str:
    """The text as code in a sentence; what could break out of it is taken away."""
    return f"`{one_line(text.replace('`', chr(39)), limit)}`"
