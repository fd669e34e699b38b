"""How the commands of `caseloop eval` end: one error line, a known exit status."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from typing import Any, Final, TypeVar

import typer

from evaluation.bench import CannotEvaluate
from evaluation.quiet import quiet_logs
from evaluation.runs.running import RunBroken
from evaluation.runs.store import NoSuchRun, RunInUse, RunUnreadable
from evaluation.suites.jsonl import SuiteUnusable

INTERRUPTED: Final = 130
_T = TypeVar("_T")
_FORESEEN = (CannotEvaluate, SuiteUnusable, NoSuchRun, RunInUse, RunUnreadable, RunBroken, OSError)


def complete(work: Coroutine[Any, Any, _T], interrupted: str) -> _T:
    """Do it. What is foreseen to go wrong ends the command with status 2, Ctrl-C with 130 and these words."""
    quiet_logs()
    with refusing():
        try:
            return asyncio.run(work)
        except KeyboardInterrupt as error:
            typer.echo(interrupted, err=True)
            raise typer.Exit(INTERRUPTED) from error


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """What is foreseen to go wrong ends the command with status 2."""
    try:
        yield
    except _FORESEEN as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(2) from error
