"""`caseloop case …`: the author's side on the command line."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from case_uploader.adapters.learner_environment import LearnerEnvironmentMissing
from case_uploader.cli_report import Report, Verdict
from case_uploader.cli_versions import OpenKeeping, add_version_commands
from case_uploader.environments.furnishing import Furnished, Furnisher
from case_uploader.format.case_folder import CaseDraft, CaseReading, read_case_folder
from case_uploader.format.nbgrader_release import CannotExport, export_release
from case_uploader.format.requirements_file import LearnerEnvironment, made_later
from case_uploader.learners_copy import LabNotStarted, open_in_lab, write_learners_copy
from case_uploader.make_data import DataNotMade, make_data
from case_uploader.scaffold import CannotScaffold, scaffold
from case_uploader.service import CaseService
from case_uploader.steps import Passed, Published, Rejected, Step
from case_uploader.wiring import learner_environment
from services.contracts.errors import ServiceError
from services.kit.database import DatabaseMisconfigured
from services.kit.errors import CaseloopError
from services.kit.logs import configure_logs
from services.kit.migrations import MigrationFailed
from services.kit.settings import Settings
from vault.errors import VaultError

ReadSettings = Callable[[], Settings]
Act = Callable[[CaseService, Path], AsyncIterator[Step]]
OpenService = Callable[[], AbstractAsyncContextManager[CaseService]]
OpenFurnisher = Callable[[], Furnisher]
Folder = Annotated[Path, typer.Argument(help="A case folder.", exists=True, file_okay=False)]
Folders = Annotated[list[Path], typer.Argument(help="Case folders.", exists=True, file_okay=False)]
Sources = Annotated[list[Path], typer.Argument(help="Case folders, or zip archives of them.", exists=True)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report", help="Write the report as a page into this file (of several cases: the folder).", dir_okay=True
    ),
]
MakeData = Annotated[bool, typer.Option("--make-data", help="Run the folder's make_data.py first, unconfined.")]

_CANNOT_OPEN = (
    CaseloopError,
    DatabaseMisconfigured,
    LearnerEnvironmentMissing,
    MigrationFailed,
    ServiceError,
    VaultError,
)


def build_case_app(
    open_service: OpenService,
    read_settings: ReadSettings = Settings,
    open_furnisher: OpenFurnisher | None = None,
    open_keeping: OpenKeeping | None = None,
) -> typer.Typer:
    """The subcommands.

    Args:
        open_service: gives a service that can reach `feedback` (a publishing one).
        read_settings: says where learners' code runs, and how to log.
        open_furnisher: gives what finds or makes the environments of cases; without it there is the common one only.
        open_keeping: gives what looks after published cases; without it there are no commands for that.

    Exit status: 0 done, 1 a case has problems or the platform could not do its part, 2 wrong usage.
    """
    furnisher = open_furnisher or (lambda: Furnisher(learner_environment(read_settings())))
    desk = _Desk(open_service, read_settings, furnisher)
    app = typer.Typer(help="Write, check and publish cases.", no_args_is_help=True, callback=desk.speak_up_when_needed)
    app.command("new")(new)

    @app.command("check")
    def check(
        folders: Folders,
        quick: Annotated[bool, typer.Option("--quick", help="Only read the folder; run nothing.")] = False,
        make: MakeData = False,
        report_file: ReportFile = None,
        json: AsJson = False,
    ) -> None:
        """Say whether a case could be published: try reference, starter, variants, flaws, and small faults."""
        report = Report(json, report_file, several=len(folders) > 1)
        if quick:
            asyncio.run(desk.each(folders, make, report, desk.read_only))
        else:
            asyncio.run(desk.with_service(folders, make, report, CaseService.check))
        raise typer.Exit(report.finish())

    @app.command("publish")
    def publish(folders: Sources, make: MakeData = False, json: AsJson = False) -> None:
        """Check a case and make it the newest version that learners get."""
        report = Report(json)
        asyncio.run(desk.with_service(folders, make, report, CaseService.publish))
        raise typer.Exit(report.finish())

    @app.command("preview")
    def preview(
        folder: Folder,
        no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print JupyterLab's address.")] = False,
    ) -> None:
        """Open the notebook as learners get it, with the data beside it, in their JupyterLab."""
        report = Report(as_json=False)
        desk.preview(folder, report, browser=not no_browser)
        raise typer.Exit(report.finish())

    @app.command("export")
    def export(
        folder: Folder,
        into: Annotated[Path, typer.Option("--into", help="nbgrader's course folder.", file_okay=False)],
        json: AsJson = False,
    ) -> None:
        """Write what learners get as the release of an nbgrader assignment."""
        report = Report(json)
        desk.export(folder, into, report)
        raise typer.Exit(report.finish())

    @app.command("list")
    def list_cases(json: AsJson = False) -> None:
        """Show the published cases."""
        report = Report(json)
        asyncio.run(desk.published(report))
        raise typer.Exit(report.finish())

    if open_keeping is not None:
        add_version_commands(app, open_keeping)
    return app


def new(
    name: Annotated[str, typer.Argument(help="The case's title; its id and folder are made from it.")],
    parent: Annotated[Path, typer.Option("--in", help="Where to make the folder.", file_okay=False)] = Path(),
    json: AsJson = False,
) -> None:
    """Make a small working case to change step by step."""
    report = Report(json)
    try:
        report.made(scaffold(parent, name))
    except (CannotScaffold, OSError) as error:
        report.broke(name, str(error))
    raise typer.Exit(report.finish())


@dataclass(frozen=True)
class _Desk:
    """What the commands do, with the services and settings they were given."""

    open_service: OpenService
    read_settings: ReadSettings
    open_furnisher: OpenFurnisher

    def speak_up_when_needed(self) -> None:
        """Services that work inside the command log every request; an author wants to read the result."""
        logs = self.read_settings().logs
        configure_logs(logs.model_copy(update={"level": "warning"}) if logs.level == "info" else logs)

    async def with_service(self, folders: list[Path], make: bool, report: Report, act: Act) -> None:
        """Do it to each folder, with the service."""
        try:
            async with self.open_service() as service:
                await self.each(folders, make, report, lambda folder: act(service, folder))
        except _CANNOT_OPEN as error:
            report.broke("caseloop", str(error))

    async def each(
        self, folders: list[Path], make: bool, report: Report, steps: Callable[[Path], AsyncIterator[Step]]
    ) -> None:
        """Go through the folders; what breaks one does not stop the others."""
        for folder in folders:
            try:
                if make:
                    await make_data(folder, self.read_settings().learner_env / "bin" / "python")
                report.ended(str(folder), await _last(steps(folder), report))
            except (CaseloopError, ServiceError, DataNotMade) as error:
                report.broke(str(folder), str(error))

    def preview(self, folder: Path, report: Report, *, browser: bool) -> None:
        """Open the learners' notebook in JupyterLab until that is stopped. What is written there is lost."""
        try:
            furnished = asyncio.run(self._furnished(folder, report))
        except LearnerEnvironmentMissing as error:
            report.broke(str(folder), str(error))
            return
        if furnished is None or (draft := self._draft(folder, furnished.environment, report)) is None:
            return
        python = (furnished.folder or self.read_settings().learner_env) / "bin" / "python"
        with tempfile.TemporaryDirectory(prefix="caseloop-preview-") as place:
            try:
                status = open_in_lab(write_learners_copy(draft, Path(place)), python, browser=browser)
            except LabNotStarted as error:
                report.broke(draft.author.id, str(error))
            else:
                if status:
                    report.broke(draft.author.id, f"JupyterLab ended with status {status}")

    async def _furnished(self, folder: Path, report: Report) -> Furnished | None:
        """The environment of the case, made if need be; None when it cannot be, which the report says."""
        async with aclosing(cast("Any", self.open_furnisher().furnish(folder))) as steps:
            async for step in steps:
                match step:
                    case Furnished():
                        report.paused()
                        return step
                    case Rejected():
                        report.ended(str(folder), step)
                    case _:
                        report.went_on(step)
        return None

    def export(self, folder: Path, into: Path, report: Report) -> None:
        """Write nbgrader's release folder. Nothing is run, so nothing is made for it either."""
        at_hand = self._at_hand(folder)
        draft = self._draft(folder, at_hand.environment if at_hand else None, report)
        if draft is None:
            return
        try:
            report.exported(export_release(draft, into))
        except (CannotExport, OSError) as error:
            report.broke(draft.author.id, str(error))

    def _draft(self, folder: Path, environment: LearnerEnvironment | None, report: Report) -> CaseDraft | None:
        """The case as its folder describes it; None when it has problems, which the report says."""
        reading = read_case_folder(folder, environment)
        if reading.draft is None:
            report.ended(str(folder), Rejected(problems=reading.problems))
        return reading.draft

    def _at_hand(self, folder: Path) -> Furnished | None:
        with contextlib.suppress(LearnerEnvironmentMissing):
            return self.open_furnisher().at_hand(folder)
        return Furnished(None)

    def _reading(self, folder: Path) -> CaseReading:
        at_hand = self._at_hand(folder)
        if at_hand is not None:
            return read_case_folder(folder, at_hand.environment)
        reading = read_case_folder(folder)
        return CaseReading(reading.draft, (*reading.problems, made_later()))

    async def read_only(self, folder: Path) -> AsyncIterator[Step]:
        """Read the folder and run nothing."""
        reading = await asyncio.to_thread(self._reading, folder)
        if reading.draft is None:
            yield Rejected(problems=reading.problems)
        else:
            yield Passed(case=reading.draft.author.id, version=reading.draft.version, notes=reading.problems, trials=0)

    async def published(self, report: Report) -> None:
        """Say what is published."""
        try:
            async with self.open_service() as service:
                report.listed(await service.published())
        except _CANNOT_OPEN as error:
            report.broke("caseloop", str(error))


async def _last(steps: AsyncIterator[Step], report: Report) -> Verdict:
    # A generator that is closed by hand cleans up at once, also on Ctrl-C.
    async with aclosing(cast("Any", steps)) as opened:
        async for step in opened:
            if isinstance(step, Published | Passed | Rejected):
                return step
            report.went_on(step)
    raise RuntimeError("a check ended without a last step")
