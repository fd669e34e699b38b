"""The wheel of the extension holds both halves, and is not made while one is missing."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.e2e.lab.conftest import EXTENSION, PROJECT

SHARE = "caseloop_lab-0.1.0.data/data/"


def _wheel(source: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)


@pytest.mark.browser
def test_the_wheel_holds_the_browser_part_once_and_switches_the_server_part_on(tmp_path: Path) -> None:
    made = _wheel(EXTENSION, tmp_path)
    assert made.returncode == 0, made.stderr
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    extension = SHARE + "share/jupyter/labextensions/@caseloop/lab/"
    assert extension + "package.json" in names
    assert extension + "install.json" in names
    assert extension + "schemas/@caseloop/lab/check.json" in names
    assert SHARE + "etc/jupyter/jupyter_server_config.d/caseloop_lab.json" in names
    assert "caseloop_lab/keeper.py" in names
    assert len([name for name in names if "ruff.wasm" in name]) == 1


def test_no_wheel_is_made_without_the_browser_part(tmp_path: Path) -> None:
    copy = tmp_path / "source"
    ignored = shutil.ignore_patterns("labextension", "lib", "node_modules", "__pycache__")
    shutil.copytree(EXTENSION, copy, ignore=ignored)
    made = _wheel(copy, tmp_path / "wheel")
    assert made.returncode != 0
    assert "npm ci && npm run build" in made.stderr
    assert not list(tmp_path.glob("wheel/*.whl"))


def test_the_lock_file_names_no_registry() -> None:
    lock = (PROJECT / "web" / "package-lock.json").read_text()
    resolved = [line.strip() for line in lock.splitlines() if '"resolved"' in line]
    assert resolved == ['"resolved": "dashboard",', '"resolved": "labextension",']  # our own workspaces


def test_the_hubs_proxy_comes_with_the_lock_file() -> None:
    assert '"node_modules/configurable-http-proxy"' in (PROJECT / "web" / "package-lock.json").read_text()
