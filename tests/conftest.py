"""What every test shares: parts of the machine that a test may need, and what happens where one is missing."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the browsers, which take longest."""
    items.sort(key=lambda item: not _with_browser(item.nodeid))


class _Shared(LoadScopeScheduling):
    """Shares the tests out: one process has the browsers, which wait more than they work, the other the rest.

    The rest stays together by file, for its fixtures.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "browsers" if _with_browser(nodeid) else nodeid.split("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """How pytest-xdist shares the tests out when there is more than one process."""
    return _Shared(config, log)


def _with_browser(nodeid: str) -> bool:
    return nodeid.startswith("tests/e2e/")


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's folder."""
    return PROJECT
