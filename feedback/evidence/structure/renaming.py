"""Which of the learner's names stands for which of the solution's, by the places they stand in."""

from collections import Counter
from collections.abc import Iterable

from feedback.evidence.structure.steps import NAME, Step


def renaming(pairs: Iterable[tuple[Step, Step]]) -> dict[str, str]:
    """Learner's free name -> solution's free name, one to one; names without a counterpart are left out."""
    votes: Counter[tuple[str, str]] = Counter()
    for one, two in pairs:
        for name, other in _beside(one, two):
            votes[name, other] += 2 if name != other else 3
    found: dict[str, str] = {}
    taken: set[str] = set()
    # Where votes are equal, what stands first: how names are spelled says nothing about what they stand for.
    for (name, other), _ in sorted(votes.items(), key=lambda item: (-item[1], item[0][0] != item[0][1])):
        if name not in found and other not in taken:
            found[name] = other
            taken.add(other)
    return found


def _beside(one: Step, two: Step) -> Iterable[tuple[str, str]]:
    """Names in the same places: everywhere when the words are the same, else as far as they are from either end."""
    if one.words == two.words:
        return zip(one.names, two.names, strict=True)
    front = _shared(one.words, two.words)
    back = min(_shared(one.words[::-1], two.words[::-1]), min(len(one.words), len(two.words)) - front)
    first = one.words[:front].count(NAME)
    last = one.words[len(one.words) - back :].count(NAME)
    ends = zip(one.names[len(one.names) - last :], two.names[len(two.names) - last :], strict=True)
    return [*zip(one.names[:first], two.names[:first], strict=True), *ends]


def _shared(one: tuple[str, ...], two: tuple[str, ...]) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
