"""What `caseloop eval judge calibrate` prints."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from evaluation.judge.calibration import QuestionCalibration
from evaluation.judge.showing import share_of

_FEW_LABELS = 50


def print_calibration(found: Sequence[QuestionCalibration], console: Console) -> None:
    """One row a question, and what to know about it below."""
    table = Table(title="The judge against people", title_justify="left", title_style="bold")
    columns = ("question", "labels", "picked", "kappa", "alpha", "exact", "TPR", "TNR", "judge", "corrected", "flips")
    for column in columns:
        table.add_column(column, justify="left" if column == "question" else "right")
    for one in found:
        seen = one.agreement
        table.add_row(
            one.question.title,
            str(one.at_random),
            str(one.picked),
            _number(seen.kappa),
            _number(seen.alpha),
            _percent(seen.exact),
            share_of(seen.sensitivity),
            share_of(seen.specificity),
            share_of(one.share.judge_only),
            share_of(one.share.estimate),
            share_of(one.flips),
        )
    console.print(table)
    console.print(
        "«Yes» in these figures and notes is the answer that speaks for the feedback. «flips»: the same request, asked "
        "again, was answered differently.",
        style="dim",
        soft_wrap=True,
    )
    for one in found:
        for note in _notes(one):
            console.print(f"{one.question.title}: {note}.", markup=False, soft_wrap=True)


def _notes(one: QuestionCalibration) -> list[str]:
    notes = [note for note in (one.agreement.note, one.share.estimate.note) if note]
    if 0 < one.at_random < _FEW_LABELS:
        notes.append(f"labels: {one.at_random} drawn at random, which is little; have {_FEW_LABELS} or more")
    if one.people_alpha is not None:
        notes.append(f"people among each other: alpha {_number(one.people_alpha)}")
    if one.picked:
        notes.append(f"with the {one.picked} picked items, which are the hard ones, kappa is {_number(one.kappa_all)}")
    if one.length is not None and abs(one.length.long - one.length.short) >= 0.1:
        kinder = "long" if one.length.long > one.length.short else "short"
        notes.append(
            f"kinder to {kinder} feedback: against people {one.length.short:+.2f} up to {one.length.characters} "
            f"characters, {one.length.long:+.2f} beyond"
        )
    if one.order.decision in ("better", "worse"):
        first = "first" if one.order.decision == "worse" else "second"
        notes.append(
            f"leans to the choice that stands {first} ({share_of(one.order.estimate)} more «yes» with it second)"
        )
    return list(dict.fromkeys(notes))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
