"""The Jupyter server's side: what is forwarded, what is refused, what is kept, and that nothing is buffered."""

import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from services.contracts.errors import ErrorBody
from services.contracts.lab import LabCase
from tests.e2e.lab.conftest import SERVER_TOKEN, JupyterServer
from tests.e2e.lab.gateway_double import Desk, GatewayDouble
from tests.e2e.lab.lab_page import NOTEBOOK, eventually

pytestmark = pytest.mark.browser
CHECK = json.dumps({"subtask": "total", "cells": [{"id": "total", "source": "total = sum(prices)"}]})


@dataclass
class Reply:
    status: int
    body: str

    @property
    def error(self) -> str:
        return ErrorBody.model_validate_json(self.body).error


class Browser:
    """Plain HTTP against the server, with the login a browser would have."""

    def __init__(self, address: str) -> None:
        self.address = address.removeprefix("http://")
        self._connections: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def open(self, method: str, path: str, body: str | None = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        self._connections.append(connection)
        connection.request(method, path, body, {"Authorization": f"token {SERVER_TOKEN}"} | headers)
        return connection.getresponse()

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Reply:
        with self.open(method, path, body, **headers) as response:
            return Reply(response.status, response.read().decode())


@pytest.fixture
def web(server: JupyterServer, desk: Desk) -> Iterator[Browser]:
    browser = Browser(server.url)
    yield browser
    browser.close()


def test_a_read_is_forwarded_with_the_learners_token(web: Browser) -> None:
    assert LabCase.model_validate_json(web.ask("GET", "/caseloop/api/case").body).id == "price-check"


def test_errors_of_the_gateway_pass_unchanged(web: Browser) -> None:
    reply = web.ask("GET", "/caseloop/api/history/none-of-mine")
    assert (reply.status, reply.error) == (404, "submission_not_found")


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/caseloop/api/admin", 404, "unknown_path"),
        ("GET", "/caseloop/api/history/../case", 404, "unknown_path"),
        ("GET", "/caseloop/api/history/a%2F..%2Fcase", 404, "unknown_path"),
        ("GET", "/caseloop/api/notebook/versions/short", 404, "unknown_path"),
        ("GET", "/caseloop/api/check", 405, "method_not_allowed"),
        ("POST", "/caseloop/api/case", 405, "method_not_allowed"),
        ("GET", "/caseloop/api/escalations/short", 404, "unknown_path"),
        ("GET", "/caseloop/api/events", 405, "method_not_allowed"),
        ("DELETE", "/caseloop/api/escalations", 405, "method_not_allowed"),
        ("DELETE", "/caseloop/api/hints", 405, "method_not_allowed"),
    ],
)
def test_only_the_listed_paths_and_methods_are_forwarded(
    web: Browser, desk: Desk, method: str, path: str, status: int, error: str
) -> None:
    reply = web.ask(method, path, "{}" if method == "POST" else None)
    assert (reply.status, reply.error) == (status, error)
    assert not desk.checks


def test_recorded_sessions_are_deleted_through_this_server(web: Browser, desk: Desk) -> None:
    web.ask("POST", "/caseloop/api/recording", json.dumps({"record": True}))
    assert desk.mentors.choices == [True]
    assert web.ask("DELETE", "/caseloop/api/sessions").status == 200
    assert web.ask("GET", "/caseloop/api/escalations/offer?subtask=total").status == 200


def test_a_browser_cannot_put_a_notebook_of_its_own_making(web: Browser, desk: Desk) -> None:
    assert web.ask("PUT", "/caseloop/api/notebook", "{}").status == 405
    assert not desk.saved


def test_a_body_that_is_too_large_is_refused_here(web: Browser, desk: Desk) -> None:
    reply = web.ask("POST", "/caseloop/api/check", " " * (17 * 1024 * 1024))
    assert (reply.status, reply.error) == (413, "request_too_large")
    assert not desk.checks


def test_nobody_gets_in_without_a_login(web: Browser) -> None:
    for path in ("/caseloop/api/case", "/caseloop/keep"):
        method = "POST" if path.endswith("keep") else "GET"
        assert web.ask(method, path, Authorization="").status == 403


