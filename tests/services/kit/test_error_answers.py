"""Whatever goes wrong, a caller gets one shape: error, detail, request_id."""

import asyncio
import re
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, SecretStr
from sqlalchemy import text

from services.contracts.errors import ErrorBody, ServiceError
from services.contracts.identity import Role
from services.kit.app import create_service, running
from services.kit.database import Database
from services.kit.errors import CaseloopError
from services.kit.health import router as health_router
from services.kit.http import in_process_client
from services.kit.peer import require_peer
from services.kit.scope import Scope, ScopeMinter, ScopeVerifier, scope_keys
from vault.adapters.encrypted_file import EncryptedFile

ENVIRONMENT = "env/lena/clean-regression/" + "a" * 64 + "/n1"


class QuotaSpent(CaseloopError):
    """The learner has no checks left."""

    status, error = 429, "quota_spent"


class Login(BaseModel):
    name: str
    password: SecretStr
    age: int


def router() -> APIRouter:
    routes = APIRouter(prefix="/v1", dependencies=[Depends(require_peer("gateway"))])

    @routes.get("/quota")
    async def quota() -> None:
        raise QuotaSpent("No checks are left for this subtask.")

    @routes.get("/broken")
    async def broken() -> None:
        raise KeyError("password=hunter2")

    @routes.post("/login")
    async def login(login: Login) -> dict[str, str]:
        return {"name": login.name}

    @routes.get("/number/{number}")
    async def number(number: int) -> int:
        return number

    @routes.get("/upstream/{status}")
    async def upstream(status: int) -> None:
        raise ServiceError("cases", status, "case_not_found", "There is no case 'x'.")

    @routes.post("/body")
    async def body(request: Request) -> int:
        return len(await request.body())

    @routes.post("/json")
    async def json(body: dict[str, str]) -> int:
        return len(body)

    @routes.post("/unread")
    async def unread() -> str:
        return "never read it"

    return routes


@pytest.fixture
async def client():
    async with in_process_client(create_service("progress", [router()], max_body_bytes=1000), "gateway") as http:
        yield http


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/v1/quota", 429, "quota_spent"),
        ("GET", "/v1/broken", 500, "internal_error"),
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1/quota/", 404, "not_found"),
        ("DELETE", "/v1/quota", 405, "method_not_allowed"),
        ("GET", "/v1/number/x", 422, "invalid_request"),
        ("POST", "/v1/login", 422, "invalid_request"),
        ("GET", "/metrics", 403, "caller_not_allowed"),
        ("GET", "/docs", 404, "not_found"),
        ("GET", "/openapi.json", 404, "not_found"),
        ("GET", "/v1/upstream/404", 404, "case_not_found"),
        ("GET", "/v1/upstream/503", 503, "case_not_found"),
        ("GET", "/v1/upstream/504", 504, "case_not_found"),
        ("GET", "/v1/upstream/500", 502, "service_failed"),
        ("GET", "/v1/upstream/403", 502, "service_failed"),
    ],
)
async def test_every_error_has_the_one_shape(client, method, path, status, error):
    response = await client.request(method, path)
    body = ErrorBody.model_validate_json(response.content)
    assert (response.status_code, body.error) == (status, error)
    assert body.detail
    assert body.request_id == response.headers["x-request-id"]
    assert response.headers["content-type"] == "application/json"


async def test_a_validation_error_names_the_place_and_never_the_value(client):
    answer = await client.post("/v1/login", json={"name": "lena", "password": ["hunter2"], "age": "hunter2"})
    detail = answer.json()["detail"]
    assert detail.startswith("body.password: ")
    assert "body.age: " in detail
    assert "hunter2" not in answer.text


async def test_a_validation_error_stays_short(client):
    answer = await client.post("/v1/json", json={f"k{i}" * 200: i for i in range(30)})
    assert answer.status_code in {413, 422}
    answer = await client.post("/v1/json", json={f"k{i}": i for i in range(60)})
    assert answer.status_code == 422
    assert "and 57 more" in answer.json()["detail"]
    assert len(answer.json()["detail"]) < 1000


