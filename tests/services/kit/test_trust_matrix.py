"""Every caller against every service, over real TLS: what the graph allows passes, all else is refused."""

import asyncio
import contextlib
import datetime as dt
import ssl
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import StreamingResponse

from services.kit.app import create_service
from services.kit.http import tls_client
from services.kit.peer import PeerIdentity, require_peer
from services.kit.serving import Listener, serving
from vault.adapters.local_ca import LocalAuthority
from vault.identity import Identity
from vault.tls import client_context
from vault.trust import CALLS, LISTENERS, SERVICES

ENVIRONMENT = Identity.env("lena@example.org", "clean-regression", "a" * 64, "nonce-1")
CALLERS = [*(Identity.service(name) for name in SERVICES), ENVIRONMENT, Identity.service("stranger")]

# Written out a second time on purpose: a change of the graph must be made in two places, knowingly.
ALLOWED = {
    ("env", "gateway"),
    ("proxy", "dashboard"),
    ("gateway", "progress"),
    ("gateway", "mentoring"),
    ("gateway", "feedback"),
    ("gateway", "linting"),
    ("gateway", "cases"),
    ("dashboard", "progress"),
    ("dashboard", "mentoring"),
    ("dashboard", "feedback"),
    ("dashboard", "linting"),
    ("dashboard", "cases"),
    ("dashboard", "evaluation"),
    ("feedback", "runner"),
    ("feedback", "cases"),
    ("feedback", "mentoring"),
    ("runner", "cases"),
    ("cases", "feedback"),
    ("cases", "progress"),
    ("hub", "cases"),
    ("hub", "progress"),
    ("hub", "mentoring"),
    ("evaluator", "feedback"),
    *(("supervisor", name) for name in ("gateway", "dashboard", "progress", "mentoring", "feedback", "linting")),
    *(("supervisor", name) for name in ("cases", "evaluation", "runner")),
}


def echo_service(name: str) -> FastAPI:
    router = APIRouter(dependencies=[Depends(require_peer(*(c for c, callees in CALLS.items() if name in callees)))])

    @router.get("/who")
    async def who(peer: PeerIdentity) -> dict[str, str]:
        return {"service": name, "peer": str(peer)}

    return create_service(name, [router])


@pytest.fixture
async def services(town) -> None:
    await town.start(*(echo_service(name) for name in LISTENERS))


def test_the_matrix_below_is_the_graph():
    assert {(caller, callee) for caller, callees in CALLS.items() for callee in callees} == ALLOWED


async def test_every_caller_against_every_service(town, services):
    outcomes = {}
    for caller in CALLERS:
        credential = town.credential(caller)
        for callee in LISTENERS:
            async with town.client(credential, callee) as client:
                outcomes[caller.name or "env", callee] = await outcome(client)
    expected = {
        (caller.name or "env", callee): str(caller) if (caller.name or "env", callee) in ALLOWED else "refused"
        for caller in CALLERS
        for callee in LISTENERS
    }
    # The supervisor gets in, for health and metrics only.
    expected |= {("supervisor", callee): "403 caller_not_allowed" for callee in LISTENERS}
    assert outcomes == expected


async def test_the_supervisor_may_ask_for_health_and_metrics_everywhere_and_nobody_else_for_metrics(town, services):
    supervisor, gateway = town.credential("supervisor"), town.credential("gateway")
    for callee in LISTENERS:
        async with town.client(supervisor, callee) as client:
            for path in ("/health/live", "/health/ready", "/metrics"):
                assert (await client.get(path)).status_code == 200
    async with town.client(gateway, "progress") as client:
        answer = await client.get("/metrics")
        assert (answer.status_code, answer.json()["error"]) == (403, "caller_not_allowed")


async def outcome(client: httpx.AsyncClient) -> str:
    """The identity the service saw, "refused" when the connection was broken off, or status and error."""
    try:
        answer = await client.get("/who")
    except httpx.TransportError:
        return "refused"
    return answer.json()["peer"] if answer.status_code == 200 else f"{answer.status_code} {answer.json()['error']}"


BAD = [
    "none",
    "self-signed",
    "expired",
    "not yet valid",
    "other authority",
    "no uri",
    "two uris",
    "foreign uri",
    "broken uri",
]


@pytest.mark.parametrize("kind", BAD)
async def test_a_certificate_that_is_not_a_good_one_of_ours_opens_no_service(kind, town, services, authority, run_dir):
    context = bad_context(kind, authority, run_dir)
    for callee in LISTENERS:
        async with tls_client(context, callee, run_dir / f"{callee}.sock") as client:
            assert await outcome(client) == "refused"


async def test_the_same_handmade_certificate_with_a_good_uri_is_accepted(town, services, authority, run_dir):
    """Without this the test above could refuse everything for a reason of its own."""
    async with tls_client(bad_context("good", authority, run_dir), "progress", run_dir / "progress.sock") as client:
        assert await outcome(client) == "service/gateway"


