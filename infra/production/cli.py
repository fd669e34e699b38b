import os
from pathlib import Path
from typing import Annotated

import typer

from case_uploader.adapters.learner_environment import LearnerEnvironmentMissing
from infra.backup.errors import BackupError
from infra.production.certificates import give_away, problems
from infra.production.first_run import make_folders, make_secrets
from infra.production.health import is_alive
from infra.production.serve import CannotServe, serve
from infra.production.settings import ProductionSettings
from services.kit.database import DatabaseMisconfigured
from services.kit.migrations import MigrationFailed
from services.kit.objects import ObjectStoreFailed
from services.kit.settings import DatabaseSettings
from services.kit.tracing import TracesMisconfigured
from services.mentoring.wiring import NoAdapter
from vault.errors import VaultError

_REFUSALS = (
    BackupError,
    CannotServe,
    DatabaseMisconfigured,
    LearnerEnvironmentMissing,
    MigrationFailed,
    NoAdapter,
    ObjectStoreFailed,
    TracesMisconfigured,
    VaultError,
)


def serve_command(name: Annotated[str, typer.Argument(metavar="SERVICE")]) -> None:
    """Run one service of a production system in the foreground, as its container does."""
    try:
        status = serve(name, ProductionSettings())
    except _REFUSALS as error:
        typer.echo(f"{name} is not started: {error}", err=True)
        status = 1
    raise typer.Exit(status)


def build_production_app() -> typer.Typer:
    """Make the `caseloop production` commands."""
    app = typer.Typer(help="A system of containers.", no_args_is_help=True)

    @app.command("init")
    def init(
        state: Annotated[Path, typer.Option("--state", help="Folder of the host that the containers keep all in.")],
        secrets: Annotated[Path, typer.Option("--secrets", help="Folder for the generated secrets.")],
        config: Annotated[
            Path | None, typer.Option("--config", help="Folder for sign-ins and certificates, as /etc/caseloop.")
        ] = None,
    ) -> None:
        """Make secrets and folders before the first start. May be run again: what is there stays as it is."""
        try:
            made = make_secrets(secrets)
            done = make_folders(state.absolute(), config.absolute() if config else None)
        except (OSError, VaultError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
        for path in (*made, *done.made):
            typer.echo(f"made: {path}")
        if done.commands:
            typer.echo("These folders belong to somebody else; give them away:", err=True)
            for line in done.commands:
                typer.echo(line, err=True)
            raise typer.Exit(1)
        typer.echo("Ready.")

    @app.command("certificates")
    def certificates(
        folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="That of all certificates.")],
        model: Annotated[bool, typer.Option("--model", help="Those of a language model's server, too.")] = False,
        wildcard: Annotated[
            str, typer.Option("--wildcard", metavar="*.HOST", help="That of learners' host names, too.")
        ] = "",
    ) -> None:
        """Check certificates of Vault, MinIO, the model and learners' hosts; as root, give each key to its account."""
        try:
            if os.geteuid() == 0:
                give_away(folder)
            found = list(problems(folder, model=model, wildcard=wildcard))
        except OSError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
        for line in found:
            typer.echo(line, err=True)
        if found:
            raise typer.Exit(1)
        typer.echo("All certificates are there, and fit.")

    @app.command("databases")
    def databases(
        admin: Annotated[str, typer.Option("--admin", help="A superuser of PostgreSQL.")] = "caseloop",
    ) -> None:
        """Make or mend the services' roles and schemas on PostgreSQL. May be run again at any time."""
        try:
            # Here, because embedded mode does without the driver.
            from infra.production.databases import ProvisioningFailed, provision
        except ImportError as error:
            typer.echo(
                f"{error.name} is missing; pip install --require-hashes -r requirements/production.txt", err=True
            )
            raise typer.Exit(1) from error
        try:
            made = provision(DatabaseSettings(), admin)
        except ProvisioningFailed as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
        for line in made:
            typer.echo(f"made: {line}")
        typer.echo("PostgreSQL is ready." if made else "PostgreSQL is ready; nothing was missing.")

    @app.command("alive")
    def alive(name: Annotated[str, typer.Argument(metavar="SERVICE")]) -> None:
        """Say by the exit status whether a service of this container answers; its health check."""
        raise typer.Exit(0 if is_alive(name, ProductionSettings()) else 1)

    return app
