"""`caseloop audit …`: who did what to other people's work, and whether that record is whole."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.audit.logs import LOGS, Entry, Verdict, follow, newest
from services.kit.audit_chain import Head
from services.kit.database import DatabaseMisconfigured
from services.kit.migrations import MigrationFailed
from services.kit.settings import Settings

_SERVICES = tuple(log.service for log in LOGS)


def build_audit_app(settings: Callable[[], Settings]) -> typer.Typer:
    """The subcommands. Exit status: 0 whole, 1 a log is broken or cannot be read, 2 wrong usage."""
    app = typer.Typer(help="The record of what people did to other people's work.", no_args_is_help=True)

    @app.command("verify")
    def verify(
        against: Annotated[
            Path | None, typer.Option("--against", metavar="FILE", help="Ends of the logs, as --save once wrote them.")
        ] = None,
        save: Annotated[
            Path | None, typer.Option("--save", metavar="FILE", help="Write down where the logs end now.")
        ] = None,
    ) -> None:
        """Follow every log from its first entry to its last, and say whether anything was changed or removed."""
        verdicts = _run(follow(settings(), _noted(against) if against else {}))
        for verdict in verdicts:
            typer.echo(_said(verdict), err=bool(verdict.broken))
        if any(verdict.broken for verdict in verdicts):
            raise typer.Exit(1)
        if save is not None:
            _write(save, verdicts)

    @app.command("list")
    def list_(
        service: Annotated[
            list[str] | None, typer.Option("--service", help=f"Of this service only: {', '.join(_SERVICES)}.")
        ] = None,
        count: Annotated[int, typer.Option("--count", "-n", min=1, max=100_000, help="How many, the newest.")] = 50,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON document a line.")] = False,
    ) -> None:
        """Print the newest entries, oldest first."""
        if unknown := sorted(set(service or ()) - set(_SERVICES)):
            raise typer.BadParameter(f"there is no log of {', '.join(unknown)}; there are {', '.join(_SERVICES)}")
        for entry in _run(newest(settings(), service or _SERVICES, count)):
            typer.echo(_as_json(entry) if as_json else _as_line(entry))

    return app


def _run(work: Any) -> Any:
    try:
        return asyncio.run(work)
    except (DatabaseMisconfigured, MigrationFailed, OSError) as error:
        typer.echo(f"✗ the logs cannot be read: {error}", err=True)
        raise typer.Exit(1) from error


def _noted(file: Path) -> Mapping[str, Sequence[Head]]:
    try:
        said = json.loads(file.read_text())
        return {service: [Head(**head)] for service, head in said.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise typer.BadParameter(f"{file} is not what `caseloop audit verify --save` writes ({error})") from error


def _write(file: Path, verdicts: Sequence[Verdict]) -> None:
    heads = {verdict.service: vars(verdict.head) for verdict in verdicts if verdict.head is not None}
    try:
        file.write_text(json.dumps(heads, indent=2) + "\n")
    except OSError as error:
        typer.echo(f"✗ {file}: {error.strerror}", err=True)
        raise typer.Exit(1) from error


def _said(verdict: Verdict) -> str:
    if verdict.broken:
        return f"✗ {verdict.service}: {verdict.broken}"
    if verdict.head is None:
        return f"✓ {verdict.service}: nothing is kept yet"
    return f"✓ {verdict.service}: {verdict.head.entries} entries, the last {verdict.head.seq} {verdict.head.link}"


def _as_line(entry: Entry) -> str:
    more = "  ".join(f"{name}={_shown(value)}" for name, value in entry.more.items())
    return f"{entry.when}  {entry.service:<9}  {_shown(entry.who)}  {entry.what}  {more}".rstrip()


def _as_json(entry: Entry) -> str:
    return json.dumps({**vars(entry), "more": dict(entry.more)}, ensure_ascii=False)


def _shown(text: str) -> str:
    """On one line, whatever somebody wrote: a log that is read in a terminal must not move its cursor."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)
