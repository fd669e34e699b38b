"""What the CI of a case found: for authors and admins. It quotes the reference; no learner ever sees it."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.contracts.case import Digest, Slug
from services.contracts.model import WireModel

TrialKind = Literal["reference", "starter", "variant", "flaw"]
MutantGroup = Literal["general", "ml"]
MutantOutcome = Literal["caught", "missed", "same_code", "same_result", "declared", "not_judged"]
"""`caught`: it is not approved. `missed`: it is approved although it may differ: what an author should look at.
Equivalent, and in no score: `same_code` (it compiles to the reference's own code), `same_result` (with every seed it
leaves the very values and text that the reference leaves, so nothing could tell it apart on this data), `declared`
(the author says so in case.yaml, with a reason). `not_judged`: the run failed for reasons of the platform."""


class TrialLine(WireModel):
    """One piece of the author's own material, judged for one subtask."""

    kind: TrialKind
    what: str
    """`reference`, `variant variants/loops.ipynb`, `flaw wrong-split` …"""
    file: str
    cell: str | None = None
    """How the author finds the cell."""
    subtask: Slug
    verdict: Literal["approved", "needs_work", "could_not_judge"]
    as_wanted: bool
    """False for a variant is a false alarm."""
    detail: str = ""
    """Why, where it is not as wanted."""
    seconds: float = Field(ge=0)
    """Of the whole trial; a trial of several subtasks tells the same time in each line."""


class MutantLine(WireModel):
    """One small fault put into the reference, and whether the checks see it."""

    id: str
    """The same as long as the cell's code around it is: what `ci.equivalent` in case.yaml names."""
    subtask: Slug
    cell: str
    """How the author finds the cell."""
    line: int = Field(ge=1)
    """In the reference of the cell, without marker lines."""
    group: MutantGroup
    operator: str
    """`swap-comparison`, `fit-on-test` …; docs/reference/case-ci.md lists them."""
    title: str
    """One line in words: `< became <=`."""
    before: str
    """The line of the reference."""
    after: str
    """The line as it became; empty: it was taken out."""
    outcome: MutantOutcome
    caught_by: tuple[str, ...] = ()
    """What saw it: `check total-check`, `compare scores`, `call best_day (2)`, `it raises ValueError` …"""
    reason: str = ""
    """Why it is equivalent, or why it could not be judged."""
    seconds: float = Field(default=0, ge=0)


class SubtaskLine(WireModel):
    """A subtask in sum."""

    id: Slug
    title: str
    points: float
    seconds: float | None = None
    """How long one check of the reference takes, warm; None: it was not measured."""
    caught: int = 0
    missed: int = 0
    equivalent: int = 0
    not_judged: int = 0

    @property
    def score(self) -> float | None:
        """Share of caught ones among those that are not equivalent; None: there are none."""
        judged = self.caught + self.missed
        return self.caught / judged if judged else None


class Gate(WireModel):
    """What the case demands of its own checks before it may be published."""

    threshold: float | None = Field(default=None, ge=0, le=1)
    """`ci.threshold` of case.yaml; None: the report stops nothing."""
    score: float | None = None
    """Share of caught mutants among those that are not equivalent; None: there was none to catch."""
    passed: bool = True
    why: str = ""
    """What is missing, where it is not passed."""


class CaseReport(WireModel):
    """One run of a case's CI."""

    case: Slug
    version: Digest
    title: str
    at: datetime
    seconds: float = Field(ge=0)
    """Of the whole run."""
    mutant_seconds: float = Field(default=0, ge=0)
    """Wall-clock time of the mutants' part; divided by their number it is the time per mutant."""
    trials: tuple[TrialLine, ...]
    mutants: tuple[MutantLine, ...] = ()
    """By subtask and line; missed ones are what an author wants to see first."""
    subtasks: tuple[SubtaskLine, ...]
    left_out: int = Field(default=0, ge=0)
    """Mutants beyond `ci.max_mutants`, taken evenly out of all subtasks: never run."""
    gate: Gate = Gate()

    def counted(self, *outcomes: MutantOutcome) -> int:
        """How many mutants came out so."""
        return sum(mutant.outcome in outcomes for mutant in self.mutants)

    @property
    def strict_score(self) -> float | None:
        """The score if those that only this data cannot tell apart counted as missed."""
        caught, missed = self.counted("caught"), self.counted("missed", "same_result")
        return caught / (caught + missed) if caught + missed else None

    @property
    def false_alarms(self) -> int:
        """Variants that were not accepted, by subtask."""
        return sum(line.kind == "variant" and not line.as_wanted for line in self.trials)
