"""What a run found, as a table for the console."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from evaluation.runs.result import EvalRun
from evaluation.settings import EvaluationSettings

if TYPE_CHECKING:
    # numpy and scipy take half a second, which no other command should wait for.
    from evaluation.report.summary import Summary


def print_summary(run: EvalRun, folder: Path, settings: EvaluationSettings, console: Console | None = None) -> None:
    """Each score's mean with its interval, what counts nowhere, what broke off, tokens and cost.

    numpy and scipy are loaded here.
    """
    from evaluation.report.summary import summarise

    console, found = console or Console(), summarise(run)
    table = Table(title=f"{run.id}: {len(run.results)} samples", title_justify="left")
    table.add_column("score")
    for heading in ("mean", "95% interval", "samples", "not scored"):
        table.add_column(heading, justify="right")
    for metric in found.metrics:
        estimate = metric.estimate
        mean = f"{estimate.mean:.3f}" if estimate.mean is not None else "cannot tell"
        known = estimate.low is not None and estimate.high is not None
        ends = f"{estimate.low:.3f} to {estimate.high:.3f}" if known else "cannot tell"
        table.add_row(metric.name, mean, ends, str(estimate.count), str(estimate.missing))
    console.print(table)
    for note in _notes(found):
        console.print(note, style="yellow", markup=False, soft_wrap=True)
    for result in run.results:
        if result.answer is None:
            console.print(f"not answered: {result.sample.id}: {result.problem}", style="red", markup=False)
    console.print(_spent(run, settings), markup=False, highlight=False)
    console.print(f"Kept in {folder}", markup=False, highlight=False, soft_wrap=True)


def _notes(found: "Summary") -> Iterator[str]:
    """What limits all the figures."""
    from evaluation.statistics.intervals import FEW

    if found.counts.contaminated:
        yield (
            f"{found.counts.contaminated} of them prove nothing: the pipeline was given the expected answer. "
            "They are in no figure; the report names them."
        )
    if found.counts.cases < FEW:
        yield (
            f"Intervals rest on {found.counts.cases} case{'' if found.counts.cases == 1 else 's'}: other cases may "
            "differ more than these show."
        )


def _spent(run: EvalRun, settings: EvaluationSettings) -> str:
    answers = [result.answer for result in run.results if result.answer is not None]
    sent, written = sum(a.prompt_tokens for a in answers), sum(a.completion_tokens for a in answers)
    if not sent and not written:
        return "No model was asked."
    cost = settings.cost(sent, written)
    return f"Tokens: {sent} sent, {written} written" + (f"; cost {cost:.4f}" if cost else "") + "."
