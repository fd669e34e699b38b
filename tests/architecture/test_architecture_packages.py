"""Who may import whom, and that what is imported is this repository's."""

import ast
import importlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

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


def test_the_import_contracts_hold(at_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(no_logo=True, cache_dir=None)
    assert status == 0, capsys.readouterr().out


def test_no_module_is_a_drawer(product: Mapping[Path, ast.Module]) -> None:
    assert [str(path) for path in product if DRAWERS & {*path.parts[:-1], path.stem}] == []
