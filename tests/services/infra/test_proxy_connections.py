"""The Hub's real proxy before listeners of ours: whom it believes, and how it keeps its connections."""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import StreamingResponse

from infra.production.metrics import metrics_app
from services.kit.app import create_service
from services.kit.peer import PeerIdentity, require_peer
from services.kit.serving import Listener, LocalPort, serving
from tests.free_port import free_port
from vault.adapters.local_ca import LocalAuthority
from vault.identity import Identity
from vault.rotation import Credential

pytestmark = pytest.mark.browser
TARGET = "https://dashboard.caseloop.internal"


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="px-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def authority(place: Path) -> LocalAuthority:
    return LocalAuthority(place / "ca")


def desk(seen: asyncio.Event | None = None) -> FastAPI:
    """`seen`: is set when the caller has the first event."""
    router = APIRouter(prefix="/services/caseloop", dependencies=[Depends(require_peer("proxy"))])

    @router.get("/who")
    async def who(peer: PeerIdentity) -> dict[str, str]:
        return {"peer": str(peer)}

    @router.post("/echo")
    async def echo(body: dict[str, str]) -> dict[str, str]:
        return body

    @router.get("/events")
    async def events() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for number in range(3):
                yield f"data: {number}\n\n".encode()
                if seen is not None:
                    await seen.wait()

        return StreamingResponse(parts(), media_type="text/event-stream")

    return create_service("dashboard", [router])


@contextlib.asynccontextmanager
async def proxy(
    project: Path,
    place: Path,
    authority: LocalAuthority,
    target: str = TARGET,
    log: int = asyncio.subprocess.DEVNULL,
    options: Sequence[str] = (),
    **more: str,
) -> AsyncIterator[httpx.AsyncClient]:
    """The proxy as the Hub starts it, with one route; `more`: of its variables, and `options`."""
    ports = [free_port() for _ in range(2)]
    token = secrets.token_hex(16)
    program = project / "web" / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
    node = json.loads((project / ".cache" / "setup" / "node.json").read_text())["node"]
    process = await asyncio.create_subprocess_exec(
        node, "--import", (project / "infra" / "hub" / "proxy_connections.mjs").as_uri(), str(program),
        "--ip", "127.0.0.1", "--port", str(ports[0]), "--api-ip", "127.0.0.1", "--api-port", str(ports[1]), *options,
        env=os.environ | {
            "CONFIGPROXY_AUTH_TOKEN": token,
            "CASELOOP_PROXY_LEAF": str(place / "proxy.pem"),
            "CASELOOP_PROXY_AUTHORITY": str(authority.bundle),
            "CASELOOP_DASHBOARD_PORT_FILE": str(place / "dashboard.port"),
            **more,
        },
        stdout=log, stderr=log,
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            headers = {"Authorization": f"token {token}"}
            route = f"http://127.0.0.1:{ports[1]}/api/routes/services/caseloop"
            async with asyncio.timeout(20):
                while True:
                    assert process.returncode is None, "the proxy has ended"
                    with contextlib.suppress(httpx.ConnectError):
                        await http.post(route, headers=headers, json={"target": target})
                        break
                    await asyncio.sleep(0.1)
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{ports[0]}/services/caseloop/", trust_env=False, timeout=20
        ) as http:
            yield http
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def credential(authority: LocalAuthority, place: Path, name: str, lifetime: timedelta | None = None) -> Credential:
    return Credential(authority, Identity.service(name), place / f"{name}.pem", lifetime=lifetime)


def listener(authority: LocalAuthority, place: Path, name: str = "dashboard") -> Listener:
    return Listener(desk(), credential(authority, place, name), LocalPort(place / "dashboard.port"))


async def test_requests_and_streams_pass_as_the_proxys(project: Path, place: Path, authority: LocalAuthority) -> None:
    credential(authority, place, "proxy")
    seen, came = asyncio.Event(), []
    door = Listener(desk(seen), credential(authority, place, "dashboard"), LocalPort(place / "dashboard.port"))
    async with serving([door], authority), proxy(project, place, authority) as web:
        assert (await web.get("who")).json() == {"peer": "service/proxy"}
        assert (await web.post("echo", json={"a": "b"})).json() == {"a": "b"}
        async with web.stream("GET", "events") as response:
            async for line in response.aiter_lines():
                if line:
                    came.append(line)
                    seen.set()
        assert came == ["data: 0", "data: 1", "data: 2"]


