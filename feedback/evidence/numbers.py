import math
from dataclasses import dataclass

from services.contracts.case import CallProbe, Compare


@dataclass(frozen=True)
class Tolerance:
    """How far two floats may be apart and still count as the same number."""

    relative: float = 1e-6
    absolute: float = 1e-9

    @classmethod
    def of(cls, rule: Compare | CallProbe) -> "Tolerance":
        """The tolerance that a case's author wrote for one value or call."""
        return cls(rule.relative_tolerance, rule.absolute_tolerance)

    def close(self, one: float, other: float) -> bool:
        """Symmetric; NaN equals NaN, infinities equal only themselves."""
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return math.isclose(one, other, rel_tol=min(self.relative, 1.0), abs_tol=self.absolute)

    def close_at(self, one: float, other: float, scale: float) -> bool:
        """As `close`, relative to `scale`: for means and the like, where large numbers may have cancelled out."""
        return self.close(one, other) or abs(one - other) <= self.relative * scale
