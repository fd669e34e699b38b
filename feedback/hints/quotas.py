from collections.abc import Mapping

from services.contracts.case import HintQuotas
from services.contracts.hint import HintKind, HintsLeft


def left(quotas: HintQuotas, taken: Mapping[HintKind, int]) -> HintsLeft:
    """Places left of each kind, and of all kinds together; `taken`: hints that count, those under way included.

    What is left of a kind is never more than what is left of all.
    """
    overall = _left(quotas.overall, sum(taken.values()))
    kinds = {
        "plan": _left(quotas.plan, taken.get("plan", 0)),
        "debug": _left(quotas.debug, taken.get("debug", 0)),
        "optimize": _left(quotas.optimize, taken.get("optimize", 0)),
    }
    return HintsLeft(overall=overall, **{kind: _smaller(places, overall) for kind, places in kinds.items()})


def refusal(quotas: HintQuotas, taken: Mapping[HintKind, int], kind: HintKind) -> str | None:
    """Why one more hint of this kind is not given, for the learner; None: it is."""
    allowed, mine, all_ = getattr(quotas, kind), taken.get(kind, 0), sum(taken.values())
    if allowed == 0:
        return f"This case gives no hints of the kind «{kind}»."
    if allowed is not None and mine >= allowed:
        return f"All hints of the kind «{kind}» for this step are used ({mine} of {allowed})."
    if quotas.overall is not None and all_ >= quotas.overall:
        return f"All hints for this step are used ({all_} of {quotas.overall})."
    return None


def _left(allowed: int | None, taken: int) -> int | None:
    return None if allowed is None else max(0, allowed - taken)


def _smaller(one: int | None, other: int | None) -> int | None:
    known = [places for places in (one, other) if places is not None]
    return min(known, default=None)
