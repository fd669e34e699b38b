from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from feedback.hints.task import Answers, HintTask, Work


@dataclass(frozen=True)
class Candidate:
    """A set of answers that may put the learner's work right, or do the same faster. Nothing is known about it yet."""

    origin: str
    """Who proposes it: `model`, or the engine's name."""
    answers: Answers


class RepairEngine(Protocol):
    """Proposes repairs without a model."""

    @property
    def name(self) -> str:
        """For the record of a hint."""
        ...

    @property
    def last_resort(self) -> bool:
        """Whether it is asked only when nobody else's candidate has passed the checks."""
        ...

    async def candidates(self, task: HintTask) -> Sequence[Candidate]:
        """Repairs of the task's answers, the likeliest first. Does not run them."""
        ...


class AcceptedSolutions:
    """The case's own solutions: the reference and its accepted variants.

    A last resort: they are right, and seldom near to what the learner has.
    """

    name = "accepted"
    last_resort = True

    async def candidates(self, task: HintTask) -> Sequence[Candidate]:
        """Every accepted solution of the step."""
        return [Candidate(self.name, answers) for answers in accepted(task)]


def accepted(task: Work) -> Iterator[Answers]:
    """The accepted solutions of the work's step, each once; a variant is completed by the reference."""
    reference, seen = dict(task.subtask.reference), []
    for variant in ({}, *task.case.variants):
        answers = reference | {id_: source for id_, source in variant.items() if id_ in reference}
        if answers not in seen:
            seen.append(answers)
            yield answers
