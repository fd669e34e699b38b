"""What is evaluated: whoever answers a sample."""

from collections.abc import Mapping
from typing import Protocol

from evaluation.runs.result import Answer
from evaluation.suites.sample import Sample


class CannotAnswer(Exception):
    """The pipeline broke off over this sample; the message says how. The run goes on with the others."""


class Pipeline(Protocol):
    """Answers samples, any number of them at a time."""

    @property
    def made_of(self) -> Mapping[str, str]:
        """What could change its answers: rules, prompts, model, cases' versions. Kept with the run."""
        ...

    async def answer(self, sample: Sample) -> Answer:
        """What a learner would be told. Raises CannotAnswer."""
        ...
