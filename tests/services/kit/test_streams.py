import asyncio
import json

import httpx
import pytest
from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.contracts.clients.service import ServiceClient
from services.contracts.errors import ErrorBody, ServiceError
from services.kit.app import create_service
from services.kit.errors import CaseloopError
from services.kit.http import in_process_client
from services.kit.peer import require_peer
from services.kit.stream import ndjson, sse


class Step(BaseModel):
    number: int


class NoSuchCase(CaseloopError):
    status, error = 404, "case_not_found"


class Stage:
    """Streams step by step as the test allows, and remembers whether it was closed."""

    def __init__(self) -> None:
        self.go = asyncio.Semaphore(0)
        self.begun, self.closed = asyncio.Event(), asyncio.Event()
        self.goodbye = 0.0

    async def steps(self, count: int, then: Exception | None = None):
        self.begun.set()
        try:
            for number in range(count):
                await self.go.acquire()
                yield Step(number=number)
            await self.go.acquire()
            if then:
                raise then
        finally:
            if self.goodbye:
                await asyncio.sleep(self.goodbye)
            self.closed.set()

    async def named(self, count: int, then: Exception | None = None):
        async for step in self.steps(count, then):
            yield "stage", step


FAILURES = {"none": None, "known": NoSuchCase("There is no case 'x'."), "unknown": RuntimeError("secret /etc/x")}


def app_with(stage: Stage, keep_alive: float = 15):
    router = APIRouter(dependencies=[Depends(require_peer("gateway", "env"))])

    @router.post("/lines/{count}/{then}")
    async def lines(count: int, then: str):
        return ndjson(stage.steps(count, FAILURES[then]))

    @router.get("/events/{count}/{then}")
    async def events(count: int, then: str):
        return sse(stage.named(count, FAILURES[then]), keep_alive=keep_alive)

    @router.get("/silent-lines/{count}/{then}")
    async def silent_lines(count: int, then: str):
        return ndjson(stage.steps(count, FAILURES[then]), keep_alive=keep_alive)

    @router.get("/silent-events/{count}/{then}")
    async def silent_events(count: int, then: str):
        return sse(stage.named(count, FAILURES[then]), keep_alive=keep_alive, at_once=True)

    return create_service("progress", [router])


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture(params=["in process", "over TLS"])
async def http(request, stage, town):
    """The same behaviour is promised by the in-process client and by the real thing."""
    app = app_with(stage, keep_alive=0.2)
    if request.param == "in process":
        client = in_process_client(app, "gateway")
    else:
        await town.start(app)
        client = town.client("gateway", "progress")
    async with client:
        yield client


async def test_lines_arrive_while_the_service_still_works(http, stage):
    stage.go.release()
    async with http.stream("POST", "/lines/2/none") as response:
        lines = response.aiter_lines()
        assert response.headers["content-type"] == "application/x-ndjson"
        assert json.loads(await anext(lines)) == {"number": 0}
        stage.go.release()
        assert json.loads(await anext(lines)) == {"number": 1}
        stage.go.release()
        assert [line async for line in lines] == []


async def test_an_error_before_the_first_part_is_an_ordinary_error_answer(http, stage):
    stage.go.release()
    for response in (await http.post("/lines/0/known"), await _released(stage, http.get("/events/0/known"))):
        assert response.status_code == 404
        assert ErrorBody.model_validate_json(response.content).error == "case_not_found"


async def test_an_error_in_the_middle_breaks_lines_off_and_the_typed_client_says_unavailable(http, stage):
    for _ in range(2):
        stage.go.release()
    lines = ServiceClient(http)._lines("/lines/1/unknown", "{}")
    assert await anext(lines) == '{"number":0}'
    with pytest.raises(ServiceError) as caught:
        await anext(lines)
    assert (caught.value.status, caught.value.error) == (503, "service_unavailable")


