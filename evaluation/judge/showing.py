"""What the judge's commands print."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from evaluation.judge.health import JudgeReport
from evaluation.judge.questions import questions
from evaluation.judge.to_label import ToLabel
from evaluation.statistics.estimate import Estimate
from feedback.prompts.channel import visible

if TYPE_CHECKING:
    # numpy and scipy take half a second, which no other command should wait for.
    from evaluation.judge.flips import Flips


def print_report(report: JudgeReport, steadiness: "Flips", console: Console) -> None:
    """How a judging went, the notes first."""
    for note in report.notes:
        console.print(f"! {note}", style="yellow", markup=False)
    table = Table(title=f"The judge: {report.model}", title_justify="left", title_style="bold")
    for column in ("question", "items", "yes", "no", "cannot tell", "unread", "turned", "changed its mind", "flips"):
        table.add_column(column, justify="left" if column == "question" else "right")
    titles = {question.id: question.title for question in questions()}
    rates = {one.question.id: one.rate for one in steadiness.by_question}
    for one in report.questions:
        counts = (one.items, one.yes, one.no, one.cannot_tell, one.unread, one.flipped, one.changed)
        rate = rates.get(one.question)
        table.add_row(titles[one.question], *map(str, counts), share_of(rate) if rate else "–")
    console.print(table)
    console.print(flips_text(steadiness), markup=False, highlight=False, soft_wrap=True)
    outcomes = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(report.outcomes.items()))
    tokens = f"{report.prompt_tokens:,} tokens sent, {report.completion_tokens:,} written"
    console.print(f"{report.requests} requests ({outcomes or 'none'}); {tokens}.", markup=False)


def flips_text(steadiness: "Flips") -> str:
    """The flip rate in a sentence, also where there is none."""
    rate = steadiness.rate
    if rate.mean is None:
        return (
            "Flip rate: cannot tell, since nothing was answered twice. `caseloop eval judge run RUN --repeats 3` asks."
        )
    times = (
        str(steadiness.most) if steadiness.fewest == steadiness.most else f"{steadiness.fewest} to {steadiness.most}"
    )
    left = f"; {rate.missing} items were not answered twice" if rate.missing else ""
    note = f" ({rate.note})" if rate.note else ""
    return (
        f"Flip rate: {share_of(rate)} of {rate.count} items, each asked {times} times in each order, got different "
        f"answers to the same request{left}.{note}"
    )


def share_of(estimate: Estimate) -> str:
    """A share with its interval."""
    if estimate.mean is None:
        return "–"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.mean:.0%}"
    return f"{estimate.mean:.0%} [{estimate.low:.0%}, {estimate.high:.0%}]"


def item_text(entry: ToLabel) -> str:
    """An item as a person reads it, without a word about the judge's answer."""
    lines = [f"── {entry.case} / {entry.subtask} ({entry.why})"]
    for cell in entry.notebook:
        if isinstance(cell, dict) and cell.get("kind") == "code":
            lines += ["", f"  [{cell.get('cell')}]", *(f"  {line}" for line in str(cell.get("lines")).split("\n"))]
    lines += ["", "Feedback:", *_told(entry.feedback)]
    if entry.subject:
        lines += ["", f"The problem: {entry.subject}"]
    lines += ["", entry.asks, f"  yes: {entry.yes}", f"  no: {entry.no}"]
    # Learners wrote much of this; the terminal must not obey it.
    return visible("\n".join(lines))


def _told(feedback: object) -> list[str]:
    if not isinstance(feedback, dict):
        return []
    lines = [f"  {feedback.get('headline')}"]
    for name in ("warnings", "remarks", "findings", "hints"):
        for one in feedback.get(name) or ():
            said = one.get("says") if isinstance(one, dict) else one
            place = f" ({one.get('cell')}, {one.get('lines')})" if isinstance(one, dict) and one.get("cell") else ""
            lines.append(f"  {name.removesuffix('s')}: {said}{place}")
    return lines
