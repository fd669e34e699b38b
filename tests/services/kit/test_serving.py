"""How a process of several services starts, stops and dies."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import APIRouter, Depends

from services.kit.app import create_service
from services.kit.peer import require_peer
from services.kit.serving import Listener, ServiceDied, serve_until_stopped, serving
from vault.trust import LISTENERS


def recording(name: str, journal: list[str], fails: bool = False):
    @asynccontextmanager
    async def lifespan(_app):
        if fails:
            raise RuntimeError(f"{name} has no database")
        journal.append(f"{name} up")
        yield
        journal.append(f"{name} down")

    return create_service(name, [], lifespan=lifespan)


def listener(town, app) -> Listener:
    name = app.state.name
    return Listener(app, town.credential(name), town.run_dir / f"{name}.sock")


async def test_services_start_in_order_and_stop_in_reverse(town, authority):
    journal = []
    apps = [recording(name, journal) for name in ("cases", "feedback", "gateway")]
    async with serving([listener(town, app) for app in apps], authority):
        assert journal == ["cases up", "feedback up", "gateway up"]
        journal.clear()
    assert journal == ["gateway down", "feedback down", "cases down"]
    assert not list(town.run_dir.glob("*.sock"))


async def test_a_service_that_cannot_start_stops_those_before_it(town, authority):
    journal = []
    apps = [recording("cases", journal), recording("feedback", journal, fails=True), recording("gateway", journal)]
    with pytest.raises(ServiceDied, match="feedback did not start"):
        async with serving([listener(town, app) for app in apps], authority):
            pass
    assert journal == ["cases up", "cases down"]


async def test_a_socket_that_cannot_be_made_is_said_with_its_path(town, authority):
    broken = Listener(create_service("cases", []), town.credential("cases"), town.run_dir / "missing" / "cases.sock")
    with pytest.raises(ServiceDied, match=r"cases cannot listen on .*missing/cases\.sock"):
        async with serving([broken], authority):
            pass


async def test_a_socket_left_by_a_killed_process_is_replaced(town, authority):
    import socket

    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(town.run_dir / "cases.sock"))
    await town.start(create_service("cases", []))
    async with town.client("gateway", "cases") as client:
        assert (await client.get("/health/live")).status_code == 200


async def test_an_answer_under_way_is_finished_before_the_service_stops(town, authority):
    entered = asyncio.Event()
    routes = APIRouter(dependencies=[Depends(require_peer("gateway"))])

    @routes.get("/slow")
    async def slow() -> str:
        entered.set()
        await asyncio.sleep(0.5)
        return "done"

    async with town.client("gateway", "cases") as client:
        async with serving([listener(town, create_service("cases", [routes]))], authority):
            answer = asyncio.create_task(client.get("/slow"))
            await entered.wait()
        assert (await answer).json() == "done"
        with pytest.raises(httpx.ConnectError):
            await client.get("/slow")


async def test_idle_connections_do_not_hold_the_stop_up(town, authority):
    apps = [create_service(name, []) for name in LISTENERS]
    loop = asyncio.get_running_loop()
    async with town.client("supervisor", "cases") as client:
        async with serving([listener(town, app) for app in apps], authority):
            assert (await client.get("/health/live")).status_code == 200
            began = loop.time()
        assert loop.time() - began < 4


async def test_a_listener_that_ends_by_itself_is_reported(town, authority, monkeypatch):
    from services.kit import serving as module

    servers = []
    real = module._Server.__init__

    def remember(self, config):
        real(self, config)
        servers.append(self)

    monkeypatch.setattr(module._Server, "__init__", remember)
    apps = [create_service(name, []) for name in ("cases", "gateway")]
    async with serving([listener(town, app) for app in apps], authority) as death:
        assert not death.done()
        servers[0].ask_to_stop()
        with pytest.raises(ServiceDied, match="listener of cases ended by itself"):
            await asyncio.wait_for(death, 3)


async def test_sigterm_stops_everything_with_status_0(town, authority):
    def stop() -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)

    assert await serve_until_stopped([listener(town, create_service("cases", []))], authority, stop) == 0


async def test_a_service_that_does_not_start_gives_status_1(town, authority, logged):
    assert await serve_until_stopped([listener(town, recording("cases", [], fails=True))], authority) == 1
    assert "cases did not start" in logged[-1]["reason"]


async def test_killed_processes_leave_a_run_folder_that_a_new_one_takes_over(town, tmp_path):
    program = f"""
import asyncio, sys
from pathlib import Path
from services.kit.app import create_service
from services.kit.serving import Listener, serve_until_stopped
from vault.adapters.local_ca import LocalAuthority
from vault.identity import Identity
from vault.rotation import Credential
run = Path({str(town.run_dir)!r})
authority = LocalAuthority(run / "ca")
credential = Credential(authority, Identity.service("cases"), run / "cases.pem")
listener = Listener(create_service("cases", []), credential, run / "cases.sock")
sys.exit(asyncio.run(serve_until_stopped([listener], authority, lambda: print("ready", flush=True))))
"""

    async def start():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        line = await process.stdout.readline()
        while line and line != b"ready\n":
            line = await process.stdout.readline()
        assert line == b"ready\n"
        return process

    first = await start()
    first.kill()
    await first.communicate()
    second = await start()
    async with town.client("gateway", "cases") as client:
        assert (await client.get("/health/live")).status_code == 200
    second.terminate()
    await second.communicate()
    assert second.returncode == 0
