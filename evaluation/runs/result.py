"""One run of the feedback pipeline over a suite, as it is kept, compared and reported."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from evaluation.suites.sample import Sample
from services.contracts.case import Slug
from services.contracts.feedback import Feedback
from services.contracts.model import WireModel

ScoreKind = Literal[
    "rate",  # 0 or 1 for each sample: a Wilson interval, clustered by case
    "share",  # anywhere from 0 to 1, often exactly 0 or 1: a zero/one-inflated beta bootstrap
]


class Score(WireModel):
    """What one scorer says of one answer."""

    name: Slug
    kind: ScoreKind
    value: float | None = Field(ge=0, le=1, allow_inf_nan=False)
    """1 is best. None: nothing to score here (no answer expected, judge could not be read); never counted as 0."""
    why: str = ""
    """For people: what was missed, said too much, or could not be read."""


class Answer(WireModel):
    """What the pipeline said to one sample."""

    feedback: Feedback
    wall_ms: float = Field(ge=0)
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class SampleResult(WireModel):
    """One sample answered and scored."""

    sample: Sample
    answer: Answer | None
    """None: the pipeline broke off; `problem` says how."""
    problem: str = ""
    scores: tuple[Score, ...] = ()
    contaminated: str = ""
    """Why this sample proves nothing: where its expected answer was found in what the pipeline was given."""

    def score(self, name: str) -> float | None:
        """The value of one scorer; None where it has none."""
        return next((score.value for score in self.scores if score.name == name), None)


class EvalRun(WireModel):
    """One whole run: what was asked of which pipeline, when, and every result in the suite's order."""

    id: str = Field(pattern=r"^[\w.-]{1,100}$")
    suite: Slug
    suite_digest: str
    pipeline: dict[str, str]
    """What the pipeline was made of: version of the rules, the prompts' digest, the model's name, cases' versions."""
    started: datetime
    ended: datetime | None
    """None: it was interrupted."""
    results: tuple[SampleResult, ...]
