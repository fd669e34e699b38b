"""`caseloop case versions|compare|make-current|withdraw|regrade`: published cases, on the command line."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Annotated, Any, cast

import typer

from case_uploader.adapters.learner_environment import LearnerEnvironmentMissing
from case_uploader.cli_version_report import VersionReport
from case_uploader.keeping import Keeping
from services.contracts.errors import ServiceError
from services.contracts.regrade import RegradeView
from services.kit.errors import CaseloopError
from services.kit.migrations import MigrationFailed
from vault.errors import VaultError

OpenKeeping = Callable[[], AbstractAsyncContextManager[Keeping]]
Case = Annotated[str, typer.Argument(help="The case's id, as `caseloop case list` shows it.")]
Version = Annotated[str, typer.Argument(help="A version's number, or the beginning of its digest.")]
OrCurrent = Annotated[str | None, typer.Argument(help="As above; the current version by default.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

_IN_THE_WAY = (CaseloopError, ServiceError, LearnerEnvironmentMissing, MigrationFailed, VaultError)


def add_version_commands(app: typer.Typer, open_keeping: OpenKeeping) -> None:
    """Add the commands. Exit status: 0 done, 1 it could not be done, 2 wrong usage."""

    def do(case: str, json: bool, work: Callable[[Keeping, VersionReport], Awaitable[None]]) -> None:
        report = VersionReport(json)

        async def with_keeping() -> None:
            async with open_keeping() as keeping:
                await work(keeping, report)

        try:
            asyncio.run(with_keeping())
        except _IN_THE_WAY as error:
            report.broke(case, str(error))
        raise typer.Exit(report.finish())

    @app.command("versions")
    def versions(case: Case, json: AsJson = False) -> None:
        """Show all versions of a case, and how many learners are on each."""

        async def work(keeping: Keeping, report: VersionReport) -> None:
            report.history(await keeping.history(case))

        do(case, json, work)

    @app.command("compare")
    def compare(case: Case, before: Version, after: OrCurrent = None, json: AsJson = False) -> None:
        """Show what changed between two versions. It shows solutions."""

        async def work(keeping: Keeping, report: VersionReport) -> None:
            report.compared(await keeping.compare(case, before, after))

        do(case, json, work)

    @app.command("make-current")
    def make_current(case: Case, version: Version, json: AsJson = False) -> None:
        """Roll back to an older version, or publish one that waits: who begins now gets it."""

        async def work(keeping: Keeping, report: VersionReport) -> None:
            report.decided(await keeping.make_current(case, version, getpass.getuser()))

        do(case, json, work)

    @app.command("withdraw")
    def withdraw(
        case: Case,
        version: Version,
        reason: Annotated[str, typer.Option("--reason", help="Why; kept with the version.")],
        json: AsJson = False,
    ) -> None:
        """Let nobody new get a version; the one before it is current then. Who works on it keeps it."""
        if not reason.strip() or len(reason) > 2_000:
            raise typer.BadParameter("say it in at most 2,000 characters", param_hint="--reason")

        async def work(keeping: Keeping, report: VersionReport) -> None:
            report.decided(await keeping.withdraw(case, version, getpass.getuser(), reason.strip()))

        do(case, json, work)

    @app.command("regrade")
    def regrade(
        case: Case,
        version: OrCurrent = None,
        apply: Annotated[
            bool, typer.Option("--apply", help="Take over the better verdicts that the last preview showed.")
        ] = False,
        json: AsJson = False,
    ) -> None:
        """Judge everybody's newest work by a version, and show what would change. Nothing changes without --apply."""

        async def work(keeping: Keeping, report: VersionReport) -> None:
            if apply:
                report.applied(await keeping.apply(case, version, getpass.getuser()))
            else:
                report.previewed(await _preview(keeping, report, case, version))

        do(case, json, work)


async def _preview(keeping: Keeping, report: VersionReport, case: str, version: str | None) -> RegradeView:
    # closed by hand, so that nobody reads a database that is being closed
    async with aclosing(cast("Any", keeping.preview(case, version, getpass.getuser()))) as views:
        async for view in views:
            report.judging(view)
    return cast("RegradeView", view)
