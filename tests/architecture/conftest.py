import ast
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

PACKAGES = ("services", "vault", "case_uploader", "linting", "feedback", "evaluation", "spawner", "infra")


@pytest.fixture(scope="session")
def tracked(project: Path) -> list[Path]:
    """Every file that git keeps, relative to the project."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=project, capture_output=True, check=True).stdout
    names = [Path(name) for name in listed.decode().split("\0") if name]
    return [name for name in names if (project / name).is_file()]


@pytest.fixture(scope="session")
def texts(project: Path, tracked: list[Path]) -> Mapping[Path, str]:
    """The tracked files that are text: path -> content."""
    found = {}
    for name in tracked:
        content = (project / name).read_bytes()
        if b"\0" not in content:
            found[name] = content.decode()
    return found


@pytest.fixture(scope="session")
def modules(texts: Mapping[Path, str]) -> Mapping[Path, ast.Module]:
    """Our own Python code, without the cases: path -> syntax tree."""
    return {path: ast.parse(text) for path, text in texts.items() if path.suffix == ".py" and path.parts[0] != "cases"}


@pytest.fixture(scope="session")
def product(modules: Mapping[Path, ast.Module]) -> Mapping[Path, ast.Module]:
    """What is installed and run: the packages and the Lab's server extension, without tests and benchmarks."""
    return {path: tree for path, tree in modules.items() if path.parts[0] in (*PACKAGES, "web")}


@pytest.fixture
def at_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project as the working folder."""
    monkeypatch.chdir(project)
    return project