def test_a_login_by_cookie_needs_the_xsrf_token(web: Browser, desk: Desk) -> None:
    """A page of another site can send a cookie along, but it cannot read the token."""
    login = web.open("GET", f"/lab?token={SERVER_TOKEN}", Authorization="")
    cookies = dict(
        cookie.split(";")[0].split("=", 1) for cookie in login.headers.get_all("Set-Cookie") or [] if "=" in cookie
    )
    sent = {"Authorization": "", "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    assert web.ask("GET", "/caseloop/api/case", **sent).status == 200
    assert web.ask("POST", "/caseloop/api/check", CHECK, **sent).status == 403
    assert web.ask("POST", "/caseloop/keep", "{}", **sent).status == 403
    assert not desk.checks
    allowed = web.ask("POST", "/caseloop/api/check", CHECK, **sent, **{"X-XSRFToken": cookies["_xsrf"]})
    assert allowed.status == 200


def test_events_arrive_when_they_are_said(web: Browser, desk: Desk) -> None:
    desk.hold.clear()
    response = web.open("POST", "/caseloop/api/check", CHECK)
    assert response.headers["Content-Type"].startswith("text/event-stream")
    said = []
    while not said or b"running" not in said[-1]:
        said.append(response.readline())
    # All of this was read while the gateway waits for this:
    desk.hold.set()
    said += response.readlines()
    assert sum(line.startswith(b"event:") for line in said) == 6


def test_leaving_a_check_reaches_the_gateway(web: Browser, desk: Desk) -> None:
    desk.hold.clear()
    response = web.open("POST", "/caseloop/api/check", CHECK)
    response.readline()
    response.close()
    web.close()
    eventually(lambda: desk.cancelled == 1)


def test_a_gateway_that_is_away_is_said_so_and_comes_back(web: Browser, gateway: GatewayDouble) -> None:
    gateway.stop()
    reply = web.ask("GET", "/caseloop/api/case")
    assert (reply.status, reply.error) == (503, "service_unavailable")
    assert "safe on disk" in reply.body
    gateway.start()
    assert web.ask("GET", "/caseloop/api/case").status == 200


def test_a_gateway_that_dies_in_the_middle_ends_the_stream_with_an_error(web: Browser, desk: Desk) -> None:
    desk.cut = True
    body = web.ask("POST", "/caseloop/api/check", CHECK).body
    events = [part.split("\n") for part in body.strip().split("\n\n") if part.strip()]
    assert events[0][0] == "event: stage"
    assert events[-1][0].strip() == "event: error"
    assert ErrorBody.model_validate_json(events[-1][1].removeprefix("data: ")).error == "service_unavailable"


def test_a_replaced_certificate_is_used_from_the_next_connection(
    web: Browser, gateway: GatewayDouble, server: JupyterServer
) -> None:
    gateway.issue_environment("n2")
    gateway.authority.revoke("env/ada/price-check/" + "a" * 64 + "/n1")
    eventually(lambda: web.ask("GET", "/caseloop/api/case").status == 200)
    gateway.environment.write_text("not a certificate")
    time.sleep(5.5)  # idle connections are dropped after five seconds
    assert web.ask("GET", "/caseloop/api/case").status == 200, "the last good pair stays in use"
    gateway.issue_environment("n3")
    assert web.ask("GET", "/caseloop/api/case").status == 200


def _save(web: Browser, notebook: dict[str, Any]) -> None:
    model = {"type": "notebook", "format": "json", "content": notebook}
    assert web.ask("PUT", f"/api/contents/{NOTEBOOK}", json.dumps(model)).status in (200, 201)


def _notebook(text: str) -> dict[str, Any]:
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": text}
    return {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _texts(desk: Desk) -> list[str]:
    return ["".join(saved.notebook["cells"][0]["source"]) for saved in desk.saved]  # type: ignore[index, call-overload, arg-type]


def test_every_save_of_the_cases_notebook_is_kept(web: Browser, desk: Desk) -> None:
    _save(web, _notebook("first"))
    eventually(lambda: _texts(desk) == ["first"])
    _save(web, _notebook("second"))
    eventually(lambda: _texts(desk) == ["second", "first"])


def test_other_files_are_nobodys_business(web: Browser, desk: Desk) -> None:
    model = {"type": "notebook", "format": "json", "content": _notebook("scratch")}
    web.ask("PUT", "/api/contents/scratch.ipynb", json.dumps(model))
    _save(web, _notebook("the case"))
    eventually(lambda: _texts(desk) == ["the case"])


def test_a_save_never_waits_and_the_newest_state_is_kept_when_the_gateway_is_back(
    web: Browser, desk: Desk, gateway: GatewayDouble
) -> None:
    gateway.stop()
    for text in ("one", "two", "three"):
        _save(web, _notebook(text))
    gateway.start()
    eventually(lambda: _texts(desk) == ["three"])


def test_keep_hands_the_file_over_at_once_or_says_why_not(
    web: Browser, desk: Desk, gateway: GatewayDouble, server: JupyterServer
) -> None:
    (server.root / NOTEBOOK).write_text(json.dumps(_notebook("now")))
    assert web.ask("POST", "/caseloop/keep", "{}").status == 200
    assert _texts(desk) == ["now"]
    (server.root / NOTEBOOK).write_text("{ not JSON")
    reply = web.ask("POST", "/caseloop/keep", "{}")
    assert (reply.status, reply.error) == (409, "notebook_unreadable")
    assert NOTEBOOK in reply.body
    gateway.stop()
    (server.root / NOTEBOOK).write_text(json.dumps(_notebook("later")))
    assert web.ask("POST", "/caseloop/keep", "{}").error == "service_unavailable"
