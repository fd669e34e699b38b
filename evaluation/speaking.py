"""How the commands speak: quiet logs, one error line, a known exit status."""

import asyncio
import contextlib
import io
import sys
from collections.abc import Coroutine, Iterator
from typing import Any, Final, TextIO, TypeVar, cast

import typer

from evaluation.bench import CannotEvaluate
from evaluation.runs.running import RunBroken
from evaluation.runs.store import NoSuchRun, RunInUse, RunUnreadable
from evaluation.suites.jsonl import SuiteUnusable
from services.kit.logs import configure_logs
from services.kit.settings import Settings

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


def quiet_logs() -> None:
    """Services that work inside a command log every request; a person wants to read what went wrong."""
    logs = Settings().logs
    quiet = logs.model_copy(update={"level": "warning"}) if logs.level == "info" else logs
    configure_logs(quiet, cast("TextIO", _Stderr()))


class _Stderr(io.TextIOBase):
    """Standard error as it is at the moment: a progress bar on the screen puts itself in its place."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()
