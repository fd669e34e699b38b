"""A person with a browser before a public name, as far as signing in and working need one."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx

Json = dict[str, Any]


class _Here(httpx.HTTPTransport):
    """Every name leads to this machine; certificates must be for the name."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        # a new one: cookies go by the name that the caller's has
        there = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1"),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return super().handle_request(there)


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "form":
            self.action = said.get("action") or ""
        elif tag in ("input", "button") and (name := said.get("name")):
            self.fields.setdefault(name, said.get("value") or "")


def client(authority: Path) -> httpx.Client:
    """Of the world outside, which trusts that authority."""
    context = ssl.create_default_context(cafile=authority)
    return httpx.Client(transport=_Here(verify=context), timeout=120, trust_env=False)


class Visitor:
    """Somebody who signs in at the provider and works at the Hub."""

    def __init__(self, authority: Path, hub: str, name: str, password: str) -> None:
        self.hub, self.name, self._password = f"https://{hub}", name, password
        self.http = client(authority)
        self.token = ""

    def sign_in(self) -> httpx.Response:
        """From the Hub to the provider and back; the page at the end."""
        page = self._on(self.http.get(f"{self.hub}/hub/oauth_login?next=%2Fhub%2Ftoken"))
        form = _Form()
        form.feed(page.text)
        assert {"username", "password"} <= set(form.fields), page.text[:2000]
        filled = form.fields | {"username": self.name, "password": self._password}
        return self._on(self.http.post(page.url.join(form.action), data=filled))

    def take_token(self) -> None:
        """One of the account's own, for what programs do."""
        xsrf = next(one.value for one in self.http.cookies.jar if one.name == "_xsrf" and one.path == "/hub/") or ""
        made = self.http.post(f"{self.hub}/hub/api/users/{self.name}/tokens", headers={"X-XSRFToken": xsrf}, json={})
        assert made.status_code == 201, made.text
        self.token = made.json()["token"]

    def go(self, address: str) -> httpx.Response:
        """There, and on to where it leads."""
        return self._on(self.http.get(address))

    def _on(self, answer: httpx.Response) -> httpx.Response:
        for _ in range(15):
            if not answer.is_redirect:
                return answer
            answer = self.http.get(answer.url.join(answer.headers["location"]))
        raise AssertionError(f"led around in circles: {answer.url}")

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """As a program of the account."""
        return self.http.request(method, self.hub + path, headers={"Authorization": f"token {self.token}"}, **options)

    def start(self, case: str) -> None:
        """Open a case, and wait until it is open."""
        asked = self.api("POST", f"/hub/api/users/{self.name}/servers/{case}")
        assert asked.status_code in (201, 202), asked.text
        until = time.monotonic() + 180
        while not self._servers().get(case, {}).get("ready"):
            assert time.monotonic() < until, self._servers()
            assert self._servers().get(case), f"{case} did not start"
            time.sleep(0.5)

    def _servers(self) -> Json:
        return dict(self.api("GET", f"/hub/api/users/{self.name}").json()["servers"])

    def cells(self, case: str) -> list[Json]:
        """Those of the notebook, as the Lab sends them."""
        answer = self.api("GET", f"/user/{self.name}/{case}/api/contents/{case}.ipynb")
        assert answer.status_code == 200, answer.text
        return [
            {"id": cell["id"], "kind": cell["cell_type"], "source": cell["source"], "metadata": cell["metadata"]}
            for cell in answer.json()["content"]["cells"]
        ]

    def check(self, case: str, subtask: str) -> Json:
        """Check a subtask; the last that is said of it."""
        body = {"subtask": subtask, "cells": self.cells(case)}
        answer = self.api("POST", f"/user/{self.name}/{case}/caseloop/api/check", json=body)
        assert answer.status_code == 200, answer.text
        told = [line.removeprefix("data:") for line in answer.text.splitlines() if line.startswith("data:")]
        return dict(json.loads(told[-1]))

    def history(self, case: str) -> list[Json]:
        """Of checks."""
        answer = self.api("GET", f"/user/{self.name}/{case}/caseloop/api/history")
        assert answer.status_code == 200, answer.text
        return list(answer.json())


@contextmanager
def visiting(authority: Path, hub: str, name: str, password: str) -> Iterator[Visitor]:
    """A new browser of theirs."""
    made = Visitor(authority, hub, name, password)
    try:
        yield made
    finally:
        made.http.close()
