"""Services for a class, in their own processes and without the Hub: as the product runs them, or without TLS."""

import asyncio
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Final

from benchmarks.case_at_hand import CASE, CaseAtHand
from benchmarks.classroom import Classroom, Mentor
from benchmarks.harness import CouldNotRun
from benchmarks.lab_clients import Clients
from benchmarks.lesson import Learner, Record
from infra.embedded import SERVICES
from infra.settings import PROJECT, EmbeddedSettings
from services.gateway.dashboard.registration import ACCESS_SCOPES, MENTOR_SCOPE
from services.gateway.dashboard.sessions import Sessions
from services.gateway.dashboard.settings import DashboardSettings
from services.gateway.dashboard.wiring import open_database
from vault.wiring import open_vault

_READY_SECONDS: Final = 120


@dataclass(frozen=True)
class Served:
    """A running system."""

    settings: EmbeddedSettings
    processes: Mapping[str, int]
    """Name -> process id."""
    secured: bool


def published_home(folder: Path) -> Path:
    """Make a home with the case in it. CouldNotRun."""
    settings = EmbeddedSettings(home=folder, run_dir=Path())
    settings.prepare()
    publish = [sys.executable, "-m", "infra.cli", "case", "publish", str(PROJECT / "cases" / CASE)]
    variables = settings.variables() | {"CASELOOP_CI_MUTANTS": "false"}
    done = subprocess.run(publish, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CouldNotRun(f"the case could not be published:\n{done.stdout}{done.stderr}")
    return folder


def copied_home(home: Path, folder: Path) -> Path:
    """The same home once more, for a system beside the first one."""
    shutil.copytree(home, folder, ignore=shutil.ignore_patterns("run"))
    return folder


@contextmanager
def served(home: Path, *, secured: bool) -> Iterator[Served]:
    """Start runner and services; stop them at the end. CouldNotRun."""
    settings = EmbeddedSettings(home=home, run_dir=Path())
    settings.prepare()
    variables = settings.variables() | {"CASELOOP_MODEL_KIND": "scripted"}
    log = home / "logs" / "served.log"
    with ExitStack() as stack:
        hub = stack.enter_context(ThreadingUnixStreamServer(str(settings.hub_listens), _HubUsers))
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        stack.callback(hub.shutdown)
        processes = {
            name: stack.enter_context(_process(command, variables, log)) for name, command in _commands(secured).items()
        }
        _wait_for_sockets(settings, processes, log)
        yield Served(settings, {name: process.pid for name, process in processes.items()}, secured)


def _commands(secured: bool) -> Mapping[str, list[str]]:
    names = ("runner", "services")
    if secured:
        return {name: [sys.executable, "-m", f"infra.{name}_process"] for name in names}
    return {name: [sys.executable, "-m", "benchmarks.plain_services", name] for name in names}


@contextmanager
def _process(command: list[str], variables: Mapping[str, str], log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    with log.open("ab") as said:
        process = subprocess.Popen(command, env=variables, stdout=said, stderr=said)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _wait_for_sockets(
    settings: EmbeddedSettings, processes: "Mapping[str, subprocess.Popen[bytes]]", log: Path
) -> None:
    """Until all are there: the desk is the last one to listen."""
    missing = [settings.socket(name) for name in ("runner", *SERVICES) if name != "dashboard"]
    missing.append(settings.dashboard_port_file)
    end = time.monotonic() + _READY_SECONDS
    while missing := [place for place in missing if not place.exists()]:
        if time.monotonic() > end or any(process.poll() is not None for process in processes.values()):
            raise CouldNotRun(f"the services did not start:\n{log.read_text(errors='replace')[-2_000:]}")
        time.sleep(0.1)


class _HubUsers(BaseHTTPRequestHandler):
    """What is asked of the Hub: whose token it is. Here the token says so itself, and `mentor` names a mentor."""

    def do_GET(self) -> None:
        """Answer."""
        name = self.headers["Authorization"].removeprefix("token ").removeprefix("token-of-")
        user: dict[str, object] = {"kind": "user", "name": name, "groups": ["learners"]}
        if name.startswith("mentor"):
            user |= {"groups": ["mentors"], "scopes": sorted(ACCESS_SCOPES | {MENTOR_SCOPE})}
        body = json.dumps(user).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        """There is none."""
        return "unix"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def token_of(name: str) -> str:
    """The token of somebody that the stand-in of the Hub knows."""
    return f"token-of-{name}"


async def open_classroom(system: Served, case: CaseAtHand, learners: int, mentors: int) -> Classroom:
    """Everybody with a connection of their own."""
    folder = system.settings.home / "environments-of-the-class"
    folder.mkdir(mode=0o700)
    vault = await asyncio.to_thread(open_vault, system.settings.mode, system.settings.home)
    clients = Clients(system.settings, vault.authority, case.draft.version, folder, secured=system.secured)
    record = Record()
    names = [f"learner-{number:03}" for number in range(learners)]
    everybody = [
        Learner(number, name, clients.lab(name, token_of(name)), case, record) for number, name in enumerate(names)
    ]
    desks = [Mentor(number, clients.desk(await _session(system, f"mentor-{number}"))) for number in range(mentors)]
    return Classroom(everybody, desks, record)


async def _session(system: Served, name: str) -> str:
    """The cookie with which a mentor's sign-in at the Hub would have ended."""
    db = open_database(system.settings)
    try:
        return await Sessions(db, DashboardSettings().session_lifetime).begin(name, token_of(name))
    finally:
        await db.close()
