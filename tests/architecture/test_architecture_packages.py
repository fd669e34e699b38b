"""Who may import whom, and that what is imported is this repository's."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.architecture.conftest import PACKAGES

DRAWERS = {"util", "utils", "common", "helper", "helpers", "misc", "lib"}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_comes_from_this_repository(project: Path, package: str) -> None:
    # The names are generic and the repository comes last on the path: a wheel could shadow them.
    file = importlib.import_module(package).__file__
    assert file is not None
    assert Path(file).is_relative_to(project)


def test_every_package_is_installed_checked_and_guarded(project: Path) -> None:
    found = {path.parent.name for path in project.glob("*/__init__.py")} - {"benchmarks"}
    assert found == set(PACKAGES)


def test_the_import_contracts_hold(project: Path) -> None:
    # In a process of its own: called in this one, import-linter disables every logger that exists.
    lint = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
    done = subprocess.run(lint, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_is_a_drawer(product: Mapping[Path, ast.Module]) -> None:
    assert [str(path) for path in product if DRAWERS & {*path.parts[:-1], path.stem}] == []
