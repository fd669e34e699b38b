"""The `caseloop` command; each package gives its own subcommands."""

import os
import sys
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from case_uploader.cli import build_case_app
from evaluation.grading.cli import build_grade_command
from feedback.cli import build_chat_app
from feedback.model.settings import ModelSettings
from infra.accounts import Accounts, NameRefused
from infra.machine import CannotStart
from infra.run import run as run_embedded
from infra.settings import EmbeddedSettings
from infra.workshop import open_case_service, open_chat_staff, open_judge, open_learners_data, open_style_erasure
from linting.command.cli import build_lint_command
from services.contracts.identity import Role
from services.kit.settings import Settings
from services.progress.style.cli import build_style_app
from vault.errors import VaultError

_PREFIXES = {
    one.__name__: one.model_config.get("env_prefix", "") for one in (Settings, EmbeddedSettings, ModelSettings)
}
"""Settings class -> what its variables begin with."""
app = typer.Typer(
    name="caseloop",
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
app.add_typer(build_case_app(lambda: open_case_service(EmbeddedSettings()), EmbeddedSettings), name="case")
app.add_typer(
    build_chat_app(
        lambda: open_chat_staff(EmbeddedSettings()), lambda: open_learners_data(EmbeddedSettings()), EmbeddedSettings
    ),
    name="chat",
)
app.add_typer(build_style_app(lambda: open_style_erasure(EmbeddedSettings())), name="style")
app.command("lint")(build_lint_command(lambda: EmbeddedSettings().home))
app.command("grade")(build_grade_command(lambda case: open_judge(EmbeddedSettings(), case)))


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
            # a wrong key of a model server is a key all the same
            value = "" if error.title == ModelSettings.__name__ else f"={problem['input']}"
            what = f"{prefix}{name}{value}" if name else "A setting is wrong"
            typer.echo(f"{what}: {problem['msg']}. docs/reference/settings.md explains it.", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
