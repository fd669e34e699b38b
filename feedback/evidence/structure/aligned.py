"""Two rows of steps, laid beside each other: which stand for each other, and which are alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from feedback.evidence.structure.steps import Step

# Two steps that have less in common than this do not stand for each other.
ALIKE = 0.35
_SAME_PLACE = 0.15


@dataclass(frozen=True)
class Alignment:
    """Pairs of positions in order; positions of the learner's that are alone; of the solution's, each with the
    position of the learner's before which it is missing."""

    pairs: tuple[tuple[int, int], ...]
    extra: tuple[int, ...]
    missing: tuple[tuple[int, int], ...]


def aligned(mine: Sequence[Step], other: Sequence[Step]) -> Alignment:
    """The pairing with the most in common; steps stay in order."""
    head = _shared(mine, other)
    tail = _shared(mine[head:][::-1], other[head:][::-1])
    inner = _most(mine[head : len(mine) - tail], other[head : len(other) - tail])
    pairs = (
        *((at, at) for at in range(head)),
        *((head + one, head + two) for one, two in inner),
        *((len(mine) - at, len(other) - at) for at in range(tail, 0, -1)),
    )
    paired, partners = {one for one, _ in pairs}, {two: one for one, two in pairs}
    extra = tuple(at for at in range(len(mine)) if at not in paired)
    missing = tuple(
        (at, _before(at, partners, len(mine), len(other))) for at in range(len(other)) if at not in partners
    )
    return Alignment(pairs, extra, missing)


def _before(at: int, partners: dict[int, int], mine: int, other: int) -> int:
    return next((partners[later] for later in range(at, other) if later in partners), mine)


def _shared(mine: Sequence[Step], other: Sequence[Step]) -> int:
    """How many steps at the beginning are the same."""
    count = 0
    for one, two in zip(mine, other, strict=False):
        if one.words != two.words or one.path != two.path:
            break
        count += 1
    return count


def likeness(one: Step, two: Step) -> float:
    """0 to 1: what two steps have in common, by their words."""
    if one.words == two.words:
        return 1.0
    common = sum((one.bag & two.bag).values())
    alike = 2 * common / (len(one.words) + len(two.words))
    return alike if type(one.node) is type(two.node) else alike * 0.7


def _most(mine: Sequence[Step], other: Sequence[Step]) -> list[tuple[int, int]]:
    """As S. Needleman and C. Wunsch align sequences (1970); leaving a step alone costs nothing."""
    if not mine or not other:
        return []
    best = [[0.0] * (len(other) + 1) for _ in range(len(mine) + 1)]
    gains = [[_gain(one, two) for two in other] for one in mine]
    for i in range(len(mine) - 1, -1, -1):
        for j in range(len(other) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + gains[i][j])
    pairs, i, j = [], 0, 0
    while i < len(mine) and j < len(other):
        if gains[i][j] > 0 and best[i][j] == best[i + 1][j + 1] + gains[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _gain(one: Step, two: Step) -> float:
    alike = likeness(one, two)
    if alike < ALIKE:
        return 0.0
    return alike + (_SAME_PLACE if one.path == two.path else 0.0)
