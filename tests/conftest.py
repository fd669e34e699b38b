"""What every test shares: parts of the machine that a test may need, and what happens where one is missing."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@cache
def missing_sandbox() -> str:
    """Why sandboxes cannot be tested here; empty when they can."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (apt install bubblewrap)"
    probe = ["bwrap", "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        return "this machine refuses user namespaces to bubblewrap"
    if not (PROJECT / ".venv-learner" / "bin" / "python").exists():
        return "the learners' environment is not set up (make setup)"
    return ""


@cache
def missing_browser() -> str:
    """Why the browser cannot be tested here; empty when it can."""
    if not Path("/usr/bin/chromium").exists():
        return "Chromium is not installed (apt install chromium)"
    if not (PROJECT / "web" / "labextension" / "caseloop_lab" / "labextension").exists():
        return "the JupyterLab extension is not built (make setup)"
    return missing_sandbox()


NEEDS: dict[str, Callable[[], str]] = {"sandbox": missing_sandbox, "browser": missing_browser}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip with the reason where a needed part is missing; fail when CASELOOP_REQUIRE names it."""
    required = os.environ.get("CASELOOP_REQUIRE", "").split(",")
    for need, missing in NEEDS.items():
        if item.get_closest_marker(need) is None or not (why := missing()):
            continue
        if need in required:
            pytest.fail(f"{need} is required here, but {why}")
        pytest.skip(why)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist's own hook reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Share the tests out to two processes: one has the browsers, which wait more than they work, the other the rest.

    The browsers come first because they take longest. Everything else stays together by file, for its fixtures.
    """
    items.sort(key=lambda item: not _with_browser(item))
    for item in items:
        group = "browsers" if _with_browser(item) else str(item.path.relative_to(PROJECT))
        item.add_marker(pytest.mark.xdist_group(group))


def _with_browser(item: pytest.Item) -> bool:
    return item.path.is_relative_to(PROJECT / "tests" / "e2e")


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's folder."""
    return PROJECT
