"""How long many callers waited, by kind of call, and what went wrong."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from benchmarks.harness import Figure, Report


class Kind(StrEnum):
    """What a class and its mentors ask for."""

    CHECK = "check"
    REVIEW = "review"
    CHAT = "chat"
    SAVE = "save"
    PANEL = "panel"
    """The case and where the learner stands, as the Lab's panel shows it."""
    DESK = "desk"
    """A page of the mentors' desk."""


SHARES = (50, 95, 99)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that `share` percent of them do not exceed: one that somebody really waited."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    return sorted(values)[max(math.ceil(len(values) * share / 100), 1) - 1]


@dataclass
class Latencies:
    """Milliseconds of the calls that were answered, and the reasons of the others."""

    taken: dict[Kind, list[float]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    """By kind and reason."""

    def took(self, kind: Kind, ms: float) -> None:
        """Record an answer."""
        self.taken.setdefault(kind, []).append(ms)

    def failed(self, kind: Kind, why: str) -> None:
        """Record a call without one."""
        self.failures[f"{kind}: {why}"] += 1

    @property
    def answered(self) -> int:
        """How many calls were answered."""
        return sum(map(len, self.taken.values()))

    def of(self, kind: Kind, share: float) -> float:
        """A percentile of a kind; 0 where nothing of it was answered."""
        taken = self.taken.get(kind)
        return percentile(taken, share) if taken else 0.0

    def tell(self, report: Report, prefix: str) -> None:
        """Add the percentiles of every kind, and the failures."""
        for kind in Kind:
            for share in SHARES:
                note = f"{len(self.taken.get(kind, ()))} answers" if share == SHARES[0] else ""
                report.add(f"{prefix}{kind}_p{share}", Figure(self.of(kind, share), "ms", note=note))
        told = ", ".join(f"{count} × {why}" for why, count in self.failures.most_common(5))
        asked = f"of {self.answered + self.failures.total()} calls"
        figure = Figure(self.failures.total(), target=0, note=f"{asked}{': ' if told else ''}{told}")
        report.add(f"{prefix}errors", figure)


def cost(secured: Latencies, bare: Latencies) -> float:
    """How many times as long the same mix takes: each kind's median, weighted by how often it was asked for."""
    kinds = [kind for kind in Kind if secured.taken.get(kind) and bare.taken.get(kind)]
    if not kinds:
        raise ValueError("nothing was asked of both")
    weights = {kind: len(secured.taken[kind]) + len(bare.taken[kind]) for kind in kinds}
    mix = [sum(weights[kind] * log.of(kind, 50) for kind in kinds) for log in (secured, bare)]
    return mix[0] / mix[1]
