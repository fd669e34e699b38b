"""`caseloop run`: the embedded system in the foreground, with its progress and its way in on the terminal."""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from infra.accounts import Accounts, Credentials
from infra.embedded import embedded_parts, end_environments
from infra.machine import check_machine
from infra.one_instance import only_instance
from infra.settings import EmbeddedSettings
from infra.shipped import NotPublished, publish_shipped
from infra.supervisor import NotStarted, Supervisor
from vault.wiring import open_vault

_LOG_BYTES = 5 << 20


def run(settings: EmbeddedSettings, console: Console, verbose: bool) -> int:
    """Run until Ctrl-C; returns the exit status. CannotStart; VaultError."""
    settings.prepare()
    with only_instance(settings):
        for warning in check_machine(settings):
            console.print(warning, style="yellow", markup=False)
        return asyncio.run(_run(settings, console, verbose))


async def _run(settings: EmbeddedSettings, console: Console, verbose: bool) -> int:
    begun = time.monotonic()
    logs = _Logs(settings.home / "logs", console if verbose else None)
    vault = open_vault(settings.mode, settings.home)
    async with embedded_parts(settings, vault) as parts:
        supervisor = Supervisor(parts, logs.write)
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(sign, supervisor.stop.set)

        async def started() -> None:
            status.stop()
            # not before: a first start that fails must not use up the one time that passwords are shown
            credentials = await asyncio.to_thread(Accounts(settings.home / "accounts.json").make_first)
            _welcome(console, settings, credentials, time.monotonic() - begun)

        status = console.status("Publishing the sample cases (once) …")
        try:
            with status:
                await publish_shipped(settings, supervisor.stop)
                status.update("Starting Caseloop …")
                await supervisor.run(started)
        except NotPublished as error:
            _say_failure(console, "A case that ships with Caseloop could not be published", str(error))
            return 1
        except NotStarted as error:
            _say_failure(console, str(error), f"Its last lines:\n{logs.tail()}\nAll of it: {settings.home / 'logs'}")
            return 1
        finally:
            ended = await asyncio.to_thread(end_environments, settings, vault)
        if supervisor.failure:
            _say_failure(console, f"Stopped: {supervisor.failure}", f"Logs: {settings.home / 'logs'}\n{logs.tail()}")
            return 1
    with contextlib.suppress(OSError):  # the terminal may be what has gone
        environments = f", and {ended} open environment{'s' if ended > 1 else ''} with it" if ended else ""
        console.print(f"Caseloop has stopped{environments}. All work is kept.")
    return 0


def _say_failure(console: Console, what: str, more: str) -> None:
    console.print(f"{what}.", style="red", markup=False)
    console.print(more, markup=False, highlight=False)


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
