import os
from pathlib import Path
from typing import Annotated

import typer

from infra.vault.authorities import hand_out
from services.kit.settings import ObjectSettings
from vault.errors import VaultError
from vault.settings import VaultSettings


def build_vault_app() -> typer.Typer:
    """Make the `caseloop vault` commands."""
    app = typer.Typer(help="HashiCorp Vault (production mode).", no_args_is_help=True)

    @app.callback()
    def group() -> None:
        """HashiCorp Vault (production mode)."""

    @app.command()
    def bootstrap(
        credentials: Annotated[
            Path, typer.Option("--credentials", help="Folder for the sign-ins of all services, made if need be.")
        ],
        new_credentials: Annotated[
            bool, typer.Option("--new-credentials", help="Replace every sign-in; the old ones stop working.")
        ] = False,
    ) -> None:
        """Make or bring up to date everything of Caseloop's in Vault. May be run again at any time."""
        try:
            # Here, because embedded mode does without what it is made of.
            from infra.vault.bootstrap import Bootstrap

            # Never an argument: every process of the machine could read it.
            token = os.environ.get("VAULT_TOKEN") or typer.prompt("Vault token", hide_input=True)
            settings = VaultSettings()
            done = Bootstrap(settings, token).run(credentials, new_credentials=new_credentials)
            done += hand_out(credentials, {"vault-ca.pem": settings.ca, "minio-ca.pem": ObjectSettings().ca})
        except VaultError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
        for line in done:
            typer.echo(f"made: {line}")
        typer.echo(f"Vault is ready. Sign-ins: {credentials}" if done else "Vault is ready; nothing was missing.")

    return app
