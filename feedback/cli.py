"""`caseloop chat …`: what those may do who look after a class's conversations."""

import asyncio
import getpass
import json as jsonlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from feedback.chat.staff import ChatStaff
from feedback.ports import LearnersData
from services.kit.database import DatabaseMisconfigured
from services.kit.jobs import JobState
from services.kit.logs import configure_logs
from services.kit.migrations import MigrationFailed
from services.kit.settings import Settings
from vault.errors import VaultError

OpenStaff = Callable[[], AbstractAsyncContextManager[ChatStaff]]
OpenElsewhere = Callable[[], AbstractAsyncContextManager[Sequence[LearnersData]]]
ReadSettings = Callable[[], Settings]
Order = Callable[[ChatStaff, str], Awaitable[str]]
Case = Annotated[str, typer.Argument(help="The case's id, as `caseloop case list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether that is meant.")]

_CASE: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_LOOK: Final = 0.2
"""Seconds between two looks at a job."""


def build_chat_app(
    open_staff: OpenStaff, open_elsewhere: OpenElsewhere, read_settings: ReadSettings = Settings
) -> typer.Typer:
    """The subcommands.

    Args:
        open_staff: gives conversations whose jobs are being done.
        open_elsewhere: gives what other services keep of learners.
        read_settings: says how to log.

    Exit status: 0 done, 1 it could not be done, 2 wrong usage.
    """
    desk = _Desk(open_staff, open_elsewhere, read_settings)
    app = typer.Typer(
        help="Learners' conversations with the assistant.", no_args_is_help=True, callback=desk.speak_up_when_needed
    )

    @app.command("export")
    def export(case: Case, json: AsJson = False) -> None:
        """Write all conversations about a case into files that only you can read."""
        desk.do(lambda staff, who: staff.export(_known(case), who), _Said(case, json, "exported"))

    @app.command("reset")
    def reset(case: Case, yes: Yes = False, json: AsJson = False) -> None:
        """Write all conversations about a case into files, then delete them here: for the next class."""
        _known(case)
        _ask(yes, f"Export and delete all conversations about «{case}»?")
        desk.do(lambda staff, who: staff.reset_class(case, who), _Said(case, json, "exported and deleted"))

    @app.command("forget")
    def forget(
        learner: Annotated[str, typer.Argument(help="The learner's sign-in name; names are in small letters.")],
        yes: Yes = False,
        json: AsJson = False,
    ) -> None:
        """Delete a learner's talks, hints, choices, questions to mentors and recordings. This cannot be undone."""
        learner = learner.strip().lower()
        _ask(
            yes,
            f"Delete every conversation, hint and choice of «{learner}», exports included, every question to a mentor, "
            "and all that was recorded?",
        )
        desk.do(lambda staff, who: staff.forget(learner, who), _Said(learner, json, "deleted"), forgetting=learner)

    return app


@dataclass(frozen=True)
class _Said:
    """What is said at the end."""

    about: str
    json: bool
    done: str


@dataclass(frozen=True)
class _Desk:
    """What the commands do, with what they were given."""

    open_staff: OpenStaff
    open_elsewhere: OpenElsewhere
    read_settings: ReadSettings

    def speak_up_when_needed(self) -> None:
        """Somebody at a terminal wants to read the result, not what every part logs."""
        logs = self.read_settings().logs
        configure_logs(logs.model_copy(update={"level": "warning"}) if logs.level == "info" else logs)

    def do(self, order: Order, said: _Said, forgetting: str | None = None) -> None:
        """Order a job, see it done, and say what was done. `forgetting`: a learner to be forgotten elsewhere, too."""
        try:
            # First: whoever interrupts it in the middle has no job yet that ends, and gives the command again.
            elsewhere = asyncio.run(self._forgotten(forgetting)) if forgetting is not None else {}
            state, folder = asyncio.run(self._ended(order))
        except (DatabaseMisconfigured, MigrationFailed, VaultError, OSError) as error:
            typer.echo(f"✗ {said.about}: {error}", err=True)
            raise typer.Exit(1) from error
        if state is None or state.status == "failed":
            why = (state.error if state else None) or "its job is gone"
            typer.echo(f"✗ {said.about}: {why}", err=True)
            raise typer.Exit(1)
        _report(said, state, folder, elsewhere)

    async def _forgotten(self, learner: str) -> dict[str, int]:
        """What of a learner's -> how many entries went."""
        async with self.open_elsewhere() as places:
            return {place.name: await place.forget(learner, getpass.getuser()) for place in places}

    async def _ended(self, order: Order) -> tuple[JobState | None, str]:
        # The job is durable: interrupted here, it is done by the running Caseloop, or by the next one.
        async with self.open_staff() as staff:
            job = await order(staff, getpass.getuser())
            while True:
                state = await staff.state(job)
                if state is None or state.status in {"done", "failed"}:
                    return state, str(staff.folder)
                await asyncio.sleep(_LOOK)


def _report(said: _Said, state: JobState, folder: str, elsewhere: Mapping[str, int]) -> None:
    files = state.progress.get("files")
    paths = [f"{folder}/{name}" for name in files] if isinstance(files, list) else []
    counts = {name: state.progress.get(name, 0) for name in ("conversations", "messages", "others")}
    if said.json:
        document = {"about": said.about, **counts, "files": paths, **({"elsewhere": elsewhere} if elsewhere else {})}
        typer.echo(jsonlib.dumps(document, ensure_ascii=False, indent=2))
        return
    others = f" and {counts['others']} other entries" if counts["others"] else ""
    typer.echo(
        f"✓ {said.about}: {counts['conversations']} conversations ({counts['messages']} messages){others} {said.done}"
    )
    for path in paths:
        typer.echo(f"  {path}")
    for name, count in elsewhere.items():
        typer.echo(f"  {name}: {count} entries {said.done}")


def _known(case: str) -> str:
    if not _CASE.fullmatch(case):
        raise typer.BadParameter(f"{case!r} is no id of a case: lower-case letters, digits and dashes")
    return case


def _ask(yes: bool, question: str) -> None:
    if not yes:
        typer.confirm(question, abort=True)
