"""Commands are loaded when they are asked for, and all of them are found."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from infra.cli import app
from infra.subcommands import NAMES

HEAVY = ("fastapi", "sqlalchemy", "scipy", "evaluation.cli", "case_uploader.cli", "infra.workshop")
"""What starting the system itself needs no part of."""


def test_starting_the_system_loads_nothing_that_other_commands_stand_on(project: Path) -> None:
    asked = f"import sys, infra.cli; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], cwd=project, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_loaded_under_its_name(name: str) -> None:
    commands = typer.main.get_group(app).commands
    assert commands[name].name == name
    assert commands.get(name) is commands[name]


def test_help_tells_all_commands_and_what_they_are_for() -> None:
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "120", "TERMINAL_WIDTH": "120"}).stdout
    assert [name for name in ("run", "account", *NAMES) if f" {name} " not in told] == []
    assert "Review the style of notebooks" in told


def test_a_command_that_there_is_not_is_refused_with_the_one_that_was_meant() -> None:
    done = CliRunner().invoke(app, ["grde"])
    assert done.exit_code == 2
    assert "grade" in done.output
