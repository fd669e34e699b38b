from collections.abc import Sequence

from feedback.evidence.asked import Asked, value_id
from feedback.evidence.inputs import is_try
from feedback.evidence.values import differences
from services.contracts.case import Compare
from services.contracts.model import WireModel
from services.contracts.observation import Observation, ProbeOutcome


class FlawRun(WireModel):
    """What one known flaw showed."""

    id: str
    signature: str
    """Of its most consequential mistake."""
    probes: tuple[ProbeOutcome, ...]


def flaw_of(signature: str, known: Sequence[FlawRun], asked: Asked, seen: Observation) -> str | None:
    """The one known flaw with this signature, or None.

    Where several share it, the one that led to the very same values and results as the learner's code.
    """
    same = [flaw for flaw in known if flaw.signature == signature]
    if len(same) > 1:
        same = [flaw for flaw in same if _same_values(flaw, asked, seen)]
    return same[0].id if len(same) == 1 else None


def _same_values(flaw: FlawRun, asked: Asked, seen: Observation) -> bool:
    rules = {value_id(rule.name): rule for rule in asked.named}
    answers = {outcome.id: outcome for outcome in seen.probes}
    # A try may be left out when the machine is busy: it says nothing about which flaw it is.
    shown = [one for one in flaw.probes if not is_try(one.id)]
    return all(_same(one, answers.get(one.id), rules.get(one.id) or Compare(name=one.id)) for one in shown)


def _same(one: ProbeOutcome, other: ProbeOutcome | None, rule: Compare) -> bool:
    if other is None:
        return False
    if one.value is None or other.value is None:
        said = [outcome.error.type if outcome.error else outcome.lost for outcome in (one, other)]
        return (one.value is None) == (other.value is None) and said[0] == said[1] and one.missing == other.missing
    # What is not equal to itself cannot tell two flaws apart.
    return not differences(one.value, other.value, rule) or bool(differences(one.value, one.value, rule))
