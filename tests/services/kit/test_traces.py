"""Where traces begin, how they cross services, and that nobody outside has a say in them or waits for them."""

import asyncio
import json
import logging
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from services.kit import tracing
from services.kit.app import create_service
from services.kit.http import in_process_client
from services.kit.laps import Laps
from services.kit.peer import require_peer
from services.kit.settings import TraceSettings
from services.kit.traces_wiring import open_tracing, require_usable_traces
from tests.otlp_receiver import Collector, collecting

ENVIRONMENT = "env/lena/clean-regression/" + "a" * 64 + "/n1"
FOREIGN = "0af7651916cd43dd8448eb211c80319c"
FORCED = f"00-{FOREIGN}-b7ad6b7169203331-01"
SECRET = "mean_price_of_lena"
"""Stands for all that a learner writes."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


def traces(collector: Collector, **changes: Any) -> TraceSettings:
    return TraceSettings(endpoint=collector.endpoint, **changes)


def runner(*names: str):
    routes = APIRouter(dependencies=[Depends(require_peer(*(names or ("feedback",))))])

    @routes.post("/runs/{run}")
    async def run(run: str) -> StreamingResponse:
        laps = Laps()
        laps.lap("cells")
        laps.lap("checks")

        async def parts():
            yield b"one\n"
            yield b"two\n"

        return StreamingResponse(parts())

    @routes.get("/broken")
    async def broken() -> None:
        raise RuntimeError(f"name '{SECRET}' is not defined")

    return create_service("runner", [routes])


def feedback(runs: httpx.AsyncClient, *names: str):
    routes = APIRouter(dependencies=[Depends(require_peer(*(names or ("gateway",))))])

    @routes.post("/checks/{check}")
    async def check(check: str) -> int:
        tracing.note({"caseloop.verdict": "approved"})
        async with runs.stream("POST", f"/runs/{check}?why={SECRET}") as answer:
            return len([line async for line in answer.aiter_lines()])

    @routes.get("/fail")
    async def fail() -> int:
        return (await runs.get("/broken")).status_code

    return create_service("feedback", [routes])


async def test_a_request_and_all_it_calls_is_one_trace_over_tls(town, collector, logged):
    async with open_tracing(traces(collector)):
        runs = town.client("feedback", "runner")
        await town.start(runner(), feedback(runs))
        async with runs, town.client("gateway", "feedback") as client:
            assert (await client.post(f"/checks/{SECRET}")).json() == 2
    server, call = collector.of("feedback")
    run, *laps = collector.of("runner")
    assert {span.trace for span in collector.spans} == {server.trace}
    assert (server.parent, call.parent, run.parent) == ("", server.id, call.id)
    assert (server.kind, call.kind, run.kind) == ("server", "client", "server")
    assert (server.name, call.name, run.name) == ("POST /checks/{check}", "POST", "POST /runs/{run}")
    assert [(lap.name, lap.parent, lap.kind) for lap in laps] == [
        ("cells", run.id, "internal"),
        ("checks", run.id, "internal"),
    ]
    # the call lasts until its answer is read
    assert server.began <= call.began <= run.began <= run.ended <= call.ended <= server.ended
    assert server.attributes["caseloop.verdict"] == "approved"
    assert run.attributes | {"caseloop.request_id": ""} == {
        "http.request.method": "POST",
        "http.route": "/runs/{run}",
        "http.response.status_code": 200,
        "url.scheme": "https",
        "server.address": "runner.caseloop.internal",
        "network.protocol.version": "1.1",
        "caseloop.caller": "feedback",
        "caseloop.request_id": "",
    }
    assert call.attributes["server.address"] == "runner.caseloop.internal"
    lines = [line for line in logged if line.get("request_id") == run.attributes["caseloop.request_id"]]
    assert {line["service"] for line in lines} == {"feedback", "runner"}
    assert {line["trace_id"] for line in lines} == {server.trace}


@pytest.mark.parametrize(("caller", "service"), [(ENVIRONMENT, "gateway"), ("proxy", "dashboard")])
async def test_whoever_is_outside_can_neither_choose_a_trace_nor_have_one_recorded(caller, service, collector):
    for ratio in (1.0, 0.0):
        async with open_tracing(traces(collector, ratio=ratio)):
            routes = APIRouter(dependencies=[Depends(require_peer("env", "proxy"))])
            routes.get("/case")(lambda: 1)
            app = create_service(service, [routes])
            async with in_process_client(app, caller) as client:
                answer = await client.get("/case", headers={"traceparent": FORCED, "tracestate": f"x={SECRET}"})
                assert answer.status_code == 200
    (span,) = collector.spans
    assert (span.parent, span.attributes["caseloop.caller"]) == ("", caller.partition("/")[0])
    assert span.trace != FOREIGN


@pytest.mark.parametrize(("flag", "recorded"), [("01", True), ("00", False)])
async def test_a_service_s_word_counts_whether_a_trace_is_recorded(flag, recorded, collector, logged):
    for ratio in (0.0, 1.0):
        async with open_tracing(traces(collector, ratio=ratio)), in_process_client(runner(), "feedback") as client:
            given = f"00-{FOREIGN}-b7ad6b7169203331-{flag}"
            await client.post("/runs/1", headers={"traceparent": given})
    servers = collector.of("runner", "server")
    assert [(span.trace, span.parent) for span in servers] == [(FOREIGN, "b7ad6b7169203331")] * 2 * recorded
    (first, second) = (line.get("trace_id") for line in logged if line["event"] == "request")
    assert first == second == (FOREIGN if recorded else None)


async def test_what_is_not_recorded_is_not_recorded_further_on_either(town, collector):
    async with open_tracing(traces(collector, ratio=0.0)):
        runs = in_process_client(runner(), "feedback")
        async with runs, in_process_client(feedback(runs), "gateway") as client:
            assert (await client.post("/checks/1")).json() == 2
    assert collector.spans == []


@pytest.mark.parametrize("given", ["", "00-0-0-01", FORCED[:-1], "ff" + FORCED[2:], "x" * 5_000, FORCED + "-more"])
async def test_what_is_no_trace_begins_a_new_one(given, collector):
    async with open_tracing(traces(collector)), in_process_client(runner(), "feedback") as client:
        assert (await client.post("/runs/1", headers={"traceparent": given})).status_code == 200
    (span,) = collector.of("runner", "server")
    assert span.parent == ""
    assert span.trace != FOREIGN


async def test_nothing_that_a_learner_writes_is_in_a_trace(collector):
    async with open_tracing(traces(collector)):
        runs = in_process_client(runner(), "feedback")
        async with runs, in_process_client(feedback(runs), "gateway") as client:
            headers = dict.fromkeys(("User-Agent", "X-Request-ID", "baggage"), f"{SECRET}!")
            headers["tracestate"] = f"x={SECRET}"
            await client.post(f"/checks/{SECRET}?{SECRET}=1", headers=headers, content=SECRET)
            assert (await client.get("/fail", headers=headers)).json() == 500
            await client.get(f"/{SECRET}", headers=headers)
            await client.request(SECRET.upper().replace("_", ""), "/fail")
    assert len(collector.of("feedback", "server")) == 4
    wire = b"".join(collector.bodies)
    assert b"checks" in wire
    assert SECRET.encode() not in wire
    assert SECRET.upper().replace("_", "").encode() not in wire
    assert b"lena" not in wire


async def test_failures_have_their_kind(collector):
    async with open_tracing(traces(collector)):
        runs = in_process_client(runner(), "feedback")
        async with runs, in_process_client(feedback(runs), "gateway") as client:
            await client.get("/fail")
            await client.get("/nowhere")
    (broken,) = collector.of("runner", "server")
    call = next(span for span in collector.of("feedback", "client") if span.trace == broken.trace)
    assert [(span.status, span.attributes["error.type"]) for span in (broken, call)] == [(2, "500")] * 2
    missing = collector.of("feedback", "server")[-1]
    assert (missing.name, missing.status, missing.attributes["http.response.status_code"]) == ("GET", 0, 404)


async def test_a_service_that_is_away_shows_in_the_callers_trace(town, collector):
    async with open_tracing(traces(collector)):
        runs = town.client("feedback", "runner")
        async with runs, in_process_client(feedback(runs), "gateway") as client:
            assert (await client.post("/checks/1")).status_code == 500
    (call,) = collector.of("feedback", "client")
    assert (call.status, call.attributes["error.type"]) == (2, "ConnectError")


async def test_health_and_figures_are_not_traced(collector):
    async with open_tracing(traces(collector)), in_process_client(runner(), "supervisor") as client:
        for path in ("/health/live", "/health/ready", "/metrics"):
            assert (await client.get(path)).status_code == 200
    assert collector.spans == []


async def test_services_of_one_process_have_their_own_names(collector):
    async with open_tracing(traces(collector)):
        runs = in_process_client(runner(), "feedback")
        async with runs, in_process_client(feedback(runs), "gateway") as client:
            await client.post("/checks/1")
    assert {span.service for span in collector.spans} == {"feedback", "runner"}


def nobody_listens() -> str:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"


async def test_a_dead_collector_costs_requests_nothing_and_is_told_once(logged):
    settings = TraceSettings(endpoint=nobody_listens())
    async with open_tracing(settings), in_process_client(runner(), "feedback") as client:
        for number in range(50):
            assert (await client.post(f"/runs/{number}")).text == "one\ntwo\n"
    assert [line["event"] for line in logged].count("traces are not taken") == 1
    assert logging.getLogger("opentelemetry").propagate is True


async def test_a_collector_that_does_not_answer_holds_neither_requests_nor_the_stop_up(collector, logged):
    collector.release.clear()
    async with open_tracing(traces(collector)), in_process_client(runner(), "feedback") as client:
        # more than one batch, so that one is on its way while others are answered
        for number in range(200):
            assert (await client.post(f"/runs/{number}")).status_code == 200
        collector.wait(1)
        assert (await client.post("/runs/last")).status_code == 200
    assert [line["reason"] for line in logged if line["event"] == "the last traces are not sent"] == [
        "the collector took longer than 2 s"
    ]
    assert tracing.active_tracer() is None


async def test_a_collector_that_refuses_is_told(collector, logged):
    collector.status = 400
    async with open_tracing(traces(collector)), in_process_client(runner(), "feedback") as client:
        assert (await client.post("/runs/1")).status_code == 200
    assert ["400" in line["reason"] for line in logged if line["event"] == "traces are not taken"] == [True]


async def test_what_is_said_of_an_earlier_collector_is_not_taken_for_this_one_s(collector, logged):
    collector.release.clear()
    async with open_tracing(traces(collector)), in_process_client(runner(), "feedback") as client:
        assert (await client.post("/runs/1")).status_code == 200
    # its last batch is still on its way while the next ones are refused
    assert collector.bodies
    with collecting() as later:
        later.status = 400
        async with open_tracing(traces(later)), in_process_client(runner(), "feedback") as client:
            collector.status = 418
            collector.release.set()
            senders = [thread for thread in threading.enumerate() if thread.name == "last traces"]
            await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in senders))
            assert (await client.post("/runs/2")).status_code == 200
    (reason,) = [line["reason"] for line in logged if line["event"] == "traces are not taken"]
    assert ("400" in reason, "418" in reason) == (True, False)


def test_an_authority_that_is_not_there_is_told_before_anything_starts(tmp_path):
    settings = TraceSettings(endpoint="https://collector.example:4318", ca=tmp_path / "none.pem")
    with pytest.raises(tracing.TracesMisconfigured, match=r"CASELOOP_TRACES__CA names .*none\.pem"):
        require_usable_traces(settings)


@pytest.mark.parametrize(
    "endpoint", ["collector:4318", "ftp://collector", "https://me:word@collector", "http://c/?a=b"]
)
def test_an_endpoint_that_is_none_is_refused(endpoint):
    with pytest.raises(ValueError, match="endpoint"):
        TraceSettings(endpoint=endpoint)


ONE_REQUEST = """
import asyncio, json, sys
from fastapi import APIRouter, Depends
from uvicorn import Config
from uvicorn.lifespan.on import LifespanOn
from services.kit.app import create_service
from services.kit.http import in_process_client
from services.kit.peer import require_peer
from services.kit.settings import TraceSettings
from services.kit.traces_wiring import open_tracing

async def main():
    routes = APIRouter(dependencies=[Depends(require_peer("gateway"))])
    routes.get("/case")(lambda: 1)
    async with open_tracing(TraceSettings()):
        app = create_service("progress", [routes])
        server = LifespanOn(Config(app, lifespan="on", log_config=None))
        await server.startup()
        async with in_process_client(app, "gateway") as client:
            answer = await client.get("/case", headers={"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"})
        await server.shutdown()
    print(json.dumps([answer.status_code, sorted(name for name in sys.modules if name.startswith("opentelemetry."))]))

asyncio.run(main())
"""


def test_without_an_endpoint_nothing_of_the_sdk_is_loaded_and_fastapi_sends_nothing_by_itself(project, collector):
    theirs = {"FASTAPI_OTEL_AUTO_CONFIGURE": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
    command = [sys.executable, "-c", ONE_REQUEST]
    done = subprocess.run(command, cwd=project, env=os.environ | theirs, capture_output=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    status, loaded = json.loads(done.stdout.splitlines()[-1])
    assert status == 200
    assert [name for name in loaded if re.match(r"opentelemetry\.(sdk|exporter|proto)", name)] == []
    assert collector.bodies == []
