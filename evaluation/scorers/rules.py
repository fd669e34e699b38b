"""The scorers that need no model."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from evaluation.runs.result import Answer, Score
from evaluation.scorers import (
    brevity,
    consequence,
    ladder,
    leak,
    localisation,
    precision,
    readability,
    recall,
    unwanted,
    verdict,
)
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Sample

ScoreOne = Callable[[Sample, Answer, Ground], Score]

DETERMINISTIC: Final[Sequence[ScoreOne]] = (
    verdict.score,
    recall.score,
    precision.score,
    localisation.score,
    consequence.score,
    brevity.score,
    brevity.length,
    leak.score,
    readability.score,
    ladder.score,
    unwanted.score,
)


class RuleScorers:
    """All of them, in a thread: reading a notebook takes the firewall a while."""

    name = "rules-2"
    """With a number that goes up when they come to other results: such runs are not continued as one."""

    async def score(self, sample: Sample, answer: Answer, ground: Ground) -> tuple[Score, ...]:
        """One score of each."""
        return await asyncio.to_thread(lambda: tuple(score(sample, answer, ground) for score in DETERMINISTIC))
