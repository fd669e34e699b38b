"""`caseloop eval plan`: how large a suite has to be."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from evaluation.bench import CannotEvaluate
from evaluation.desk import EvalDesk
from evaluation.speaking import refusing

if TYPE_CHECKING:
    # numpy and scipy take half a second, which no other command should wait for.
    from evaluation.statistics.planning import Plan


def add_plan_command(app: typer.Typer, desk: EvalDesk) -> None:
    """Exit status 0 told, 2 nothing can be told."""

    @app.command("plan")
    def plan(
        run: Annotated[str, typer.Argument(help="Name of a run of the suite, or of one like it.")],
        within: Annotated[
            float, typer.Option("--within", min=0.001, max=0.5, help="How far an interval may go to either side.")
        ] = 0.05,
        fall: Annotated[
            float, typer.Option("--fall", min=0.001, max=1, help="A fall that the gate shall find …")
        ] = 0.1,
        power: Annotated[float, typer.Option("--power", min=0.5, max=0.99, help="… with this probability.")] = 0.8,
        changed: Annotated[
            float, typer.Option("--changed", min=0.001, max=1, help="Share of samples that a change scores anew.")
        ] = 0.2,
    ) -> None:
        """Say how many samples of how many cases would tell more, by what a run shows."""
        from evaluation.report.advice import Aim, advice

        with refusing():
            known = desk.runs.open(run)
            try:
                found = advice(known, Aim(within, fall, power, changed))
            except ValueError as error:
                raise CannotEvaluate(f"{error}.") from error
            if not found:
                raise CannotEvaluate(
                    f"{run} has no score in two cases or more, so how cases differ cannot be told: "
                    "run a suite of several cases."
                )
        cases = len({result.sample.case for result in known.results})
        table = Table(
            title=f"{len(known.results)} samples of {cases} cases in {run}; it would take", title_justify="left"
        )
        table.add_column("score")
        for heading in ("mean", "likeness", f"interval of ±{_points(within)}", f"to find a fall by {_points(fall)}"):
            table.add_column(heading, justify="right")
        for one in found:
            plans = _words(one.for_mean), _words(one.for_fall)
            table.add_row(one.name, f"{one.mean:.3f}", f"{one.likeness:.2f}", *plans)
        console = Console()
        console.print(table)
        console.print(
            f"A fall is found {100 * power:.0f} times in 100 where {100 * changed:.0f} of 100 samples score otherwise "
            "after the change. Likeness is how alike samples of one case are, 0 to 1: the more alike, the less do more "
            "samples of the same cases tell.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _points(share: float) -> str:
    return f"{100 * share:g} points"


def _words(plan: "Plan") -> str:
    if plan.samples is None:
        return f"{plan.least_cases} cases or more"
    return f"{plan.samples} samples of {plan.cases} cases"
