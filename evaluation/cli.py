"""`caseloop eval …`: how good the feedback is, as figures that carry their uncertainty."""

import typer

from evaluation.desk import EvalDesk
from evaluation.hostile.cli import add_robustness_command
from evaluation.judge.cli import build_judge_app
from evaluation.report.cli import add_report_commands
from evaluation.report.drift_cli import add_drift_command
from evaluation.report.plan_cli import add_plan_command
from evaluation.runs.cli import add_run_command
from evaluation.suites.cli import build_suite_app


def build_eval_app(desk: EvalDesk) -> typer.Typer:
    """The subcommands. Exit status: 0 done, 1 some of it could not be done, 2 nothing could, 130 interrupted."""
    app = typer.Typer(help="Measure how good the feedback is.", no_args_is_help=True)
    add_run_command(app, desk)
    add_report_commands(app, desk)
    add_drift_command(app, desk)
    add_plan_command(app, desk)
    add_robustness_command(app, desk)
    app.add_typer(build_suite_app(desk), name="suite")
    app.add_typer(build_judge_app(desk), name="judge")
    return app
