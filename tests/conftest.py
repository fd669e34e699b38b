"""What every test shares: parts of the machine that a test may need, and what happens where one is missing."""

import gc
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.e2e.system.published_home import PublishedHome
from tests.postgres_cluster import Cluster, missing_postgres, running_cluster

# How long an example takes says nothing on a busy machine.
settings.register_profile("caseloop", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("caseloop")

PROJECT = Path(__file__).resolve().parent.parent
UMASK = os.umask(0o022)
"""As tests find it."""
os.umask(UMASK)
# By itself structlog shows every variable of every frame of a traceback, which takes ten seconds for one of a service.
STRUCTLOG = structlog.get_config() | {
    "processors": [
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
}
LEVEL = logging.getLogger().level
STARTED = time.time()


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


def missing_openssl() -> str:
    """Why the lines of the deployment page cannot be tried here; empty when they can."""
    return "" if shutil.which("openssl") else "openssl is not installed (apt install openssl)"


def missing_caddy() -> str:
    """Why the reverse proxy's own program cannot be asked here; empty when it can."""
    return "" if shutil.which("caddy") else "Caddy is not installed (apt install caddy)"


def missing_prometheus() -> str:
    """Why Prometheus cannot be asked about its files here; empty when it can."""
    return "" if shutil.which("promtool") else "promtool is not installed (apt install prometheus)"


NEEDS: dict[str, Callable[[], str]] = {
    "openssl": missing_openssl,
    "caddy": missing_caddy,
    "prometheus": missing_prometheus,
    "sandbox": missing_sandbox,
    "browser": missing_browser,
    "postgres": missing_postgres,
}


def pytest_configure() -> None:
    """A shell that starts this in the background has it ignore Ctrl-C, and so would all commands under test."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip with the reason where a needed part is missing; fail when CASELOOP_REQUIRE names it."""
    required = os.environ.get("CASELOOP_REQUIRE", "").split(",")
    for need, missing in NEEDS.items():
        if item.get_closest_marker(need) is None or not (why := missing()):
            continue
        if need in required:
            pytest.fail(f"{need} is required here, but {why}")
        pytest.skip(why)


@pytest.fixture(autouse=True)
def commands_leave_no_trace() -> Iterator[None]:
    """A command called in this process sets its umask and its logs, as it should; other tests have theirs.

    Theirs is how the session began, and not what is found here: a fixture of the whole file may have called a command.
    """
    os.umask(UMASK)
    structlog.configure(**STRUCTLOG)
    root = logging.getLogger()
    handlers = list(root.handlers)
    yield
    os.umask(UMASK)
    structlog.configure(**STRUCTLOG)
    root.setLevel(LEVEL)
    for handler in list(root.handlers):
        # pytest's own come and go by themselves.
        if handler not in handlers and not type(handler).__module__.startswith("_pytest."):
            root.removeHandler(handler)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where a home's own path is too long for sockets, it has a folder for them elsewhere, which outlives it."""
    if hasattr(session.config, "workerinput"):
        return
    for folder in Path(tempfile.gettempdir()).glob(f"caseloop-{os.geteuid()}-*"):
        for place in (*sorted(folder.rglob("*"), reverse=True), folder):
            # What is in use, or somebody else's, stays.
            with suppress(OSError):
                if place.stat().st_mtime >= STARTED:
                    place.rmdir()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the browsers, which take longest, and of them with whole systems, which need the machine most."""
    items.sort(key=lambda item: (not _with_browser(item.nodeid), not item.nodeid.startswith("tests/e2e/system/")))


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end, so the garbage collector need not go through it again and again."""
    gc.collect()
    gc.freeze()


class _Shared(LoadScopeScheduling):
    """Shares the tests out by file, for fixtures' sake: one process begins with the browsers, the others with the rest.

    A browser waits more than it works, so the rest runs beside it, and not another one. Whoever is through with its own
    takes what others have left: nobody stands idle while there is a file to begin.
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        browsers = node is self.nodes[0]
        own = next((file for file in self.workqueue if _with_browser(file) is browsers), None)
        if own is not None:
            self.workqueue.move_to_end(own, last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """How pytest-xdist shares the tests out when there is more than one process."""
    return _Shared(config, log)


def _with_browser(nodeid: str) -> bool:
    return nodeid.startswith("tests/e2e/") and not nodeid.startswith("tests/e2e/grading/")


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's folder."""
    return PROJECT


@pytest.fixture(scope="session")
def published_home(project: Path, tmp_path_factory: pytest.TempPathFactory) -> PublishedHome:
    """A home with the sample cases published, for systems whose first start is not what is tested."""
    own = tmp_path_factory.getbasetemp()
    # pytest-xdist gives each of its processes a folder in the one of the run
    return PublishedHome(project, own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server; a test that asks for it is marked `postgres`."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def openid_provider(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An OpenID provider, with programs and, when a test says so, people who can sign in."""
    from tests.openid_provider.installation import provider

    made = provider(project, tmp_path_factory.mktemp("provider"))
    yield made
    made.stop()