async def test_an_error_in_the_middle_of_events_becomes_an_error_event(http, stage):
    for then, expected in (("known", "case_not_found"), ("unknown", "internal_error")):
        for _ in range(2):
            stage.go.release()
        events = (await http.get(f"/events/1/{then}")).text.split("\n\n")
        assert events[0] == 'event: stage\ndata: {"number":0}'
        name, data = events[1].split("\n")
        body = ErrorBody.model_validate_json(data.removeprefix("data: "))
        assert (name, body.error) == ("event: error", expected)
        assert "secret" not in data
        assert body.request_id


async def test_an_empty_stream_is_an_empty_answer(http, stage):
    stage.go.release()
    response = await http.post("/lines/0/none")
    assert (response.status_code, response.content) == (200, b"")
    response = await _released(stage, http.get("/events/0/none"))
    assert (response.status_code, response.content) == (200, b"")


async def test_silence_is_filled_so_that_proxies_keep_the_stream(http, stage):
    stage.go.release()
    async with http.stream("GET", "/events/2/none") as response:
        parts = response.aiter_text()
        seen = await anext(parts)
        while ": still here\n\n" not in seen:
            seen += await anext(parts)
        stage.go.release()
        stage.go.release()
        seen += "".join([part async for part in parts])
    assert [line for line in seen.split("\n") if line.startswith("data")] == [
        'data: {"number":0}',
        'data: {"number":1}',
    ]


@pytest.mark.parametrize(("path", "ping"), [("/silent-lines", "\n"), ("/silent-events", ": still here\n\n")])
async def test_what_has_nothing_to_tell_yet_answers_at_once_and_goes_on_saying_that_it_lives(http, stage, path, ping):
    async with http.stream("GET", f"{path}/1/none") as response:
        assert response.status_code == 200
        parts = response.aiter_text()
        seen = ""
        while seen != 3 * ping:
            seen += await anext(parts)
            assert (3 * ping).startswith(seen)
        stage.go.release()
        while "number" not in seen:
            seen += await anext(parts)
        stage.go.release()
        seen += "".join([part async for part in parts])
    assert seen.replace(ping, "") in ('{"number":0}', 'event: stage\ndata: {"number":0}\n\n')


async def test_typed_clients_pass_over_what_only_says_that_a_stream_lives(http, stage):
    stage.go.release()
    stage.go.release()
    lines = ServiceClient(http)._lines("/silent-lines/1/none", None, method="GET")
    assert [line async for line in lines] == ['{"number":0}']


async def test_an_error_in_a_stream_that_answered_at_once_is_told_in_it(http, stage):
    stage.go.release()
    answer = await http.get("/silent-events/0/known")
    name, data = answer.text.removeprefix(": still here\n\n").strip().split("\n")
    assert (answer.status_code, name) == (200, "event: error")
    assert ErrorBody.model_validate_json(data.removeprefix("data: ")).error == "case_not_found"
    stage.go.release()
    with pytest.raises(ServiceError) as caught:
        [line async for line in ServiceClient(http)._lines("/silent-lines/0/known", None, method="GET")]
    assert (caught.value.status, caught.value.error) == (503, "service_unavailable")


@pytest.mark.parametrize("path", ["/lines/5/none", "/events/5/none"])
async def test_a_reader_that_goes_away_ends_the_work_at_once(http, stage, path):
    stage.go.release()
    method = "POST" if "lines" in path else "GET"
    async with http.stream(method, path) as response:
        await anext(response.aiter_bytes())
    async with asyncio.timeout(30):
        await stage.closed.wait()


async def test_the_end_of_the_work_may_take_a_moment_when_the_reader_goes_away(http, stage):
    """As it does to close a connection to yet another service."""
    stage.goodbye = 0.1
    stage.go.release()
    async with http.stream("GET", "/events/5/none") as response:
        await anext(response.aiter_bytes())
    async with asyncio.timeout(30):
        await stage.closed.wait()


async def test_a_caller_that_gives_up_before_the_first_part_ends_the_work(http, stage):
    request = asyncio.create_task(http.post("/lines/5/none"))
    async with asyncio.timeout(30):
        await stage.begun.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    async with asyncio.timeout(30):
        await stage.closed.wait()


async def _released(stage: Stage, call) -> httpx.Response:
    stage.go.release()
    return await call
