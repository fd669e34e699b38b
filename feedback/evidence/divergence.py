"""The first step of a call at which a learner's variables no longer take the values that the reference's take."""

from collections.abc import Sequence

from services.contracts.observation import Step

RETURNED = "return"


def first_divergence(mine: Sequence[Step], reference: Sequence[Step]) -> Step | None:
    """The learner's first step with another value; None while all that can be compared is the same.

    Whose variable stands for whose is read off the values that they take, spelling only decides between equals.
    """
    ours, theirs = _values(mine), _values(reference)
    partners = _partners(ours, theirs)
    seen: dict[str, int] = {}
    for step in mine:
        at = seen.get(step.name, 0)
        seen[step.name] = at + 1
        partner = partners.get(step.name)
        if partner is None:
            continue
        values = theirs[partner]
        if at >= len(values) or values[at] != step.text:
            return step
    return None


def _values(steps: Sequence[Step]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for step in steps:
        found.setdefault(step.name, []).append(step.text)
    return found


def _partners(ours: dict[str, list[str]], theirs: dict[str, list[str]]) -> dict[str, str]:
    """Learner's variable -> reference's, one to one, most values in common first.

    One value in common may be chance: of variables that are spelled differently two are wanted.
    """
    likeness = sorted(
        (
            (_common(values, others), name == other, name, other)
            for name, values in ours.items()
            for other, others in theirs.items()
        ),
        key=lambda pair: (-pair[0], not pair[1], pair[2], pair[3]),
    )
    found: dict[str, str] = {}
    for common, same_name, name, other in likeness:
        enough = common >= (1 if same_name else 2) or name == other == RETURNED
        if enough and name not in found and other not in found.values():
            found[name] = other
    return found


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many values at the beginning are the same."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
