"""What statistics answer with: a number and how far it may be off, or None and why."""

from dataclasses import dataclass
from typing import Literal

Decision = Literal[
    "better",
    "worse",
    "no_evidence",  # measured, and the interval of the difference holds 0
    "cannot_tell",  # too little to measure: a single case, a single sample, nothing in common
]


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval. No field is ever NaN or infinite."""

    mean: float | None
    """None: no value at all."""
    low: float | None
    """None, like `high`: there is a mean, but nothing to say about how far it may be off; `note` says why."""
    high: float | None
    count: int
    """Values that count."""
    clusters: int
    """Cases (or programs) that they come from."""
    missing: int
    """Values that are None: left out, never counted as 0."""
    note: str = ""
    """For people: what limits this estimate. Empty where nothing does."""

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return self.low is not None and self.high is not None


@dataclass(frozen=True)
class Difference:
    """After minus before, on the same samples."""

    estimate: Estimate
    """From -1 to 1."""
    decision: Decision
    p_value: float | None
    """Of no difference, two-sided; what `holm` takes. None where the decision is `cannot_tell`."""
    rose: int
    """Samples that scored higher after."""
    fell: int
    """Samples that scored lower after."""
