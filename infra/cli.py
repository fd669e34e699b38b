"""The `caseloop` command; each package gives its own subcommands."""

import os
import sys
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from evaluation.settings import EvaluationSettings
from feedback.model.settings import ModelSettings
from infra.accounts import Accounts, NameRefused
from infra.backup.settings import BackupSettings
from infra.machine import CannotStart
from infra.run import run as run_embedded
from infra.settings import EmbeddedSettings
from infra.subcommands import Subcommands
from services.contracts.identity import Role
from services.kit.settings import DatabaseSettings, Settings
from vault.errors import VaultError

_PREFIXES = {
    one.__name__: one.model_config.get("env_prefix", "")
    for one in (Settings, EmbeddedSettings, DatabaseSettings, ModelSettings, EvaluationSettings, BackupSettings)
}
"""Settings class -> what its variables begin with."""
_NOT_SHOWN = (DatabaseSettings.__name__, ModelSettings.__name__)
"""A wrong key of a model server is a key all the same, and a wrong address may hold a password."""
app = typer.Typer(
    name="caseloop",
    cls=Subcommands,
    help="Case assignments in Jupyter notebooks: instant, honest feedback.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
account = typer.Typer(help="People who may sign in (embedded mode).", no_args_is_help=True)


@app.callback()
def private() -> None:
    """What Caseloop keeps is nobody else's business, whichever command writes it."""
    os.umask(0o077)


app.add_typer(account, name="account")


@app.command()
def run(verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what every part logs.")] = False) -> None:
    """Start Caseloop on this machine; Ctrl-C stops it."""
    console = Console()
    try:
        status = run_embedded(EmbeddedSettings(), console, verbose)
    except (CannotStart, VaultError) as error:
        console.print(str(error), style="red", markup=False)
        status = 1
    raise typer.Exit(status)


@account.command("add")
def add_account(name: str, role: Role = Role.LEARNER) -> None:
    """Make an account and print its password, once."""
    settings = EmbeddedSettings()
    settings.prepare()
    try:
        made = Accounts(settings.home / "accounts.json").add(name, role)
    except NameRefused as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{made.name}  {made.password}  ({made.role})")


@account.command("password")
def new_password(name: str) -> None:
    """Give an account a new password and print it, once."""
    made = Accounts(EmbeddedSettings().home / "accounts.json").renew(name)
    if made is None:
        typer.echo(f"There is no account «{name}»; `caseloop account add {name}` makes one.", err=True)
        raise typer.Exit(1)
    typer.echo(made.password)


def main() -> None:
    """Entry point of the `caseloop` command."""
    try:
        app()
    except ValidationError as error:
        prefix = _PREFIXES.get(error.title)
        if prefix is None:
            raise
        for problem in error.errors():
            name = "__".join(map(str, problem["loc"])).upper()
            value = "" if error.title in _NOT_SHOWN else f"={problem['input']}"
            what = f"{prefix}{name}{value}" if name else "A setting is wrong"
            typer.echo(f"{what}: {problem['msg']}. docs/reference/settings.md explains it.", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
