from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Difference:
    """One way in which a value is not the reference's."""

    aspect: str
    """type, shape, columns, dtypes, missing_values, index, order, numbers, text, values, length, keys, parameters,
    metric, or unreadable."""
    fact: str
    """What differs from what; may quote the reference, so never for learners."""
    trend: Literal["more", "fewer"] | None = None
    """For counts: the learner's has more or fewer than the reference's."""
    inside: bool = False
    """It lies in an item of the value, not in the value as a whole."""

    def at(self, where: str) -> "Difference":
        """The same difference, seen from the container that holds it."""
        return Difference(self.aspect, f"{where}: {self.fact}", self.trend, inside=True)


def counted(aspect: str, what: str, expected: int, actual: int) -> Difference:
    """A difference in a number of things."""
    trend: Literal["more", "fewer"] = "more" if actual > expected else "fewer"
    return Difference(aspect, f"{actual} {what} where the reference has {expected}", trend)
