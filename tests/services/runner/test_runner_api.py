"""The runner's HTTP service, as feedback meets it."""

import asyncio

import httpx
import pytest

from services.contracts.clients.runner import RunnerClient
from services.contracts.errors import ServiceError
from services.contracts.limits import Limits
from services.contracts.observation import CellStarted, CodeCell, Probe, RunFinished, RunRequest
from services.kit.http import in_process_client
from services.runner import memory_watch
from services.runner.app import create_app
from services.runner.service import Runner

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]


def request(*cells: str) -> RunRequest:
    return RunRequest(
        environment="api",
        imports=("numpy",),
        cells=tuple(CodeCell(id=f"c{n}", source=source) for n, source in enumerate(cells, 1)),
        probes=(Probe(id="p", name="x"),),
        limits=Limits(wall_seconds=60),
    )


async def test_parts_arrive_as_cells_begin(runner: Runner) -> None:
    client = RunnerClient(in_process_client(create_app(runner), "feedback"))
    await client.warm(request())
    events = [event async for event in client.run(request("x = 1", "x += float('nan')"))]
    started = [(e.id, e.index, e.count) for e in events if isinstance(e, CellStarted)]
    assert started == [("c1", 0, 2), ("c2", 1, 2)]
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert last.observation.probes[0].value == {
        "kind": "scalar", "type": "float", "family": "float", "value": {"f": "nan"},
    }  # fmt: skip


@pytest.mark.parametrize("caller", ["gateway", "cases", "hub", "env/alice/basics/" + "a" * 64 + "/n1"])
async def test_nobody_but_feedback_may_run_code(runner: Runner, caller: str) -> None:
    client = RunnerClient(in_process_client(create_app(runner), caller))
    with pytest.raises(ServiceError) as refused:
        _ = [event async for event in client.run(request("x = 1"))]
    assert refused.value.status == 403


async def test_a_caller_that_hangs_up_ends_the_run(runner: Runner) -> None:
    http: httpx.AsyncClient = in_process_client(create_app(runner), "feedback")
    idle = memory_watch.usage(_own_pid())[1]
    body = request("import os, time\nfor _ in range(5): os.fork()\ntime.sleep(60)").model_dump_json()
    async with http.stream("POST", "/runs", content=body, headers={"Content-Type": "application/json"}) as answer:
        async for _ in answer.aiter_lines():
            break
        async with asyncio.timeout(30):
            while memory_watch.usage(_own_pid())[1] < idle + 20:  # 32, but an earlier run may have been ending
                await asyncio.sleep(0.05)
    async with asyncio.timeout(30):
        while memory_watch.usage(_own_pid())[1] > idle + 10:  # a zygote of its own may have come, and a spare
            await asyncio.sleep(0.05)


def _own_pid() -> int:
    import os

    return os.getpid()


async def test_a_body_that_is_no_request_is_refused(runner: Runner) -> None:
    http = in_process_client(create_app(runner), "feedback")
    answer = await http.post("/runs", json={"cells": "everything"})
    assert answer.status_code == 422
    assert answer.json()["error"] == "invalid_request"
