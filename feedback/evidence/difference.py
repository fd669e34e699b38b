from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Difference:
    """One way in which a value is not the reference's."""

    aspect: str
    """type, shape, columns, dtypes, missing_values, index, order, numbers, text, values, length, keys, parameters,
    or unreadable."""
    fact: str
    """What differs from what; may quote the reference, so never for learners."""
    trend: Literal["more", "fewer"] | None = None
    """For counts: the learner's has more or fewer than the reference's."""


def counted(aspect: str, what: str, expected: int, actual: int) -> Difference:
    """A difference in a number of things."""
    trend: Literal["more", "fewer"] = "more" if actual > expected else "fewer"
    return Difference(aspect, f"{actual} {what} where the reference has {expected}", trend)