async def test_a_new_certificate_is_taken_up_and_an_old_one_refused(
    project: Path, place: Path, authority: LocalAuthority
) -> None:
    own = credential(authority, place, "proxy", timedelta(seconds=4))
    async with serving([listener(authority, place)], authority), proxy(project, place, authority) as web:
        own.renew()  # the proxy took its time to start
        assert (await web.get("who")).status_code == 200
        await asyncio.sleep(4.2)
        assert (await web.get("who")).status_code == 503, "it has expired, and nobody has renewed it"
        own.renew()
        assert (await web.get("who")).json() == {"peer": "service/proxy"}


async def test_while_both_ends_rotate_nothing_is_lost(project: Path, place: Path, authority: LocalAuthority) -> None:
    own = credential(authority, place, "proxy", timedelta(seconds=4))
    desks = credential(authority, place, "dashboard", timedelta(seconds=4))
    door = Listener(desk(), desks, LocalPort(place / "dashboard.port"))
    async with (
        serving([door], authority),
        own.kept_fresh(),
        proxy(project, place, authority) as web,
    ):
        serials, statuses = {own: set[str](), desks: set[str]()}, set[int]()
        while min(len(seen) for seen in serials.values()) < 3:
            for end, seen in serials.items():
                seen.add(end.leaf.serial)
            statuses.add((await web.get("who")).status_code)
            await asyncio.sleep(0.01)
        assert statuses == {200}


async def test_the_service_may_come_back_on_another_port(project: Path, place: Path, authority: LocalAuthority) -> None:
    credential(authority, place, "proxy")
    async with proxy(project, place, authority) as web:
        ports = set()
        for _ in range(2):
            assert (await web.get("who")).status_code == 503
            async with serving([listener(authority, place)], authority):
                ports.add((place / "dashboard.port").read_text())
                assert (await web.get("who")).status_code == 200
        assert len(ports) == 2


async def test_between_containers_the_service_is_on_a_socket_and_may_come_back(
    project: Path, place: Path, authority: LocalAuthority
) -> None:
    credential(authority, place, "proxy")
    socket = place / "dashboard.sock"
    async with proxy(project, place, authority, CASELOOP_DASHBOARD_SOCKET=str(socket)) as web:
        for _ in range(2):
            assert (await web.get("who")).status_code == 503
            async with serving([Listener(desk(), credential(authority, place, "dashboard"), socket)], authority):
                for _ in range(3):
                    assert (await web.get("who")).json() == {"peer": "service/proxy"}
                    assert (await web.post("echo", json={"a": "b"})).json() == {"a": "b"}
        async with serving([Listener(desk(), credential(authority, place, "linting"), socket)], authority):
            assert (await web.get("who")).status_code == 503, "it is another's"


@pytest.mark.parametrize("who", ["gateway", "hub", "dashboard"])
async def test_with_another_services_certificate_the_proxy_does_not_get_in(
    project: Path, place: Path, authority: LocalAuthority, who: str
) -> None:
    shutil.copyfile(credential(authority, place, who).path, place / "proxy.pem")
    async with serving([listener(authority, place)], authority), proxy(project, place, authority) as web:
        assert (await web.get("who")).status_code == 503


@pytest.mark.parametrize("who", ["linting", "gateway"])
async def test_the_proxy_believes_nobody_but_the_desk(
    project: Path, place: Path, authority: LocalAuthority, who: str
) -> None:
    credential(authority, place, "proxy")
    async with serving([listener(authority, place, who)], authority), proxy(project, place, authority) as web:
        assert (await web.get("who")).status_code == 503


async def test_a_connection_to_a_unix_socket_serves_one_request_after_another(
    project: Path, place: Path, authority: LocalAuthority
) -> None:
    """A connection that is closed after each answer breaks now and then while the request still ends: 503."""
    credential(authority, place, "proxy")
    opened = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        with contextlib.suppress(asyncio.IncompleteReadError), contextlib.closing(writer):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                await reader.readexactly(int(head.split("content-length: ")[1].split()[0]))
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                if "connection: close" in head:
                    return

    path = place / "server.sock"
    server = await asyncio.start_unix_server(serve, path)
    target = "http+unix://" + quote(str(path), safe="")
    async with server, proxy(project, place, authority, target) as web:
        answers = [(await web.put("workspace", json={"saved": number})).status_code for number in range(10)]
    assert answers == [204] * 10
    assert opened == 1


