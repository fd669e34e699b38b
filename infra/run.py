"""`caseloop run`: the embedded system in the foreground, with its progress and its way in on the terminal."""

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from infra.accounts import Accounts, Credentials
from infra.embedded import embedded_parts, end_environments
from infra.settings import EmbeddedSettings
from infra.shipped import NotPublished, publish_shipped
from infra.supervisor import NotStarted, Supervisor
from vault.wiring import open_vault

_LOG_BYTES = 5 << 20


class CannotStart(Exception):
    """Something outside Caseloop is in the way; the message says what to do."""


def run(settings: EmbeddedSettings, console: Console, verbose: bool) -> int:
    """Run until Ctrl-C; returns the exit status."""
    os.umask(0o077)
    _check_machine(settings)
    settings.prepare()
    credentials = Accounts(settings.home / "accounts.json").make_first()
    return asyncio.run(_run(settings, console, verbose, credentials))


async def _run(settings: EmbeddedSettings, console: Console, verbose: bool, credentials: Sequence[Credentials]) -> int:
    begun = time.monotonic()
    logs = _Logs(settings.home / "logs", console if verbose else None)
    async with embedded_parts(settings, open_vault(settings.mode, settings.home)) as parts:
        supervisor = Supervisor(parts, logs.write)
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(sign, supervisor.stop.set)

        async def started() -> None:
            status.stop()
            _welcome(console, settings, credentials, time.monotonic() - begun)

        status = console.status("Publishing the sample cases (once) …")
        try:
            with status:
                await asyncio.to_thread(publish_shipped, settings)
                status.update("Starting Caseloop …")
                await supervisor.run(started)
        except NotPublished as error:
            console.print("[red]A case that ships with Caseloop could not be published.[/red]", str(error), markup=True)
            return 1
        except NotStarted as error:
            console.print(f"[red]{error}.[/red] Its last lines:\n{logs.tail()}\nAll of it: {settings.home / 'logs'}")
            return 1
        finally:
            ended = await asyncio.to_thread(end_environments, settings.run_dir)
        if supervisor.failure:
            console.print(f"[red]Stopped: {supervisor.failure}.[/red] Logs: {settings.home / 'logs'}\n{logs.tail()}")
            return 1
    console.print(
        f"Caseloop has stopped{f', and {ended} open environments with it' if ended else ''}. All work is kept."
    )
    return 0


def _welcome(console: Console, settings: EmbeddedSettings, credentials: Sequence[Credentials], seconds: float) -> None:
    address = f"http://{settings.host}:{settings.port}"
    console.print(
        Panel(f"Caseloop is ready at [bold]{address}[/bold]  ({seconds:.0f} s)\nCtrl-C stops it.", expand=False)
    )
    if not credentials:
        console.print("Sign in as before; `caseloop account password NAME` gives a new password.")
        return
    table = Table("sign-in name", "password", "may", title="Shown once, stored nowhere: write them down")
    for one in credentials:
        table.add_row(one.name, one.password, one.role.value)
    console.print(table)


def _check_machine(settings: EmbeddedSettings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CannotStart(
                f"Port {settings.port} of {settings.host} cannot be used ({error.strerror}). "
                "Is Caseloop running already? Choose another one: CASELOOP_PORT=8001 make run"
            ) from error


class _Logs:
    """One rotated file a part, and the last lines of all for the case that something fails."""

    def __init__(self, folder: Path, console: Console | None) -> None:
        self._folder, self._console = folder, console
        self._files: dict[str, RotatingFileHandler] = {}
        self._last: list[str] = []

    def write(self, part: str, line: str) -> None:
        """Keep one line."""
        if part not in self._files:
            self._files[part] = RotatingFileHandler(self._folder / f"{part}.log", maxBytes=_LOG_BYTES, backupCount=2)
        self._files[part].emit(_record(line))
        self._last = [*self._last[-19:], f"{part:9}| {line}"]
        if self._console:
            self._console.print(self._last[-1], markup=False, highlight=False)

    def tail(self) -> str:
        """The last lines of all parts."""
        return "\n".join(self._last)


def _record(line: str) -> logging.LogRecord:
    return logging.LogRecord("caseloop", logging.INFO, "", 0, line, None, None)
