"""How far a judge agrees with people. Where nearly everything is valid, a judge that says yes to all is right nearly
always: so kappa, alpha and the rate of invalid answers that it recognises, and no accuracy."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.statistics.estimate import Estimate
from evaluation.statistics.intervals import interval


@dataclass(frozen=True)
class Agreement:
    """A judge's yes and no against people's, over what both have said something of."""

    both_yes: int
    both_no: int
    only_judge: int
    """Judge yes, human no: what the judge let pass."""
    only_human: int
    """Human yes, judge no: what the judge refused wrongly."""
    unread: int
    """Labelled by people, but the judge gave no answer that could be read; in no other number."""
    exact: float | None
    """Share of equal answers. High for a judge that knows nothing, where nearly all is valid."""
    kappa: float | None
    """Cohen's (1960). None: judge and human both said one thing only, the same."""
    alpha: float | None
    """Krippendorff's, nominal (2011)."""
    sensitivity: Estimate
    """Of what people call valid, how much the judge does: TPR."""
    specificity: Estimate
    """Of what people call invalid, how much the judge does: TNR."""
    note: str
    """In plain words where the judge cannot be used as it is."""


def agreement(
    judge: Sequence[bool | None], human: Sequence[bool | None], clusters: Sequence[str], *, level: float = 0.95
) -> Agreement:
    """Compare a judge's answers with people's; None is no answer, and no label.

    Raises ValueError where the lengths differ.
    """
    if not len(judge) == len(human) == len(clusters):
        raise ValueError(f"{len(judge)} verdicts, {len(human)} labels, {len(clusters)} clusters: give all of each")
    labelled = [row for row in zip(judge, human, clusters, strict=True) if row[1] is not None]
    both = [row for row in labelled if row[0] is not None]
    counts = Counter((bool(said), bool(true)) for said, true, _ in both)
    return Agreement(
        both_yes=counts[True, True],
        both_no=counts[False, False],
        only_judge=counts[True, False],
        only_human=counts[False, True],
        unread=len(labelled) - len(both),
        exact=(counts[True, True] + counts[False, False]) / len(both) if both else None,
        kappa=_kappa(counts),
        alpha=krippendorff([row[:2] for row in both]),
        sensitivity=_recognised([row for row in labelled if row[1]], level),
        specificity=_recognised([row for row in labelled if not row[1]], level),
        note=_note(counts, len(labelled)),
    )


def krippendorff(units: Sequence[Sequence[float | bool | None]]) -> float | None:
    """Krippendorff's alpha for nominal answers: one row a unit, one answer a rater, None where there is none.

    None where no unit has two answers, or where all answers are the same: agreement beyond chance is not defined.
    """
    pairs: defaultdict[tuple[float, float], float] = defaultdict(float)
    for unit in units:
        answers = Counter(answer for answer in unit if answer is not None)
        several = sum(answers.values()) - 1
        if several < 1:
            continue
        for one, times in answers.items():
            for other, again in answers.items():
                pairs[one, other] += (times * (again - (one == other))) / several
    totals: defaultdict[float, float] = defaultdict(float)
    for (one, _), weight in pairs.items():
        totals[one] += weight
    every = sum(totals.values())
    if len(totals) < 2:
        return None
    observed = every - sum(pairs[answer, answer] for answer in totals)
    expected = (every**2 - sum(total**2 for total in totals.values())) / (every - 1)
    return 1 - observed / expected


def _kappa(counts: Counter[tuple[bool, bool]]) -> float | None:
    total = sum(counts.values())
    if not total:
        return None
    judge = (counts[True, True] + counts[True, False]) / total
    human = (counts[True, True] + counts[False, True]) / total
    chance = judge * human + (1 - judge) * (1 - human)
    if chance == 1:
        return None
    return ((counts[True, True] + counts[False, False]) / total - chance) / (1 - chance)


def _recognised(rows: Sequence[tuple[bool | None, bool | None, str]], level: float) -> Estimate:
    right = [None if said is None else float(said == true) for said, true, _ in rows]
    return interval(right, [cluster for *_, cluster in rows], "rate", level=level)


def _note(counts: Counter[tuple[bool, bool]], labelled: int) -> str:
    read = sum(counts.values())
    if not labelled:
        return "no labels: how far the judge can be trusted is not known"
    if not read:
        return "the judge gave no answer that could be read"
    said = {judge for (judge, _), times in counts.items() if times}
    if said == {True}:
        return "the judge says yes to everything: its verdicts tell nothing"
    if said == {False}:
        return "the judge says no to everything: its verdicts tell nothing"
    true = {human for (_, human), times in counts.items() if times}
    if len(true) == 1:
        return f"people said {'yes' if true == {True} else 'no'} to everything labelled: the other kind is not measured"
    return ""
