"""One id follows a request through every service it touches."""

import re

import pytest
from fastapi import APIRouter, Depends

from services.contracts.clients.service import ServiceClient
from services.contracts.errors import ServiceError
from services.kit.app import create_service
from services.kit.http import in_process_client
from services.kit.peer import require_peer
from services.kit.request_id import current_request_id

ENVIRONMENT = "env/lena/clean-regression/" + "a" * 64 + "/n1"


def inner(*names: str):
    routes = APIRouter(dependencies=[Depends(require_peer(*names))])

    @routes.get("/id")
    async def request_id() -> str:
        return current_request_id()

    @routes.get("/broken")
    async def broken() -> None:
        raise RuntimeError("no")

    return routes


async def test_an_id_crosses_two_services_over_tls_and_stands_on_every_line(town, logged):
    runner_client = town.client("feedback", "runner")
    routes = APIRouter(dependencies=[Depends(require_peer("gateway"))])

    @routes.get("/ask")
    async def ask() -> str:
        return str((await runner_client.get("/id")).json())

    @routes.get("/fail")
    async def fail() -> None:
        await ServiceClient(runner_client)._call("GET", "/broken")

    await town.start(create_service("runner", [inner("feedback")]), create_service("feedback", [routes]))
    async with runner_client, town.client("gateway", "feedback") as client:
        answer = await client.get("/ask", headers={"X-Request-ID": "lena-opens-case-1"})
        assert answer.json() == answer.headers["x-request-id"] == "lena-opens-case-1"
        failed = await client.get("/fail")
    failed_id = failed.headers["x-request-id"]
    assert failed.status_code == 502
    assert failed.json()["request_id"] == failed_id
    services = {line["service"] for line in logged if line.get("request_id") == failed_id}
    assert services == {"runner", "feedback"}


async def test_the_error_of_a_typed_client_keeps_the_callee_s_words(town):
    await town.start(create_service("runner", [inner("feedback")]))
    async with town.client("feedback", "runner") as client:
        with pytest.raises(ServiceError) as caught:
            await ServiceClient(client)._call("GET", "/nothing")
    assert (caught.value.status, caught.value.error) == (404, "not_found")


@pytest.mark.parametrize(
    "bad", ["short", "x" * 65, "with space!", "line\tbreak", "ünïcödé-request-id".encode("latin-1")]
)
async def test_an_id_that_is_not_sane_is_replaced(bad):
    async with in_process_client(create_service("progress", [inner("gateway")]), "gateway") as client:
        answer = await client.get("/id", headers={"X-Request-ID": bad})
    assert re.fullmatch(r"[0-9a-f]{24}", answer.json())


@pytest.mark.parametrize(("caller", "service"), [(ENVIRONMENT, "gateway"), ("proxy", "dashboard")])
async def test_an_id_from_outside_is_replaced(caller, service):
    app = create_service(service, [inner("env", "proxy")])
    async with in_process_client(app, caller) as client:
        answer = await client.get("/id", headers={"X-Request-ID": "chosen-by-somebody"})
    assert answer.json() != "chosen-by-somebody"
    assert answer.json() == answer.headers["x-request-id"]


async def test_each_request_gets_an_id_of_its_own():
    async with in_process_client(create_service("progress", [inner("gateway")]), "gateway") as client:
        ids = {(await client.get("/id")).json() for _ in range(5)}
    assert len(ids) == 5
