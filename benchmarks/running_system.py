"""The whole of Caseloop as `caseloop run` starts it, with a class that signs in at its Hub."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import httpx

from benchmarks.case_at_hand import CASE
from benchmarks.harness import CouldNotRun
from benchmarks.processes import alive, command, family
from infra.accounts import Accounts
from infra.embedded import end_environments
from infra.settings import PROJECT, EmbeddedSettings
from services.contracts.identity import Role
from services.gateway.dashboard.registration import PREFIX
from spawner.processes import boxes, sandboxes
from vault.wiring import open_vault

_READY_SECONDS: Final = 300
_SERVER_SECONDS: Final = 180
_SIGNING_IN_AT_ONCE: Final = 4
_PARTS: Final = {
    "runner": "infra.runner_process",
    "services": "infra.services_process",
    "hub": "-m jupyterhub -f",
    "proxy": "configurable-http-proxy",
}
"""Name -> what its command line holds."""


class RunningSystem:
    """`caseloop run` with a home of its own and one case."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(PROJECT / "cases" / CASE, folder / "cases" / CASE)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.settings = EmbeddedSettings(home=folder / "h", run_dir=Path(), port=port, cases=folder / "cases")
        self.settings.prepare()
        self.url = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> float:
        """Start and wait for the sign-in page; returns the seconds. CouldNotRun."""
        variables = self.settings.variables() | {"CASELOOP_MODEL_KIND": "scripted"}
        begun, log = time.monotonic(), self.settings.home / "logs" / "run.log"
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "infra.cli", "run"],
                cwd=PROJECT,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        while time.monotonic() - begun < _READY_SECONDS:
            if self._process.poll() is not None:
                raise CouldNotRun(f"`caseloop run` ended:\n{log.read_text(errors='replace')[-2_000:]}")
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/hub/login", timeout=2, trust_env=False).is_success:
                    return time.monotonic() - begun
            time.sleep(0.1)
        raise CouldNotRun(f"`caseloop run` was not ready within {_READY_SECONDS} s")

    def kill(self) -> None:
        """`kill -9` of the supervisor; waits until its parts, which never outlive it, are gone."""
        assert self._process is not None
        parts = [pid for name in _PARTS if (pid := self.part(name))]
        self._process.kill()
        self._process.wait()
        while any(map(alive, parts)):
            time.sleep(0.02)

    def stop(self) -> None:
        """Ctrl-C, and whoever takes no notice is killed."""
        if self._process is None or self._process.poll() is not None:
            return
        left = family(self.pid)
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def part(self, name: str) -> int | None:
        """The process id of a part; None while there is none."""
        found = [pid for pid in family(self.pid) if _PARTS[name] in command(pid)]
        # A part forks before it becomes something else, and looks like two for a moment.
        return min(found) if found else None

    def environments(self) -> set[int]:
        """The processes that lead learners' environments."""
        return set(sandboxes(boxes(self.settings.run_dir)))

    def accounts(self, learners: Sequence[str], mentors: Sequence[str]) -> dict[str, str]:
        """Make accounts, before the first start; returns their passwords."""
        accounts = Accounts(self.settings.home / "accounts.json")
        wanted = [*((name, Role.LEARNER) for name in learners), *((name, Role.MENTOR) for name in mentors)]
        return {name: accounts.add(name, role).password for name, role in wanted}


@contextlib.contextmanager
def running_system(folder: Path) -> Iterator[RunningSystem]:
    """A system that is not started yet; stopped at the end, whatever happens."""
    system = RunningSystem(folder)
    try:
        yield system
    finally:
        system.stop()
        # a supervisor that was killed leaves learners' environments behind, which its next start takes over
        end_environments(system.settings, open_vault(system.settings.mode, system.settings.home))


class Person:
    """Somebody's browser at the Hub."""

    def __init__(self, url: str, name: str) -> None:
        self.name, self.token = name, ""
        self.http = httpx.AsyncClient(base_url=url, timeout=60, trust_env=False)

    async def sign_in(self, password: str) -> None:
        """Through the form; keeps a token of the account. CouldNotRun."""
        await self.http.get("/hub/login")
        form = {"username": self.name, "password": password, "_xsrf": self._xsrf()}
        answer = await self.http.post("/hub/login", data=form)
        await self.http.get("/hub/cases")
        made = await self.http.post(
            f"/hub/api/users/{self.name}/tokens", headers={"X-XSRFToken": self._xsrf()}, json={}
        )
        if made.status_code != httpx.codes.CREATED:
            raise CouldNotRun(f"{self.name} could not sign in: {answer.status_code}, then {made.status_code}")
        self.token = made.json()["token"]

    async def sit_down_at_the_desk(self) -> None:
        """The mentors' own sign-in, by the Hub's OAuth. CouldNotRun."""
        answer = await self.http.get(PREFIX, follow_redirects=True)
        if not answer.is_success:
            raise CouldNotRun(f"{self.name} did not get to the desk: {answer.status_code}")

    async def open_server(self) -> None:
        """Open the case, in a real environment, and follow its start as the Hub's own page does. CouldNotRun."""
        await self._api("POST", self._server)
        async with self.http.stream("GET", f"{self._server}/progress", headers=self._token()) as events:
            async for line in events.aiter_lines():
                told = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
                if told.get("ready"):
                    return
                if told.get("failed"):
                    raise CouldNotRun(f"the environment of {self.name} did not start: {told['message']}")
        raise CouldNotRun(f"the Hub does not say whether the environment of {self.name} is there: {events.status_code}")

    async def stop_server(self) -> None:
        """Close the case and wait until the Hub has forgotten its environment. CouldNotRun."""
        await self._api("DELETE", self._server)
        end = time.monotonic() + _SERVER_SECONDS
        while time.monotonic() < end:
            server = (await self._api("GET", f"/hub/api/users/{self.name}")).json()["servers"].get(CASE, {})
            if not server.get("ready") and not server.get("pending"):
                return
            await asyncio.sleep(0.1)
        raise CouldNotRun(f"the environment of {self.name} did not stop within {_SERVER_SECONDS} s")

    @property
    def _server(self) -> str:
        return f"/hub/api/users/{self.name}/servers/{CASE}"

    def _token(self) -> dict[str, str]:
        return {"Authorization": f"token {self.token}"}

    async def at_server(self) -> httpx.Response:
        """A call of the environment, by way of the proxy."""
        return await self._api("GET", f"/user/{self.name}/{CASE}/api/status")

    async def _api(self, method: str, path: str) -> httpx.Response:
        return await self.http.request(method, path, headers=self._token())

    def _xsrf(self) -> str:
        """The newest XSRF cookie; the Hub sets one for each path."""
        return next((one.value for one in reversed(list(self.http.cookies.jar)) if one.name == "_xsrf"), "") or ""


async def signed_in(url: str, passwords: dict[str, str]) -> dict[str, Person]:
    """Everybody, signed in. CouldNotRun."""
    people = {name: Person(url, name) for name in passwords}
    turns = asyncio.Semaphore(_SIGNING_IN_AT_ONCE)

    async def sign_in(person: Person) -> None:
        async with turns:
            await person.sign_in(passwords[person.name])

    await asyncio.gather(*map(sign_in, people.values()))
    return people
