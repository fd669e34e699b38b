"""`caseloop style …`: what those may do who look after a class's style reviews."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated

import typer

from services.kit.database import DatabaseMisconfigured
from services.kit.migrations import MigrationFailed
from services.progress.style.erasure import Erasure

OpenErasure = Callable[[], AbstractAsyncContextManager[Erasure]]


def build_style_app(open_erasure: OpenErasure) -> typer.Typer:
    """The subcommands. Exit status: 0 done, 1 it could not be done, 2 wrong usage."""
    app = typer.Typer(help="Learners' style reviews.", no_args_is_help=True)

    @app.callback()
    def group() -> None:
        """One subcommand alone would take the group's name."""

    @app.command("forget")
    def forget(
        learner: Annotated[str, typer.Argument(help="The learner's sign-in name; names are in small letters.")],
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether that is meant.")] = False,
    ) -> None:
        """Delete a learner's style reviews and what they left as it is, with the reasons. This cannot be undone."""
        learner = learner.strip().lower()
        if not yes:
            typer.confirm(f"Delete every style review and dismissed remark of «{learner}»?", abort=True)
        try:
            gone = asyncio.run(_forgotten(open_erasure, learner))
        except (DatabaseMisconfigured, MigrationFailed, OSError) as error:
            typer.echo(f"✗ {learner}: {error}", err=True)
            raise typer.Exit(1) from error
        typer.echo(f"✓ {learner}: {gone} entries deleted")

    return app


async def _forgotten(open_erasure: OpenErasure, learner: str) -> int:
    async with open_erasure() as erasure:
        return await erasure.forget(learner)
