"""`caseloop lint NOTEBOOK|FOLDER`."""

import asyncio
import json
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from linting.command.human import human
from linting.command.notebook_file import NotReviewable, notebooks_in, read_notebook
from linting.command.outcome import Outcome, Status, status_of
from linting.command.sarif import sarif
from linting.service import ReviewService
from linting.wiring import build_service
from services.kit.errors import CaseloopError

INTERRUPTED: Final = 130


class Form(StrEnum):
    """How the reports are written."""

    HUMAN = "human"
    JSON = "json"
    SARIF = "sarif"


def build_lint_command(home: Callable[[], Path]) -> Callable[..., None]:
    """The command. `home` is where mypy's cache of the libraries' stubs is kept; exit status as `Status`."""

    def lint(
        path: Annotated[Path, typer.Argument(help="A notebook, or a folder of notebooks.", exists=True)],
        form: Annotated[Form, typer.Option("--format", "-f", help="For a person, or for another tool.")] = Form.HUMAN,
        every: Annotated[bool, typer.Option("--all", help="Every finding, not only the first seven.")] = False,
        python: Annotated[str, typer.Option("--python", help="The version the code is written for.")] = "3.11",
    ) -> None:
        """Review the style of notebooks; nothing in them is run."""
        try:
            outcomes = asyncio.run(_review_all(home(), sorted(notebooks_in(path)), python))
        except KeyboardInterrupt as error:
            raise typer.Exit(INTERRUPTED) from error
        for line in _written(outcomes, form, every):
            typer.echo(line)
        if not outcomes:
            typer.secho(f"There is no notebook (*.ipynb) in {path} or in a folder below it.", fg="red", err=True)
            raise typer.Exit(Status.NOT_REVIEWED)
        raise typer.Exit(status_of(outcomes))

    return lint


def _written(outcomes: Sequence[Outcome], form: Form, every: bool) -> list[str]:
    match form:
        case Form.HUMAN:
            return list(human(outcomes, every)) if outcomes else []
        case Form.JSON:
            return [json.dumps([_plain(outcome) for outcome in outcomes], ensure_ascii=False, indent=1)]
        case Form.SARIF:
            return [json.dumps(sarif(outcomes), ensure_ascii=False, indent=1)]


def _plain(outcome: Outcome) -> dict[str, object]:
    report = None if outcome.report is None else outcome.report.model_dump(mode="json")
    return {"path": outcome.path, "report": report, "reason": outcome.reason}


async def _review_all(home: Path, paths: Sequence[Path], python: str) -> list[Outcome]:
    service = build_service(home)
    try:
        return [await _review(service, path, python) for path in paths]
    finally:
        await service.close()


async def _review(service: ReviewService, path: Path, python: str) -> Outcome:
    try:
        return Outcome(str(path), await service.review(read_notebook(path).request(python)))
    except (NotReviewable, CaseloopError) as error:
        return Outcome(str(path), None, str(error))
