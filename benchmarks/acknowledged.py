"""What learners were told is kept, and whether it is: the bookkeeping of a run in which things are killed."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from services.contracts.feedback import Verdict

What = Literal["check", "save", "message", "question"]


@dataclass(frozen=True)
class Entry:
    """One piece of a learner's work."""

    learner: str
    what: What
    id: str


class Ledger:
    """Pieces of work and what was said of each: as it was acknowledged, or as it was found."""

    def __init__(self) -> None:
        self._entries: dict[Entry, str] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def keep(self, entry: Entry, said: str = "") -> None:
        """Note a piece of work; what is said of it last counts."""
        self._entries[entry] = said

    def counts(self) -> str:
        """How many of each kind, for a note."""
        counted = Counter(entry.what for entry in self._entries)
        return ", ".join(f"{count} {what}{'s' if count > 1 else ''}" for what, count in sorted(counted.items()))

    def lost(self, found: "Ledger") -> list[Entry]:
        """What is in this ledger and was not found."""
        return [entry for entry in self._entries if entry not in found._entries]

    def changed(self, found: "Ledger") -> list[Entry]:
        """What was found, and says something else now."""
        there = found._entries
        return [entry for entry, said in self._entries.items() if entry in there and there[entry] != said]


@dataclass
class Verdicts:
    """Verdicts against what is known of the work."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    """A line each."""
    not_judged: int = 0
    """`could_not_judge`: the platform's own fault, and said so. No verdict on the work, and so no wrong one."""

    def told(self, who: str, expected: Verdict, verdict: Verdict) -> None:
        """Record one."""
        if verdict is Verdict.COULD_NOT_JUDGE:
            self.not_judged += 1
        elif verdict is expected:
            self.right += 1
        else:
            self.wrong.append(f"{who} was told {verdict} of work that is {expected}")