async def test_broken_json_is_told_with_its_place(client):
    answer = await client.post("/v1/login", content='{"name": ', headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert "JSON" in answer.json()["detail"]


async def test_an_unforeseen_error_is_logged_with_its_traceback_and_not_told(client, logged):
    answer = await client.get("/v1/broken")
    assert "hunter2" not in answer.text
    (line,) = [line for line in logged if line["event"] == "unexpected error"]
    assert isinstance(line["exc_info"], KeyError)
    assert line["request_id"] == answer.json()["request_id"]
    assert line["service"] == "progress"


async def test_a_database_that_is_away_may_come_back(logged):
    """Callers are told to try again, operators what is wrong, and nobody a statement with somebody's text in it."""
    db = Database("postgresql+psycopg://progress:hunter2@/school?host=/nowhere/at/all")
    routes = APIRouter(dependencies=[Depends(require_peer("gateway"))])

    @routes.get("/kept")
    async def kept() -> None:
        async with db.read() as session:
            await session.execute(text("SELECT 'what ada wrote'"))

    app = create_service("progress", [routes])
    async with running(app), in_process_client(app, "gateway") as client:
        answer = await client.get("/kept")
    await db.close()
    assert (answer.status_code, answer.json()["error"]) == (503, "storage_unavailable")
    assert "nowhere" not in answer.text
    (line,) = (line for line in logged if line["log_level"] == "error")
    assert "/nowhere/at/all" in line["reason"]
    assert not re.search("hunter2|ada", repr(line))


async def test_two_services_in_one_process_share_no_figures():
    first, second = create_service("progress", []), create_service("cases", [])
    async with in_process_client(first, "gateway") as gateway:
        await gateway.get("/health/live")
    async with in_process_client(second, "supervisor") as supervisor:
        assert "progress" not in (await supervisor.get("/metrics")).text


async def test_apps_of_the_same_routes_answer_with_their_own_service_and_count_apart():
    routes = APIRouter(dependencies=[Depends(require_peer("gateway"))])

    @routes.get("/name")
    async def name(request: Request) -> str:
        return str(request.app.state.service)

    first, second = (create_service("progress", [routes], service=service) for service in ("first", "second"))
    for app, expected in ((first, "first"), (second, "second"), (first, "first")):
        async with in_process_client(app, "gateway") as gateway:
            assert (await gateway.get("/name")).json() == expected
    for app, count in ((first, 2), (second, 1)):
        async with in_process_client(app, "supervisor") as supervisor:
            assert counted((await supervisor.get("/metrics")).text, "/name", 200) == count


async def test_metrics_count_by_route_template(client):
    for number in range(5):
        await client.get(f"/v1/number/{number}")
    for path in ("/a", "/b", "/v1/broken"):
        await client.get(path)
    await client.request("BREW", "/v1/number/1")
    app = client._transport._app
    async with in_process_client(app, "supervisor") as supervisor:
        figures = (await supervisor.get("/metrics")).text
    assert counted(figures, "/v1/number/{number}", 200) == 5
    assert counted(figures, "(none)", 404) == 2
    assert counted(figures, "/v1/broken", 500) == 1
    assert 'method="OTHER"' in figures
    assert "BREW" not in figures
    assert 'caseloop_request_seconds_bucket{le="0.005"' in figures


def counted(figures: str, route: str, status: int) -> float:
    labels = f'method="GET",route="{route}",service="progress",status="{status}"'
    return float(re.search(re.escape(f"caseloop_requests_total{{{labels}}} ") + r"(\S+)", figures).group(1))


class TestBodies:
    async def test_a_body_up_to_the_limit_is_taken(self, client):
        assert (await client.post("/v1/body", content=b"x" * 1000)).json() == 1000

    @pytest.mark.parametrize("path", ["/v1/body", "/v1/json"])
    @pytest.mark.parametrize("declared", [True, False])
    async def test_a_larger_one_is_413_whether_declared_or_not(self, client, path, declared):
        content = b"x" * 1001 if declared else parts(3, 400)
        answer = await client.post(path, content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["error"]) == (413, "body_too_large")

    async def test_an_endless_body_is_cut_short(self, client):
        sent = 0

        async def endless():
            nonlocal sent
            while True:
                sent += 400
                yield b"x" * 400

        assert (await client.post("/v1/body", content=endless())).status_code == 413
        assert sent <= 2000

    async def test_over_tls_a_huge_body_is_413_and_the_service_goes_on(self, town):
        await town.start(create_service("progress", [router()]))
        async with town.client("gateway", "progress") as client:
            for content in (b"x" * (9 * 1024 * 1024), parts(200, 64 * 1024)):
                answer = await client.post("/v1/body", content=content)
                assert (answer.status_code, answer.json()["error"]) == (413, "body_too_large")
            assert (await client.get("/v1/number/7")).json() == 7

    async def test_over_tls_a_head_without_end_is_cut_off(self, town):
        await town.start(create_service("progress", [router()]))
        reader, writer = await asyncio.open_unix_connection(
            town.run_dir / "progress.sock",
            ssl=town.credential("gateway").client_context(),
            server_hostname="progress.caseloop.internal",
        )
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 200_000)
        async with asyncio.timeout(30):
            assert (await reader.readline()).startswith(b"HTTP/1.1 400")
        writer.close()


async def parts(count: int, size: int):
    for _ in range(count):
        yield b"x" * size


