"""How a process of several services starts, stops and dies."""

import asyncio
import os
import signal
import socket
import ssl
import sys
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from fastapi import APIRouter, Depends

from services.kit.app import create_service
from services.kit.http import tls_client, tls_port_client
from services.kit.peer import require_peer
from services.kit.places import Address, OpenPort
from services.kit.serving import Listener, LocalPort, ServiceDied, serve_until_stopped, serving
from tests.free_port import free_port
from vault.identity import Identity
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


async def test_idle_clients_are_not_waited_for_to_end_tls(town, authority, monkeypatch):
    from services.kit import serving as module

    app, loop = create_service("cases", []), asyncio.get_running_loop()
    async with town.client("supervisor", "cases") as client:
        with monkeypatch.context() as patient:
            patient.setattr(module, "_GOODBYE", 60.0)
            patient.setattr(module, "_GRACE", 60)
            async with serving([listener(town, app)], authority):
                assert (await client.get("/health/live")).status_code == 200
                await asyncio.sleep(1)  # longer than an answer has to go out
                began = loop.time()
            assert loop.time() - began < 30
        async with serving([listener(town, create_service("cases", []))], authority):
            assert (await client.get("/health/live")).status_code == 200, "the client opens a new connection"


async def test_a_service_to_which_nobody_is_connected_waits_for_nobody(town, authority, monkeypatch):
    waited, patient = [], uvicorn.Server.shutdown

    async def shutdown(self, sockets=None):
        waited.append(self.address)
        await patient(self, sockets)

    monkeypatch.setattr(uvicorn.Server, "shutdown", shutdown)
    apps = [create_service(name, []) for name in ("cases", "feedback", "gateway")]
    listeners = [listener(town, app) for app in apps]
    async with town.client("supervisor", "feedback") as client, serving(listeners, authority):
        assert (await client.get("/health/live")).status_code == 200
    assert waited == [str(town.run_dir / "feedback.sock")]


async def test_a_listener_that_ends_by_itself_is_reported(town, authority, monkeypatch):
    from services.kit import serving as module

    servers = []
    real = module._Server.__init__

    def remember(self, *args):
        real(self, *args)
        servers.append(self)

    monkeypatch.setattr(module._Server, "__init__", remember)
    apps = [create_service(name, []) for name in ("cases", "gateway")]
    async with serving([listener(town, app) for app in apps], authority) as death:
        assert not death.done()
        servers[0].ask_to_stop()
        with pytest.raises(ServiceDied, match="listener of cases ended by itself"):
            await asyncio.wait_for(death, 30)


