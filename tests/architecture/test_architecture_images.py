"""Each image of production has the packages that its parts load, and none that nobody there loads."""

import ast
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.imports import Imports
from tests.image_parts import EVERYBODY, Part, parts, pins

KIT: Final = "kit"
NOT_CALLED: Final = {
    ("hub", "pyseccomp"): "for bubblewrap around learners, which production refuses",
}
"""(image, package) -> why it does without."""
BY_NAME: Final = {
    "httptools": "uvicorn's protocol, which services.kit.tls_protocol takes from it",
    "h11": "uvicorn's other protocol",
    "numpy": "for linting, types that mypy reads; evaluation imports it",
    "pandas-stubs": "types that mypy reads",
    "pycurl": "JupyterHub and Tornado take it for calls, where it is there",
}
"""Package -> who wants it, although no module of ours imports it."""
ONLY_IN: Final = {
    "bandit": {"linting"},
    "inspect-ai": set[str](),
    "jupyter-repo2docker": {"cases"},
    "jupyterhub": {"hub", "operator"},  # a restore makes the Hub's tables
    "jupyterhub-kubespawner": {"hub"},
    "mypy": {"linting"},
    "openai": {"feedback"},
    "python-keycloak": {"operator"},
    "scipy": {"evaluation"},
}
"""What is large, or lets in much."""


@pytest.fixture(scope="module")
def images(project: Path) -> Mapping[str, Part]:
    return parts(project)


@pytest.fixture(scope="module")
def extras(project: Path) -> Mapping[str, list[str]]:
    return dict(tomllib.loads((project / "pyproject.toml").read_text())["project"]["optional-dependencies"])


@pytest.fixture(scope="module")
def imports(product: Mapping[Path, ast.Module]) -> Imports:
    return Imports(product)


@pytest.fixture(scope="module")
def locked(project: Path) -> Mapping[str, dict[str, dict[str, str]]]:
    return {lock.stem: pins(lock) for lock in (project / "requirements" / "images").glob("*.txt")}


def _named(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return name.group().lower().replace("_", "-")


_installed: Final = cache(packages_distributions)
"""Looking through all that is installed takes a second."""


def _distributions(module: str) -> set[str]:
    return {name.lower().replace("_", "-") for name in _installed().get(module, [module])}


def test_every_image_of_ours_has_an_extra_and_every_extra_a_lock(
    images: Mapping[str, Part], extras: Mapping[str, list[str]], locked: Mapping[str, dict[str, dict[str, str]]]
) -> None:
    assert {image.extra for image in images.values()} == set(extras) == set(locked)
    assert all("caseloop[kit]" in listed for name, listed in extras.items() if name != KIT)


def test_no_part_starts_without_a_package(
    images: Mapping[str, Part], imports: Imports, locked: Mapping[str, dict[str, dict[str, str]]]
) -> None:
    missing = [
        f"{image.image}: {module} imports {package}"
        for image in images.values()
        for package, module in imports.foreign(image.modules, image.own).items()
        if not _distributions(package) & set(locked[image.extra]) and (image.image, package) not in NOT_CALLED
    ]
    assert missing == []


def test_no_image_has_a_package_for_nothing(
    images: Mapping[str, Part], imports: Imports, extras: Mapping[str, list[str]]
) -> None:
    """What an extra names is imported by a part of its image, or known by name; what that needs itself, it names."""
    loaded = {image.extra: imports.foreign(image.modules, image.own) for image in images.values()}
    loaded[KIT] = imports.foreign([*EVERYBODY], ())
    idle = [
        f"{extra}: {name}"
        for extra, listed in extras.items()
        for name in map(_named, listed)
        if name not in ("caseloop", *BY_NAME) and not any(name in _distributions(package) for package in loaded[extra])
    ]
    assert idle == []


def test_what_is_large_is_only_where_it_is_used(locked: Mapping[str, dict[str, dict[str, str]]]) -> None:
    found = {package: {name for name, pinned in locked.items() if package in pinned} for package in ONLY_IN}
    assert found == ONLY_IN


def test_an_image_has_what_the_tests_ran_with(project: Path, locked: Mapping[str, dict[str, dict[str, str]]]) -> None:
    """The same versions in every image and in the environment of the tests, and the kit's packages in all."""
    tested = pins(project / "requirements" / "dev.txt")
    kit = {(name, *versions) for name, versions in locked[KIT].items()}
    for image, pinned in locked.items():
        assert {
            name: versions for name, versions in pinned.items() if not versions.keys() <= tested[name].keys()
        } == {}, image
        assert kit <= {(name, *versions) for name, versions in pinned.items()}, image
