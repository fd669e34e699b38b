"""A comparison on the console."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evaluation.gate import GateResult, Outcome, points
from evaluation.report.comparison import Comparison, MetricChange
from evaluation.report.page import percent
from evaluation.report.visible import visible

_STYLES = {Outcome.FINE: "green", Outcome.WORSE: "red", Outcome.CANNOT_TELL: "yellow"}


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Every metric before and after, then verdicts, time and tokens."""
    table = Table(title=f"{comparison.after.id} against {comparison.before.id}", title_justify="left")
    # On a narrow screen a name that is cut is one that cannot be looked up.
    table.add_column("score", min_width=max((len(metric.name) for metric in comparison.metrics), default=0))
    for heading in ("before", "after", "difference", "95% interval"):
        table.add_column(heading, justify="right")
    table.add_column("decision")
    for metric in comparison.metrics:
        table.add_row(*_row(metric))
    if comparison.metrics:
        console.print(table)
    for line in _lines(comparison):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_answer(answer: GateResult, console: Console) -> None:
    """The gate's answer with its reasons."""
    word = answer.outcome.name.lower().replace("_", " ")
    console.print(f"Gate: [{_STYLES[answer.outcome]}]{word}[/]", highlight=False)
    for reason in answer.reasons:
        console.print(f"  {escape(visible(reason))}", highlight=False, soft_wrap=True)


def _row(metric: MetricChange) -> tuple[str, ...]:
    found = metric.difference.estimate
    ends = "cannot tell" if found.low is None or found.high is None else f"{points(found.low)} to {points(found.high)}"
    difference = "–" if found.mean is None else points(found.mean)
    means = percent(metric.before.mean), percent(metric.after.mean)
    return (metric.name, *means, difference, ends, metric.decision.replace("_", " "))


def _lines(comparison: Comparison) -> list[str]:
    flips = comparison.flips
    if flips.mean is None:
        return ["The two runs have no answered sample in common."]
    known = flips.low is not None and flips.high is not None
    ends = f"{percent(flips.low)} to {percent(flips.high)}" if known else flips.note
    broken, fixed, moved = (len(comparison.having(effect)) for effect in ("broken", "fixed", "moved"))
    before, after = comparison.cost_before, comparison.cost_after
    lines = [
        f"Verdicts changed: {broken + fixed + moved} of {flips.count}, {percent(flips.mean)} ({ends}); "
        f"{broken} from right to wrong, {fixed} from wrong to right.",
        f"Half of the answers within {_ms(after.median_ms)} (before: {_ms(before.median_ms)}), "
        f"95% within {_ms(after.p95_ms)} ({_ms(before.p95_ms)}).",
    ]
    if after.prompt_tokens or before.prompt_tokens:
        lines.append(
            f"Tokens: {after.prompt_tokens} sent (before: {before.prompt_tokens}), "
            f"{after.completion_tokens} written ({before.completion_tokens})."
        )
    return lines


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"