class TestPort:
    """A listener on a port of this machine, for the Hub's proxy."""

    async def test_it_answers_there_with_the_same_rules_and_its_file_says_where(self, town, authority):
        file = town.run_dir / "dashboard.port"
        app, own = create_service("dashboard", []), town.credential("dashboard")
        async with serving([Listener(app, own, LocalPort(file))], authority):
            assert 1024 < int(file.read_text()) < 65536
            assert await _asked(town, "supervisor", file) == 200
            assert await _asked(town, "proxy", file) == 200
            for stranger in ("gateway", "hub", Identity.env("lena", "c", "a" * 64, "n")):
                assert await _asked(town, stranger, file) == "refused"
        assert not file.exists()

    async def test_nobody_gets_in_without_a_certificate_or_by_plain_http(self, town, authority):
        file = town.run_dir / "dashboard.port"
        listener = Listener(create_service("dashboard", []), town.credential("dashboard"), LocalPort(file))
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        bare.load_verify_locations(authority.bundle)
        async with serving([listener], authority):
            async with tls_port_client(bare, "dashboard", file) as client:
                with pytest.raises(httpx.TransportError):
                    await client.get("/health/live")
            async with httpx.AsyncClient(trust_env=False) as client:
                with pytest.raises(httpx.TransportError):
                    await client.get(f"http://127.0.0.1:{int(file.read_text())}/health/live")

    async def test_a_caller_believes_only_the_named_service(self, town, authority):
        file = town.run_dir / "dashboard.port"
        listener = Listener(create_service("dashboard", []), town.credential("linting"), LocalPort(file))
        async with (
            serving([listener], authority),
            tls_port_client(town.credential("proxy").client_context(), "dashboard", file) as client,
        ):
            with pytest.raises(httpx.ConnectError, match=r"dashboard\.caseloop\.internal"):
                await client.get("/health/live")

    async def test_a_revoked_caller_is_out(self, town, authority):
        file = town.run_dir / "dashboard.port"
        listener = Listener(create_service("dashboard", []), town.credential("dashboard"), LocalPort(file))
        stolen = town.credential("supervisor")
        async with (
            serving([listener], authority),
            tls_port_client(stolen.client_context(), "dashboard", file) as client,
        ):
            assert (await client.get("/health/live")).status_code == 200
            authority.revoke(stolen.leaf.serial)
            with pytest.raises(httpx.TransportError):
                await asyncio.wait_for(_until_refused(client), 30)

    async def test_a_chosen_port_is_used_and_one_in_use_is_said(self, town, authority):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            number = taken.getsockname()[1]
            place = LocalPort(town.run_dir / "dashboard.port", number)
            listener = Listener(create_service("dashboard", []), town.credential("dashboard"), place)
            with pytest.raises(ServiceDied, match=rf"dashboard cannot listen on port {number} of 127\.0\.0\.1"):
                async with serving([listener], authority):
                    pass
        async with serving([listener], authority):
            assert place.file.read_text() == f"{number}\n"

    async def test_a_caller_of_a_listener_that_is_not_there_hears_so(self, town):
        file = town.run_dir / "dashboard.port"
        async with tls_port_client(town.credential("proxy").client_context(), "dashboard", file) as client:
            with pytest.raises(httpx.ConnectError, match=r"listens on no port: .*dashboard\.port"):
                await client.get("/health/live")


class TestOpenPort:
    """A listener for callers on other machines: the same certificates decide, wherever it is."""

    async def test_it_answers_by_address_to_those_who_may_call_and_nobody_else(self, town, authority):
        number = free_port()
        app, own = create_service("progress", []), town.credential("progress")
        async with serving([Listener(app, own, OpenPort(number))], authority):
            for host in ("127.0.0.1", "localhost"):
                assert await _asked_at(town, "gateway", Address(host, number)) == 200
            for stranger in ("runner", Identity.env("lena", "c", "a" * 64, "n")):
                assert await _asked_at(town, stranger, Address("127.0.0.1", number)) == "refused"
        assert await _asked_at(town, "gateway", Address("127.0.0.1", number)) == "refused"

    async def test_a_caller_believes_only_the_named_service_whatever_the_host_is_called(self, town, authority):
        number = free_port()
        impostor = Listener(create_service("progress", []), town.credential("linting"), OpenPort(number))
        async with serving([impostor], authority):
            assert await _asked_at(town, "gateway", Address("127.0.0.1", number)) == "refused"

    async def test_a_port_in_use_is_said(self, town, authority):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            number = taken.getsockname()[1]
            listener = Listener(create_service("cases", []), town.credential("cases"), OpenPort(number))
            with pytest.raises(ServiceDied, match=f"cases cannot listen on port {number}"):
                async with serving([listener], authority):
                    pass


async def _asked_at(town, caller, address: Address) -> int | str:
    async with tls_client(town.credential(caller).client_context(), "progress", address) as client:
        try:
            return (await client.get("/health/live")).status_code
        except httpx.TransportError:
            return "refused"


async def _until_refused(client: httpx.AsyncClient) -> None:
    while True:  # revocations are looked at once a second
        await client.get("/health/live")
        await asyncio.sleep(0.1)


async def _asked(town, caller, file) -> int | str:
    async with tls_port_client(town.credential(caller).client_context(), "dashboard", file) as client:
        try:
            return (await client.get("/health/live")).status_code
        except httpx.TransportError:
            return "refused"


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
