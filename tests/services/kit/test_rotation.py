"""Certificates change while services serve, and nobody notices."""

import asyncio
import ssl
from collections import Counter
from datetime import timedelta

import httpx
import pytest
from fastapi import APIRouter, Depends
from starlette.responses import StreamingResponse

from services.kit.app import create_service
from services.kit.peer import require_peer
from vault.errors import VaultError

LIFE = timedelta(seconds=4)


def busy_service():
    router = APIRouter(dependencies=[Depends(require_peer("gateway"))])

    @router.get("/work")
    async def work() -> dict[str, str]:
        await asyncio.sleep(0.01)
        return {"state": "done"}

    @router.get("/slow")
    async def slow() -> StreamingResponse:
        async def parts():
            for _ in range(30):
                yield b"x"
                await asyncio.sleep(0.1)

        return StreamingResponse(parts())

    return create_service("progress", [router])


async def test_serving_under_load_through_five_certificates_drops_no_request(town):
    await town.start(busy_service(), lifetime=LIFE)
    caller = town.credential("gateway", LIFE)
    serials, outcomes = set(), Counter()

    async def load(client: httpx.AsyncClient) -> None:
        while len(serials) < 5:
            serials.add(caller.leaf.serial)
            try:
                outcomes[(await client.get("/work")).status_code] += 1
            except httpx.HTTPError as error:
                outcomes[repr(error)] += 1
            await asyncio.sleep(0.005)

    async with caller.kept_fresh(), town.client(caller, "progress") as client:
        await asyncio.gather(*(load(client) for _ in range(6)))
    assert set(outcomes) == {200}
    assert outcomes[200] >= len(serials) == 5


async def test_an_answer_under_way_outlives_the_certificate_and_the_next_needs_a_new_one(town):
    await town.start(busy_service())
    caller = town.credential("gateway", timedelta(seconds=2))
    async with town.client(caller, "progress") as client:
        assert len((await client.get("/slow")).content) == 30
        with pytest.raises(httpx.TransportError):
            await client.get("/work")
        caller.renew()
        assert (await client.get("/work")).status_code == 200


async def test_an_idle_connection_ends_with_its_certificate(town):
    await town.start(busy_service())
    caller = town.credential("gateway", timedelta(seconds=2))
    reader, writer = await asyncio.open_unix_connection(
        town.run_dir / "progress.sock",
        ssl=caller.client_context(),
        server_hostname="progress.caseloop.internal",
    )
    async with asyncio.timeout(30):
        assert await reader.read() == b""
    writer.close()


async def test_a_new_server_certificate_is_shown_to_new_connections_and_old_ones_stay(town):
    await town.start(busy_service(), lifetime=LIFE)
    caller = town.credential("gateway")

    async def shown() -> tuple[str, asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_unix_connection(
            town.run_dir / "progress.sock",
            ssl=caller.client_context(),
            server_hostname="progress.caseloop.internal",
        )
        return writer.get_extra_info("ssl_object").getpeercert()["serialNumber"], reader, writer

    first, reader, writer = await shown()
    serials = {first}
    async with asyncio.timeout(60):
        while len(serials) < 2:
            await asyncio.sleep(0.2)
            serial, _, other = await shown()
            other.close()
            serials.add(serial)
    writer.write(b"GET /work HTTP/1.1\r\nhost: x\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_a_failed_renewal_leaves_the_old_certificate_in_use(town, monkeypatch):
    await town.start(busy_service())
    caller = town.credential("gateway")
    async with town.client(caller, "progress") as client:
        caller.path.write_bytes(b"-----BEGIN PRIVATE KEY-----\ntorn")

        def no_authority(*_args, **_kwargs):
            raise VaultError("the authority is away")

        monkeypatch.setattr(town.authority, "issue", no_authority)
        with pytest.raises(VaultError):
            caller.renew()
        assert (await client.get("/work", headers={"connection": "close"})).status_code == 200
        assert (await client.get("/work")).status_code == 200


async def test_renewal_is_tried_again_until_it_works(town, monkeypatch):
    caller = town.credential("gateway", timedelta(seconds=1))
    real, failures = town.authority.issue, iter([VaultError("away"), OSError("disk full")])

    def flaky(*args, **kwargs):
        for failure in failures:
            raise failure
        return real(*args, **kwargs)

    monkeypatch.setattr(town.authority, "issue", flaky)
    monkeypatch.setattr("vault.rotation._RETRY_PAUSE", 0.05)
    before = caller.leaf.serial
    async with caller.kept_fresh(), asyncio.timeout(60):
        while caller.leaf.serial == before:
            await asyncio.sleep(0.05)


async def test_session_tickets_are_not_given_out(town):
    """Nobody comes back on an old ticket past the expiry or revocation of his certificate."""
    await town.start(busy_service())
    context = town.credential("gateway").client_context()
    reader, writer = await asyncio.open_unix_connection(
        town.run_dir / "progress.sock", ssl=context, server_hostname="progress.caseloop.internal"
    )
    writer.write(b"GET /work HTTP/1.1\r\nhost: x\r\n\r\n")
    await reader.readline()
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    assert tls.version() == "TLSv1.3"
    assert tls.session is None or not tls.session.has_ticket
    writer.close()


async def test_whatever_goes_wrong_once_renewing_is_tried_again(town, caplog, monkeypatch):
    caller = town.credential("gateway", LIFE)
    first, issue, failed = caller.leaf, town.authority.issue, []

    def broken_once(*arguments, **more):
        if not failed:
            failed.append(True)
            raise RuntimeError("nobody has thought of this")
        return issue(*arguments, **more)

    monkeypatch.setattr(town.authority, "issue", broken_once)
    async with caller.kept_fresh(), asyncio.timeout(60):
        while caller.leaf == first:
            await asyncio.sleep(0.02)
    assert failed
    assert "RuntimeError: nobody has thought of this" in caplog.text