async def test_plain_http_gets_no_answer(town, services, run_dir):
    transport = httpx.AsyncHTTPTransport(uds=str(run_dir / "gateway.sock"))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        with pytest.raises(httpx.TransportError):
            await client.get("/health/live")


async def test_an_environment_cannot_pose_as_a_service(town, authority, run_dir):
    """Its certificate is for calling only, so nobody takes it for the gateway's."""
    credential = town.credential(ENVIRONMENT)
    listener = Listener(echo_service("gateway"), credential, run_dir / "gateway.sock")
    async with serving([listener], authority), town.client(ENVIRONMENT, "gateway") as client:
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await client.get("/who")


async def test_one_service_cannot_pose_as_another(town, authority, run_dir):
    listener = Listener(echo_service("linting"), town.credential("linting"), run_dir / "progress.sock")
    async with serving([listener], authority), town.client("gateway", "progress") as client:
        with pytest.raises(httpx.ConnectError, match=r"progress\.caseloop\.internal"):
            await client.get("/who")


async def test_one_environment_cannot_take_all_connections(town, services):
    credential, lines = town.credential(ENVIRONMENT), []
    context = credential.client_context()

    async def connect() -> asyncio.StreamReader:
        reader, writer = await asyncio.open_unix_connection(
            town.run_dir / "gateway.sock", ssl=context, server_hostname="gateway.caseloop.internal"
        )
        lines.append(writer)
        return reader

    for _ in range(50):
        await connect()
    refused = await connect()
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionError):
            assert await refused.read() == b""
    other = Identity.env("mona", "clean-regression", "a" * 64, "nonce-2")
    async with town.client(other, "gateway") as client:
        assert await outcome(client) == str(other)
    for writer in lines:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for writer in lines), return_exceptions=True)
    async with town.client(credential, "gateway") as client:
        assert await outcome(client) == str(ENVIRONMENT)


class TestRevocation:
    async def test_a_revoked_environment_loses_its_open_connection_and_gets_no_new_one(self, town, services):
        credential = town.credential(ENVIRONMENT)
        async with town.client(credential, "gateway") as client:
            assert await outcome(client) == str(ENVIRONMENT)
            town.authority.revoke(ENVIRONMENT)
            assert await eventually_refused(client)
            assert await outcome(client) == "refused"

    async def test_a_stream_under_way_is_cut(self, town):
        router = APIRouter(dependencies=[Depends(require_peer("env"))])

        @router.get("/slow")
        async def slow() -> StreamingResponse:
            async def parts():
                while True:
                    yield b"x"
                    await asyncio.sleep(0.02)

            return StreamingResponse(parts())

        await town.start(create_service("gateway", [router]))
        credential = town.credential(ENVIRONMENT)

        async def read_all() -> None:
            async with town.client(credential, "gateway") as client, client.stream("GET", "/slow") as response:
                town.authority.revoke(credential.leaf.serial)
                async for _ in response.aiter_bytes():
                    pass

        with pytest.raises(httpx.TransportError):
            await asyncio.wait_for(read_all(), 30)

    async def test_a_revoked_serial_does_not_hurt_the_same_service_under_a_new_one(self, town, services):
        stolen = town.credential("gateway")
        async with town.client(stolen, "progress") as client:
            town.authority.revoke(stolen.leaf.serial)
            assert await eventually_refused(client)
        stolen.renew()
        async with town.client(stolen, "progress") as client:
            assert await outcome(client) == "service/gateway"


async def eventually_refused(client: httpx.AsyncClient) -> bool:
    for _ in range(600):
        if await outcome(client) == "refused":
            return True
        await asyncio.sleep(0.05)
    return False


def bad_context(kind: str, authority: LocalAuthority, folder: Path) -> ssl.SSLContext:
    if kind == "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(authority.bundle)
        return context
    uris = {
        "no uri": [],
        "two uris": ["spiffe://caseloop.internal/service/gateway", "spiffe://caseloop.internal/service/proxy"],
        "foreign uri": ["spiffe://elsewhere.example/service/gateway"],
        "broken uri": ["spiffe://caseloop.internal/service/gateway/../hub"],
    }.get(kind, ["spiffe://caseloop.internal/service/gateway"])
    now = dt.datetime.now(dt.UTC)
    begins, ends = {
        "expired": (now - dt.timedelta(hours=2), now - dt.timedelta(seconds=1)),
        "not yet valid": (now + dt.timedelta(minutes=5), now + dt.timedelta(minutes=9)),
    }.get(kind, (now - dt.timedelta(minutes=1), now + dt.timedelta(minutes=9)))
    key = ec.generate_private_key(ec.SECP256R1())
    signer, issuer = authority._key, authority._certificate.subject
    if kind == "self-signed":
        signer, issuer = key, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "handmade")])
    if kind == "other authority":
        other = LocalAuthority(folder / "other")
        signer, issuer = other._key, other._certificate.subject
    names = [x509.UniformResourceIdentifier(uri) for uri in uris] or [x509.DNSName("gateway.caseloop.internal")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "handmade")]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    pem = folder / "handmade.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return client_context(pem, authority.bundle)
