"""A person at the system without a browser: signs in, opens cases, runs code in kernels, checks."""

import asyncio
import contextlib
import json
import ssl
import time
import uuid
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from tests.e2e.system.caseloop_system import System, eventually

Json = dict[str, Any]


@cache
def trusted() -> ssl.SSLContext:
    """Whom a client trusts by itself; reading all of them anew for each call would take most of the call's time."""
    return httpx.create_ssl_context()


class KernelError(AssertionError):
    """What was run in a kernel raised."""


class Person:
    """One account's view of the system over HTTP."""

    def __init__(self, system: System, name: str = "learner") -> None:
        self.system, self.name = system, name
        # Nobody closes a person: no connection is kept for one to leave open.
        limits = httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.Client(base_url=system.url, timeout=60, trust_env=False, limits=limits)
        self.token = ""

    def sign_in(self) -> "Person":
        """Through the form, as a browser does; keeps a token of the account for what follows."""
        self.http.get("/hub/login")
        form = {"username": self.name, "password": self.system.passwords[self.name], "_xsrf": self._xsrf()}
        answer = self.http.post("/hub/login", data=form)
        assert answer.status_code == 302, answer.text
        self.http.get("/hub/cases")
        made = self.http.post(f"/hub/api/users/{self.name}/tokens", headers={"X-XSRFToken": self._xsrf()}, json={})
        assert made.status_code == 201, made.text
        self.token = made.json()["token"]
        return self

    def _xsrf(self) -> str:
        """The newest XSRF cookie; the Hub sets one for each path."""
        return next(cookie.value for cookie in reversed(list(self.http.cookies.jar)) if cookie.name == "_xsrf") or ""

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call with the token and without cookies, as a program does."""
        headers = {"Authorization": f"token {self.token}"}
        url = self.system.url + path
        return httpx.request(method, url, headers=headers, timeout=60, trust_env=False, verify=trusted(), **options)

    # --- servers ----------------------------------------------------------------------------------------------------

    def servers(self) -> dict[str, Json]:
        answer = self.api("GET", f"/hub/api/users/{self.name}")
        return dict(answer.json()["servers"]) if answer.status_code == 200 else {}

    def request_start(self, case: str) -> httpx.Response:
        return self.api("POST", f"/hub/api/users/{self.name}/servers/{case}")

    def start(self, case: str) -> "Environment":
        """Open a case and wait for its server."""
        answer = self.request_start(case)
        assert answer.status_code in (201, 202), answer.text
        eventually(lambda: self.servers().get(case, {}).get("ready"), f"{case} of {self.name} starts", 90)
        return Environment(self, case)

    def stop(self, case: str) -> None:
        self.api("DELETE", f"/hub/api/users/{self.name}/servers/{case}")
        eventually(lambda: not self.servers().get(case, {}).get("ready") and self._stopped(case), f"{case} stops")

    def _stopped(self, case: str) -> bool:
        return not self.servers().get(case, {}).get("pending")


class Environment:
    """A learner's running server for one case."""

    def __init__(self, person: Person, case: str) -> None:
        self.person, self.case = person, case
        self.base = f"/user/{person.name}/{case}"

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.person.api(method, self.base + path, **options)

    def notebook(self) -> Json:
        answer = self.api("GET", f"/api/contents/{self.case}.ipynb")
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["content"])

    def save(self, notebook: Json) -> None:
        """As JupyterLab saves."""
        body = {"type": "notebook", "format": "json", "content": notebook}
        answer = self.api("PUT", f"/api/contents/{self.case}.ipynb", json=body)
        assert answer.status_code == 200, answer.text

    def caseloop(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call the extension's way to the gateway."""
        return self.api(method, f"/caseloop/api{path}", **options)

    def cells(self, answers: dict[str, str]) -> list[Json]:
        """The notebook's cells with some answers given, by grade id, as the Lab sends them."""
        made = []
        for cell in self.notebook()["cells"]:
            grade = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            source = answers.get(grade, cell["source"])
            made.append({"id": cell["id"], "kind": cell["cell_type"], "source": source, "metadata": cell["metadata"]})
        return made

    def check(self, subtask: str, cells: list[Json]) -> list[tuple[str, Json]]:
        """Check and read all events: (name, data)."""
        return list(self.checking(subtask, cells))

    def checking(self, subtask: str, cells: list[Json]) -> Iterator[tuple[str, Json]]:
        """Check; events come as they arrive. Raises httpx.TransportError when the system goes away meanwhile."""
        url = f"{self.person.system.url}{self.base}/caseloop/api/check"
        headers = {"Authorization": f"token {self.person.token}"}
        body = {"subtask": subtask, "cells": cells}
        with (
            httpx.Client(timeout=120, trust_env=False, verify=trusted()) as http,
            http.stream("POST", url, headers=headers, json=body) as answer,
        ):
            if answer.status_code != 200:
                yield "error", json.loads(answer.read())
                return
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event:"):
                    name = line.removeprefix("event:").strip()
                elif line.startswith("data:"):
                    yield name, json.loads(line.removeprefix("data:"))

    def history(self) -> list[Json]:
        answer = self.caseloop("GET", "/history")
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    # --- kernels ----------------------------------------------------------------------------------------------------

    def kernel(self) -> "Kernel":
        answer = self.api("POST", "/api/kernels", json={"name": "python3"})
        assert answer.status_code == 201, answer.text
        return Kernel(self, answer.json()["id"])


class Kernel:
    """A kernel in a learner's environment."""

    def __init__(self, environment: Environment, kernel_id: str) -> None:
        self._environment, self.id = environment, kernel_id

    def run(self, code: str, seconds: float = 60) -> str:
        """What the code prints. Raises KernelError when it raises."""
        return asyncio.run(asyncio.wait_for(self._run(code), seconds))

    def ask(self, code: str, seconds: float = 60) -> Any:
        """The value of the variable `answer` that the code sets, which must be plain."""
        marker = uuid.uuid4().hex
        printed = self.run(f"{code}\nimport json as _j; print({marker!r} + _j.dumps(answer))", seconds)
        return json.loads(printed.split(marker)[-1])

    def leave_running(self, code: str) -> None:
        """Start code and go away, as who closes the browser."""
        asyncio.run(asyncio.wait_for(self._run(code, wait=False), 60))

    async def _run(self, code: str, wait: bool = True) -> str:
        environment, person = self._environment, self._environment.person
        url = f"{person.system.url.replace('http', 'ws', 1)}{environment.base}/api/kernels/{self.id}/channels"
        request = HTTPRequest(url, headers={"Authorization": f"token {person.token}"}, request_timeout=60)
        socket = await websocket_connect(request)
        try:
            message = _execute(code)
            await socket.write_message(json.dumps(message))
            return await _output(socket, message["header"]["msg_id"], wait)
        finally:
            socket.close()
            while await socket.read_message() is not None:
                pass


def _execute(code: str) -> Json:
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": uuid.uuid4().hex}
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False, "stop_on_error": True}
    return {
        "header": header | {"version": "5.3", "date": ""},
        "parent_header": {}, "metadata": {}, "channel": "shell", "content": content,
    }  # fmt: skip


async def _output(socket: Any, request: str, wait: bool) -> str:
    """What is printed until the kernel has done it; without waiting, until it is at it."""
    printed, error = "", ""
    while True:
        raw = await socket.read_message()
        if raw is None:
            raise KernelError(f"the kernel's connection ended; printed so far: {printed}")
        message = json.loads(raw)
        content = message["content"]
        if content.get("execution_state") in ("restarting", "dead"):
            raise KernelError(f"the kernel was ended; printed so far: {printed}")
        if message["parent_header"].get("msg_id") != request:
            continue
        match message["header"]["msg_type"]:
            case "stream":
                printed += content["text"]
            case "error":
                error = f"{content['ename']}: {content['evalue']}"
            case "status" if content["execution_state"] == "busy" and not wait:
                return printed
            case "status" if content["execution_state"] == "idle":
                if error:
                    raise KernelError(error)
                return printed


@contextlib.contextmanager
def lasting(seconds: float) -> Iterator[None]:
    """Fail when the block takes longer."""
    begun = time.monotonic()
    yield
    took = time.monotonic() - begun
    assert took < seconds, f"it took {took:.1f} s instead of {seconds}"
