"""What every scorer is given, and what it must do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from evaluation.runs.result import Answer, Score
from evaluation.suites.sample import Sample
from feedback.firewall.firewall import Firewall
from services.contracts.case import AuthorCase


@dataclass(frozen=True)
class Ground:
    """What a scorer may know of a sample's case. It never reaches a learner."""

    case: AuthorCase
    firewall: Firewall


class Scorer(Protocol):
    """Scores one answer; may take its time (a judge asks a model), and keeps its own record of that."""

    @property
    def name(self) -> str:
        """Kept with the run: results of a run with other scorers are not continued."""
        ...

    async def score(self, sample: Sample, answer: Answer, ground: Ground) -> tuple[Score, ...]:
        """One score or more. Never raises for what an answer holds: what cannot be scored has the value None."""
        ...


Grounds = Mapping[str, Ground]
"""Case id -> what scorers may know of it."""