@contextlib.asynccontextmanager
async def told_who_asks(place: Path) -> AsyncIterator[str]:
    """A target that says who asks, as it was told: 200 with a cookie or on other pages, else 403."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError), contextlib.closing(writer):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                path, *_ = head.split(" ")[1:2]
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
                known = "cookie" in headers or not path.endswith(("/api/me", "/login"))
                said = headers["x-real-ip"].encode()
                status = b"200 OK" if known else b"403 Forbidden"
                writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(said), said))

    server = await asyncio.start_unix_server(serve, place / "told.sock")
    async with server:
        yield "http+unix://" + quote(str(place / "told.sock"), safe="")


FORGED = {"X-Forwarded-For": "198.51.100.7, 203.0.113.5, 10.9.8.7", "X-Real-IP": "198.51.100.7"}
"""What comes by way of 203.0.113.5's proxy, 10.9.8.7, when its sender has made up the rest."""


@pytest.mark.parametrize(
    ("trusted", "sent", "told"),
    [
        ("", FORGED, "127.0.0.1"),
        ("192.0.2.1", FORGED, "127.0.0.1"),
        ("127.0.0.1", FORGED, "10.9.8.7"),
        ("127.0.0.0/8,10.9.0.0/16", FORGED, "203.0.113.5"),
        ("127.0.0.1/32", {}, "127.0.0.1"),
        ("127.0.0.1/32", {"X-Forwarded-For": "no address"}, "127.0.0.1"),
        ("127.0.0.1/32,2001:db8::/32", {"X-Forwarded-For": "2001:dead::1, 2001:db8::1"}, "2001:dead::1"),
    ],
)
async def test_who_asks_is_told_by_named_proxies_only(
    project: Path, place: Path, authority: LocalAuthority, trusted: str, sent: dict[str, str], told: str
) -> None:
    credential(authority, place, "proxy")
    async with told_who_asks(place) as target, proxy(project, place, authority, target, **counting(trusted)) as web:
        assert (await web.get("page", headers=sent)).text == told


def counting(trusted: str, burst: int = 100) -> dict[str, str]:
    return {
        "CASELOOP_PROXY_TRUSTED": trusted,
        "CASELOOP_PROXY_REFUSALS_BURST": str(burst),
        # the next one after more than any test takes
        "CASELOOP_PROXY_REFUSALS_PER_MINUTE": "0.1",
    }


async def test_an_address_that_is_refused_again_and_again_waits_and_nobody_else_does(
    project: Path, place: Path, authority: LocalAuthority
) -> None:
    credential(authority, place, "proxy")
    somebody, neighbour = {"X-Forwarded-For": "2001:db8:1:2::a"}, {"X-Forwarded-For": "2001:db8:1:2:ffff::b"}
    async with (
        told_who_asks(place) as target,
        proxy(project, place, authority, target, **counting("127.0.0.1", burst=3)) as web,
    ):
        assert [(await web.get("api/me", headers=somebody)).status_code for _ in range(5)] == [403, 403, 403, 429, 429]
        for path in ("login", "%61pi/me", "api/me?x=1"):
            waits = await web.get(path, headers=neighbour)
            assert waits.status_code == 429, path
            assert 500 < int(waits.headers["retry-after"]) <= 600
        assert (await web.get("login", headers={**somebody, "Cookie": "session=made up"})).status_code == 429
        # whoever is signed in goes on, and everybody sees pages that need no account
        assert (await web.get("api/me", headers={**somebody, "Cookie": "session=good"})).status_code == 200
        assert (await web.get("page", headers=somebody)).status_code == 200
        assert (await web.get("api/me", headers={"X-Forwarded-For": "2001:db8:1:3::a"})).status_code == 403


async def test_without_a_named_proxy_nobody_is_counted(project: Path, place: Path, authority: LocalAuthority) -> None:
    """They may all come by way of one that nobody has named."""
    credential(authority, place, "proxy")
    async with told_who_asks(place) as target, proxy(project, place, authority, target, **counting("", 1)) as web:
        assert [(await web.get("api/me")).status_code for _ in range(4)] == [403] * 4


