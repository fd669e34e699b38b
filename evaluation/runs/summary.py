"""What a run found, as a table for the console."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evaluation.runs.result import EvalRun, Score
from evaluation.settings import EvaluationSettings


def print_summary(run: EvalRun, folder: Path, settings: EvaluationSettings, console: Console | None = None) -> None:
    """Each score's mean over the samples that have it, what broke off, tokens and cost."""
    console = console or Console()
    table = Table(title=f"{run.id}: {len(run.results)} samples", title_justify="left")
    table.add_column("score")
    for heading in ("mean", "samples", "not scored"):
        table.add_column(heading, justify="right")
    for name, scores in _by_name(run):
        values = [score.value for score in scores if score.value is not None]
        mean = f"{sum(values) / len(values):.3f}" if values else "cannot tell"
        table.add_row(name, mean, str(len(values)), str(len(scores) - len(values)))
    console.print(table)
    for result in run.results:
        if result.answer is None:
            console.print(f"not answered: {result.sample.id}: {result.problem}", style="red", markup=False)
    console.print(_spent(run, settings), markup=False, highlight=False)
    console.print(f"Kept in {folder}", markup=False, highlight=False, soft_wrap=True)


def _by_name(run: EvalRun) -> Iterator[tuple[str, Sequence[Score]]]:
    found: dict[str, list[Score]] = {}
    for result in run.results:
        for score in result.scores:
            found.setdefault(score.name, []).append(score)
    yield from found.items()


def _spent(run: EvalRun, settings: EvaluationSettings) -> str:
    answers = [result.answer for result in run.results if result.answer is not None]
    sent, written = sum(a.prompt_tokens for a in answers), sum(a.completion_tokens for a in answers)
    if not sent and not written:
        return "No model was asked."
    cost = settings.cost(sent, written)
    return f"Tokens: {sent} sent, {written} written" + (f"; cost {cost:.4f}" if cost else "") + "."
