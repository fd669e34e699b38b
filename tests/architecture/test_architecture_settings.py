"""Every setting is written down where an operator looks for it, with its default, and nothing else is."""

import ast
import importlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_settings import BaseSettings

from tests.architecture.conftest import PACKAGES

EXAMPLE, PAGE = Path(".env.example"), Path("docs/reference/settings.md")
LINE = re.compile(r"^# (CASELOOP_\w+)=(.*)$", re.MULTILINE)
ROW = re.compile(r"^\| `(CASELOOP_\w+)` \| (?:`([^`]*)`|found) \|", re.MULTILINE)
FOUND = (None, Path(), "")
"""Defaults that stand for «Caseloop finds the value by itself»."""


@pytest.fixture(scope="module")
def classes(product: Mapping[Path, ast.Module]) -> list[type[BaseSettings]]:
    """The classes that read settings from the environment."""
    return [one for path in product if path.name == "settings.py" for one in _classes(path)]


def _classes(path: Path) -> Iterator[type[BaseSettings]]:
    if path.parts[0] not in PACKAGES:
        return  # the Lab's server extension, which is told by the spawner
    module = importlib.import_module(".".join(path.with_suffix("").parts))
    for one in vars(module).values():
        if isinstance(one, type) and issubclass(one, BaseSettings) and one.__module__ == module.__name__:
            yield one


def _settings(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, object]]:
    """(variable, default) of each setting; groups are entered."""
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name}".upper()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _settings(field.annotation, f"{variable}__")
        else:
            yield variable, field.get_default(call_default_factory=True)


@pytest.fixture(scope="module")
def settings(classes: list[type[BaseSettings]]) -> dict[str, object]:
    """Variable -> default, of all classes."""
    return {
        variable: default
        for one in classes
        for variable, default in _settings(one, str(one.model_config["env_prefix"]))
    }


@pytest.fixture(scope="module")
def example(texts: Mapping[Path, str]) -> dict[str, str]:
    """Variable -> value, as `.env.example` has them."""
    return dict(LINE.findall(texts[EXAMPLE]))


def test_settings_live_in_files_of_that_name(product: Mapping[Path, ast.Module]) -> None:
    homes = {
        path
        for path, tree in product.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base) in ("BaseSettings", "Settings") for base in node.bases)
    }
    assert Path("infra/settings.py") in homes
    assert [str(path) for path in homes if path.name != "settings.py"] == []


def test_the_example_lists_every_setting_and_no_other(settings: dict[str, object], example: dict[str, str]) -> None:
    assert "CASELOOP_LOGS__LEVEL" in settings
    assert "CASELOOP_GATEWAY_CHECK_BURST" in settings
    assert set(example) == set(settings)


def test_the_page_lists_every_setting_with_the_value_of_the_example(
    texts: Mapping[Path, str], example: dict[str, str]
) -> None:
    assert dict(ROW.findall(texts[PAGE])) == example


def test_a_setting_without_a_value_in_the_example_is_one_that_is_found(
    settings: dict[str, object], example: dict[str, str]
) -> None:
    assert {name for name, value in example.items() if not value} == {
        name for name, default in settings.items() if default in FOUND
    }


def test_the_values_of_the_example_are_the_defaults(
    at_project: Path, classes: list[type[BaseSettings]], example: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("CASELOOP_")]:
        monkeypatch.delenv(name)
    defaults = {one: _absolute(one(_env_file=None).model_dump()) for one in classes}
    for name, value in example.items():
        if value:
            monkeypatch.setenv(name, value)
    assert {one: _absolute(one(_env_file=None).model_dump()) for one in classes} == defaults


def _absolute(values: dict[str, object]) -> dict[str, object]:
    return {name: value.absolute() if isinstance(value, Path) else value for name, value in values.items()}