class TestHealth:
    async def test_ready_when_every_ping_is(self):
        async def fine() -> None: ...

        app = create_service("progress", [], pings={"database": fine, "objects": fine})
        async with in_process_client(app, "supervisor") as http:
            answer = await http.get("/health/ready")
        assert (answer.status_code, answer.json()["checks"]) == (200, ["database", "objects"])

    async def test_not_ready_says_which_part_failed_and_which_hangs(self):
        async def broken() -> None:
            raise ConnectionError("secret host name")

        async def hanging() -> None:
            await asyncio.sleep(60)

        routes = health_router("progress", {"database": broken, "objects": hanging}, time_limit=0.1)
        app = create_service("linting", [])
        app.router.routes[:] = []
        app.include_router(routes)
        async with in_process_client(app, "supervisor") as http:
            answer = await http.get("/health/ready")
            alive = await http.get("/health/live")
        body = ErrorBody.model_validate_json(answer.content)
        assert (answer.status_code, body.error) == (503, "not_ready")
        assert "database failed (ConnectionError)" in body.detail
        assert "objects did not answer within 0.1 s" in body.detail
        assert "secret" not in body.detail
        assert alive.status_code == 200


class TestPeers:
    def test_a_route_that_does_not_say_who_may_call_it_is_refused_at_construction(self):
        inner, outer = APIRouter(), APIRouter(prefix="/outer")

        @inner.get("/open")
        async def open_to_all() -> None: ...

        outer.include_router(inner, prefix="/inner")
        with pytest.raises(ValueError, match=r"GET /outer/inner/open does not say who may call it"):
            create_service("progress", [outer])

    def test_a_rule_on_the_including_router_counts(self):
        inner, outer = APIRouter(), APIRouter()

        @inner.get("/fine")
        async def fine() -> None: ...

        outer.include_router(inner, dependencies=[Depends(require_peer("gateway"))])
        create_service("progress", [outer])

    @pytest.mark.parametrize("names", [(), ("gatway",), ("gateway", "ENV")])
    def test_require_peer_takes_only_names_of_the_trust_graph(self, names):
        with pytest.raises(ValueError, match="require_peer needs names"):
            require_peer(*names)

    @pytest.mark.parametrize("caller", ["linting", "service/proxy", "runner", ENVIRONMENT])
    async def test_in_process_too_a_caller_outside_the_graph_is_refused(self, caller):
        async with in_process_client(create_service("progress", [router()]), caller) as http:
            answer = await http.get("/v1/number/1")
        assert (answer.status_code, answer.json()["error"]) == (403, "caller_not_allowed")

    async def test_a_route_refuses_a_caller_that_the_graph_lets_in(self):
        async with in_process_client(create_service("progress", [router()]), "hub") as http:
            answer = await http.get("/v1/number/1")
        assert (answer.status_code, answer.json()["error"]) == (403, "caller_not_allowed")
        assert answer.json()["detail"] == "hub may not use GET /v1/number/1."

    async def test_a_connection_without_identity_gets_nothing(self):
        sent = []

        async def send(message):
            sent.append(message)

        app = create_service("progress", [])
        scope = {"type": "http", "method": "GET", "path": "/health/live", "headers": [], "query_string": b""}
        await app(scope, None, send)
        assert sent[0]["status"] == 403


class TestScope:
    @pytest.fixture
    def keys(self, tmp_path) -> tuple[ScopeMinter, ScopeVerifier]:
        return scope_keys(EncryptedFile(tmp_path / "secrets"))

    async def test_a_route_gets_the_verified_claims_and_says_what_is_wrong_with_others(self, keys):
        minter, verifier = keys
        routes = APIRouter(dependencies=[Depends(require_peer("gateway"))])

        @routes.get("/me")
        async def me(scope: Scope) -> str:
            return scope.user

        def token(**changes) -> str:
            return minter.mint(user="lena", role=Role.LEARNER, case="c", case_version="v", **changes)

        app = create_service("progress", [routes], scope_verifier=verifier)
        async with in_process_client(app, "gateway") as http:

            async def ask(given: str | None) -> tuple[int, str]:
                answer = await http.get("/me", headers={"Caseloop-Scope": given} if given else {})
                return answer.status_code, answer.json() if answer.is_success else answer.json()["error"]

            assert await ask(token()) == (200, "lena")
            assert await ask(None) == (401, "scope_missing")
            assert await ask("nonsense") == (401, "scope_invalid")
            assert await ask(token(lifetime=timedelta(seconds=-1))) == (401, "scope_expired")


async def test_running_runs_the_lifespan_around_the_block():
    seen = []

    @asynccontextmanager
    async def lifespan(app):
        app.state.service = "made at start"
        seen.append("up")
        yield
        seen.append("down")

    app = create_service("progress", [], lifespan=lifespan)
    async with running(app):
        assert (app.state.service, seen) == ("made at start", ["up"])
    assert seen == ["up", "down"]
