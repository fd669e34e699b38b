from enum import StrEnum
from typing import Literal

from pydantic import Field

from services.contracts.case import Digest, Slug
from services.contracts.finding import Finding
from services.contracts.model import WireModel
from services.contracts.notebook import MAX_CELLS, Cell, Place


class Verdict(StrEnum):
    """`could_not_judge` is the platform's or the case's fault and never costs an attempt."""

    APPROVED = "approved"
    NEEDS_WORK = "needs_work"
    COULD_NOT_JUDGE = "could_not_judge"


Fault = Literal["none", "learner", "case", "platform"]


class LocalizedWarning(WireModel):
    """Words tied to at most five lines of one cell."""

    place: Place
    message: str = Field(max_length=120)
    finding: str
    """Id of the finding it rests on."""


class CheckResult(WireModel):
    """A check as learners may see it: hidden ones have no name of their own."""

    label: str
    passed: bool
    hidden: bool
    points: float = Field(default=0, allow_inf_nan=False)
    earned: float = Field(default=0, allow_inf_nan=False)


class Feedback(WireModel):
    """What a learner gets for one submission."""

    verdict: Verdict
    fault: Fault = "none"
    headline: str
    """One sentence."""
    warnings: tuple[LocalizedWarning, ...] = ()
    remarks: tuple[str, ...] = ()
    """Conceptual, not tied to a place."""
    findings: tuple[Finding, ...] = ()
    """As learners may see them: evidence facts are emptied by `for_learner`."""
    checks: tuple[CheckResult, ...] = ()
    points: float = Field(default=0, allow_inf_nan=False)
    max_points: float = Field(default=0, allow_inf_nan=False)
    repairs: tuple[str, ...] = ()
    """What was restored in the notebook before running: locked cells put back, duplicates ignored …"""
    words_by: Literal["rules", "model", "mentor"] = "rules"
    wall_ms: float = 0

    def for_learner(self) -> "Feedback":
        """The same without the evidence's facts, which may quote hidden expectations."""
        bare = tuple(
            f.model_copy(update={"evidence": tuple(e.model_copy(update={"fact": ""}) for e in f.evidence)})
            for f in self.findings
        )
        return self.model_copy(update={"findings": bare})


class CheckRequest(WireModel):
    """gateway -> feedback: judge this notebook for one subtask. Who and which case version: the scope token."""

    subtask: Slug
    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)
    seed: int = Field(default=0, ge=0, lt=2**32)


class TrialRequest(WireModel):
    """case_uploader -> feedback: judge an author's own material (reference, starter, variant, flaw) of a version.

    `caseloop eval` asks so for the samples of a suite.
    """

    version: Digest
    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)
    subtasks: tuple[Slug, ...] = ()
    """Empty: all, in order."""


class TrialResult(WireModel):
    """One feedback per subtask asked for."""

    feedback: dict[str, Feedback]


class MistakeSignature(WireModel):
    """Which mistake a submission makes, as its smallest verified repair tells it."""

    signature: str | None
    """None: the step is of a kind that is not repaired, or no repair was found in time."""


class Stage(WireModel):
    """Stream part: what is going on, for the progress line."""

    kind: Literal["stage"] = "stage"
    name: Literal["waiting", "recorded", "restoring", "running", "comparing", "wording", "saving"]
    """`waiting`: the gateway holds a check back while an earlier one of the same subtask ends."""
    detail: str = ""
    index: int | None = None
    count: int | None = None


class Judged(WireModel):
    """Last stream part of a check between services."""

    kind: Literal["judged"] = "judged"
    feedback: Feedback


CheckEvent = Stage | Judged
