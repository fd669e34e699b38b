"""The client without a socket behaves as the real one; streams have their own file."""

import asyncio

import pytest
from fastapi import APIRouter, Depends, Request

from services.kit.app import create_service
from services.kit.http import in_process_client
from services.kit.peer import PeerIdentity, require_peer
from vault.identity import InvalidIdentity

ENVIRONMENT = "env/lena%40example.org/clean-regression/" + "a" * 64 + "/n1"


def routes(*names: str) -> APIRouter:
    router = APIRouter(dependencies=[Depends(require_peer(*names))])

    @router.get("/who")
    async def who(peer: PeerIdentity) -> dict[str, str]:
        return {"peer": str(peer), "user": peer.user}

    @router.put("/echo/{name:path}")
    async def echo(name: str, request: Request) -> dict[str, str]:
        return {"name": name, "query": str(request.query_params), "body": (await request.body()).decode()}

    return router


async def test_the_caller_is_the_peer():
    async with in_process_client(create_service("gateway", [routes("env")]), ENVIRONMENT) as client:
        assert (await client.get("/who")).json() == {"peer": ENVIRONMENT, "user": "lena@example.org"}
    for name in ("gateway", "service/gateway"):
        async with in_process_client(create_service("progress", [routes("gateway")]), name) as client:
            assert (await client.get("/who")).json()["peer"] == "service/gateway"


def test_a_caller_that_is_no_identity_is_refused():
    with pytest.raises(InvalidIdentity):
        in_process_client(create_service("gateway", []), "env/lena/case/version/nonce")


async def test_path_query_and_body_arrive_as_sent():
    async with in_process_client(create_service("progress", [routes("gateway")]), "gateway") as client:
        answer = await client.put("/echo/a%20b/ö", params={"x": "1 2"}, content="body")
    assert answer.json() == {"name": "a b/ö", "query": "x=1+2", "body": "body"}


async def test_a_caller_that_gives_up_does_not_wait_for_a_handler_that_does_not_listen():
    entered, release, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
    router = APIRouter(dependencies=[Depends(require_peer("gateway"))])

    @router.get("/deaf")
    async def deaf() -> None:
        entered.set()
        await release.wait()
        ended.set()

    async with in_process_client(create_service("progress", [router]), "gateway") as client:
        asked = asyncio.create_task(client.get("/deaf"))
        await asyncio.wait_for(entered.wait(), 30)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asked, 0.1)
        assert not ended.is_set()
        release.set()
        await asyncio.wait_for(ended.wait(), 30)
