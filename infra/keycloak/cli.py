import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from infra.keycloak.realm import HUB_SECRET
from infra.production.first_run import FIRST_ADMIN
from infra.settings import EmbeddedSettings
from services.contracts.identity import Role
from services.kit.settings import OidcSettings
from vault.errors import VaultError
from vault.files import private_folder, write_private
from vault.wiring import open_vault


def build_keycloak_app() -> typer.Typer:
    """Make the `caseloop keycloak` commands."""
    app = typer.Typer(help="Keycloak (production mode).", no_args_is_help=True)

    @app.callback()
    def group() -> None:
        """Keycloak (production mode)."""

    @app.command()
    def bootstrap(
        credentials: Annotated[Path, typer.Option("--credentials", help="Folder for the programs' secret.")],
        classes: Annotated[list[str], typer.Option("--class", help="A class to make; may be repeated.")] = [],  # noqa: B006
        program_role: Annotated[Role, typer.Option("--program-role", help="What programs may do.")] = Role.ADMIN,
        user: Annotated[str, typer.Option("--user", help="An administrator of the realm master.")] = FIRST_ADMIN,
        address: Annotated[
            str, typer.Option("--address", help="Where Keycloak is called, if not where its issuer says.")
        ] = "",
    ) -> None:
        """Make or mend the realm, with clients, roles, mappers and classes. May be run again at any time."""
        try:
            from infra.keycloak.provisioning import ProvisioningFailed, Wanted, provision
        except ImportError as error:
            typer.echo(
                f"{error.name} is missing; pip install --require-hashes -r requirements/production.txt", err=True
            )
            raise typer.Exit(1) from error
        settings, oidc = EmbeddedSettings(), OidcSettings()
        for variable, value in (("ISSUER", oidc.issuer), ("HUB_ADDRESS", oidc.hub_address)):
            if not value:
                typer.echo(f"CASELOOP_OIDC_{variable} is not set; docs/how-to/keycloak.md says how", err=True)
                raise typer.Exit(2)
        public, _, realm = oidc.issuer.rpartition("/realms/")
        if not urlsplit(public).netloc or "/" in realm:
            typer.echo(
                f"CASELOOP_OIDC_ISSUER={oidc.issuer} is no realm of a Keycloak: https://HOST/realms/NAME", err=True
            )
            raise typer.Exit(2)
        if address and (urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).netloc):
            typer.echo(f"--address {address} is no address: https://HOST, or http://keycloak:8080", err=True)
            raise typer.Exit(2)
        # Never an argument: every process of the machine could read it.
        password = os.environ.get("KEYCLOAK_PASSWORD") or typer.prompt(f"Password of {user}", hide_input=True)
        wanted = Wanted(realm, oidc.hub_address, oidc.audience, tuple(classes), program_role)
        try:
            # before anything is made: its secret must have a place
            secrets = open_vault(settings.mode, settings.home).secrets
            called = address or public
            # the certificate of the public name says nothing of a call that has none
            ca = oidc.ca if called.startswith("https:") else None
            made = provision(called, user, password, wanted, ca=ca)
            secrets.put(HUB_SECRET, made.hub_secret.encode())
            write_private(private_folder(credentials) / "caseloop-cli", made.program_secret.encode())
        except (ProvisioningFailed, VaultError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
        for line in made.done:
            typer.echo(f"made: {line}")
        typer.echo(f"Keycloak is ready. Secret of programs: {credentials / 'caseloop-cli'}")

    return app
