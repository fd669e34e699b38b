"""Runs of a suite as the QA pages show them: figures with their intervals, and two runs compared."""

from datetime import datetime
from typing import Final, Literal

from services.contracts.case import Slug
from services.contracts.model import WireModel

RUN_NAME: Final = r"^\w[\w.-]{0,99}$"
SAMPLE_NAME: Final = r"^[\w.:/-]{1,200}$"
ScoreKind = Literal["rate", "share"]
Effect = Literal["broken", "fixed", "moved", "scores", "words", "same", "lost"]
"""What a change did to one sample: its verdict is not the expected one any more, is it now, or changed where nobody
knows which one is right; other scores; other words; nothing; an answer is missing on one side."""
Decision = Literal["better", "worse", "no_evidence", "cannot_tell"]


class Interval(WireModel):
    """A mean with its 95% interval."""

    mean: float | None
    """None: no value at all."""
    low: float | None
    """None, like `high`: how far the mean may be off cannot be told, and `note` says why."""
    high: float | None
    count: int
    clusters: int
    """Cases that the values come from."""
    missing: int
    """Samples without a value: left out, never counted as 0."""
    note: str


class RunHeading(WireModel):
    """A run without what it found."""

    id: str
    suite: Slug
    started: datetime
    ended: datetime | None
    """None: it was interrupted."""
    samples: int
    accepted: bool
    """Later runs of the suite are measured against this one."""
    judged: bool
    """A judge was asked about it."""


class RunPage(WireModel):
    """Part of the runs, newest first."""

    items: tuple[RunHeading, ...]
    total: int
    suites: tuple[str, ...]
    """Of all runs, whatever was asked for."""
    next: int | None
    """Where the next part begins."""


class ScoreFigures(WireModel):
    """One score over a run's samples."""

    name: str
    kind: ScoreKind
    value: Interval


class HeatTile(WireModel):
    """One score in one step of one case; `mean` is None where nothing was scored."""

    mean: float | None
    count: int


class HeatRow(WireModel):
    """One step of one case; the tiles are in the order of the run's scores."""

    case: str
    subtask: str
    samples: int
    tiles: tuple[HeatTile, ...]


class VerdictCount(WireModel):
    """How many samples that expect one verdict got another; `given` may be `no answer`."""

    expected: str
    given: str
    count: int


class JudgeState(WireModel):
    """What is known of the model that judged a run."""

    model: str
    opinions: int
    labelled: int
    """Items about which people have said something, too."""
    notes: tuple[str, ...]


class RunFigures(RunHeading):
    """One run in figures. Contaminated samples are in no figure."""

    pipeline: dict[str, str]
    """What answered: versions and digests of rules, prompts, model and cases."""
    accepted_by: str | None = None
    accepted_at: datetime | None = None
    answered: int
    not_answered: int
    contaminated: int
    cases: int
    scores: tuple[ScoreFigures, ...]
    heat: tuple[HeatRow, ...]
    verdicts: tuple[VerdictCount, ...]
    median_ms: float | None
    p95_ms: float | None
    prompt_tokens: int
    completion_tokens: int
    cost: float
    """By the prices of `CASELOOP_EVAL_…`; 0 where none is set."""
    judge: JudgeState | None = None


class ScoreChange(WireModel):
    """One score in both runs, on the samples that both have."""

    name: str
    kind: ScoreKind
    before: Interval
    after: Interval
    difference: Interval
    """From -1 to 1; positive is better."""
    rose: int
    fell: int
    adjusted_p: float | None
    """After Holm's correction for all scores."""
    decision: Decision


class RunComparison(WireModel):
    """Two runs over the same samples, and the gate's answer."""

    before: RunHeading
    after: RunHeading
    outcome: Literal["fine", "worse", "cannot_tell"]
    reasons: tuple[str, ...]
    """In plain words; what weighs most comes first."""
    scores: tuple[ScoreChange, ...]
    flips: Interval
    """Share of samples whose verdict changed."""
    effects: dict[Effect, int]
    compared: int
    contaminated: int
    only_before: int
    only_after: int
    altered: int
    """Ids that both runs have for different samples."""