async def test_the_proxy_writes_json_where_that_is_wanted(
    project: Path, place: Path, authority: LocalAuthority
) -> None:
    credential(authority, place, "proxy")
    written = place / "log"
    with written.open("wb") as log:
        async with proxy(project, place, authority, log=log.fileno(), CASELOOP_PROXY_LOGS="json") as web:
            assert (await web.get("who")).status_code == 503
    lines = [json.loads(line) for line in written.read_text().splitlines()]
    assert {frozenset(line) for line in lines} == {frozenset({"logger", "level", "timestamp", "event"})}
    (failed,) = [line for line in lines if line["event"].startswith("503 GET /services/caseloop/who")]
    assert failed["level"] == "error"


async def test_the_proxys_figures_are_on_a_socket_also_after_one_that_was_killed(
    project: Path, place: Path, authority: LocalAuthority
) -> None:
    credential(authority, place, "proxy")
    figures = place / "proxy.sock"
    options = ["--metrics-socket", str(figures)]
    for _ in range(2):  # the end of the first leaves its socket where it was
        async with proxy(project, place, authority, options=options) as web:
            assert (await web.get("who")).status_code == 503
            assert (await web.get("/metrics")).status_code != 200
            transport = httpx.AsyncHTTPTransport(uds=str(figures))
            async with (
                httpx.AsyncClient(transport=transport, base_url="http://proxy") as plain,
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(metrics_app({"proxy": plain})), base_url="http://door"
                ) as door,
            ):
                assert 'requests_proxy{status="503"}' in (await door.get("/metrics/proxy")).text
        assert figures.exists()


def beside(web: httpx.AsyncClient, path: str) -> httpx.URL:
    """An address of the proxy's that is not below the desk's path."""
    return web.base_url.join(path)


async def test_all_of_the_desks_own_host_is_the_desks(project: Path, place: Path, authority: LocalAuthority) -> None:
    """Also what is a path of the Hub's elsewhere: script of one shall not share the origin of the other."""
    credential(authority, place, "proxy")
    told = {"CASELOOP_PROXY_DESK_HOST": "desk.school.example"}
    async with (
        serving([listener(authority, place)], authority),
        proxy(project, place, authority, **told) as web,
    ):
        desks = ("desk.school.example", "Desk.School.Example", "desk.school.example:443")
        for host in desks:
            at = {"Host": host}
            assert (await web.get("who", headers=at)).json() == {"peer": "service/proxy"}
            # an answer of the desk's own, as services write them, and not the proxy's
            assert (await web.get(beside(web, "/hub/login"), headers=at)).json()["error"] == "not_found"
        for host in ("learn.school.example", "desk.school.example.evil.example", "not-desk.school.example"):
            assert (await web.get("who", headers={"Host": host})).json() == {"peer": "service/proxy"}
            by_the_proxy = await web.get(beside(web, "/hub/login"), headers={"Host": host})
            assert by_the_proxy.headers["content-type"] == "text/html"


async def test_the_hub_answers_at_no_learners_host(project: Path, place: Path, authority: LocalAuthority) -> None:
    """Whoever signed in there would leave the Hub's cookie with that learner's server."""
    credential(authority, place, "proxy")
    told = {"CASELOOP_PROXY_HUB_ADDRESS": "https://learn.school.example:8443"}
    async with serving([listener(authority, place)], authority), proxy(project, place, authority, **told) as web:
        for path in ("/hub/login?next=%2Fhub%2F", "/hub", "/hub/", "/hub?a=b"):
            sent = await web.get(beside(web, path), headers={"Host": "lena.learn.school.example:8443"})
            assert (sent.status_code, sent.headers["location"]) == (302, f"https://learn.school.example:8443{path}")
        refused = await web.post(
            beside(web, "/hub/login"), headers={"Host": "Lena.learn.school.example"}, content=b"username=mona"
        )
        assert refused.status_code == 421
        for host, path in (
            ("learn.school.example", "/hub/login"),
            ("mylearn.school.example", "/hub/login"),
            ("127.0.0.1", "/hub/health"),
            ("lena.learn.school.example", "/hubris"),
        ):
            assert (await web.get(beside(web, path), headers={"Host": host})).status_code == 404, (
                "as the proxy itself answers here"
            )
