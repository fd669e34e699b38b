"""What the door for builds passes on, word for word; tests/docker has the real engine behind it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from infra.production.builds_door import BuildRules, builds_app

DIGEST = "sha256:" + "a" * 64
TAG = f"case-{'0' * 12}-{'1' * 24}"
NAME = f"caseloop-learner:{TAG}"
LOOK = "caseloop-look-0123456789ab"
CREATE = f"/v1.47/containers/create?name={LOOK}"
BUILD = {"t": f"{NAME}-{'2' * 12}", "networkmode": "none", "memory": "1000", "memswap": "1000", "rm": "True"}
STOCK = "buildpack-deps:24.04"


class Engine:
    """Takes every call and remembers it, with what it was sent."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, bytes]] = []
        self.names: dict[str, Any] = {"RepoTags": [NAME], "Name": f"/{LOOK}"}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append((request.method, request.url.path, await request.aread()))
        return httpx.Response(200, json=self.names)


@pytest.fixture
def engine() -> Engine:
    return Engine()


async def client_of(engine: Engine, **rules: Any) -> AsyncIterator[httpx.AsyncClient]:
    told: dict[str, Any] = {"bases": frozenset(), "most_bytes": 1_000, "memory_bytes": 1_000, **rules}
    async with httpx.AsyncClient(transport=httpx.MockTransport(engine), base_url="http://engine") as behind:
        app = builds_app(behind, BuildRules("caseloop-learner", **told))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as client:
            yield client


@pytest.fixture
async def cases(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async for client in client_of(engine):
        yield client


@pytest.fixture
async def with_stock_packs(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async for client in client_of(engine, stock_base=STOCK):
        yield client


def look(**changed: Any) -> dict[str, Any]:
    host = {
        "NetworkMode": "none",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "IpcMode": "private",
        "Memory": 1,
        "MemorySwap": 1,
        "PidsLimit": 1,
        "LogConfig": {"Type": "json-file", "Config": {}},
    }
    return {"Image": DIGEST, "User": "65534:65534", "HostConfig": host | changed}


async def test_a_build_of_a_cases_image_is_passed_on_as_it_is(cases, engine):
    answer = await cases.post("/v1.47/build", params=BUILD, content=b"tar")
    assert (answer.status_code, engine.calls) == (200, [("POST", "/v1.47/build", b"tar")])


@pytest.mark.parametrize(
    "changed",
    [
        {"t": "caseloop-learner:latest"},
        {"t": "caseloop-hub:" + TAG},
        {"t": ""},
        {"networkmode": "host"},
        {"networkmode": "default"},
        {"networkmode": "container:other"},
        {"memory": "1001", "memswap": "1001"},
        {"memory": "0", "memswap": "0"},
        {"memory": ""},
        {"memswap": "-1"},
        {"remote": "https://example.invalid/context.tar"},
        {"dockerfile": "/etc/passwd"},
        {"version": "2"},
        {"extrahosts": "a:1.2.3.4"},
        {"cgroupparent": "/"},
        {"pull": "1"},
        {"buildargs": '{"SECRET": "1"}'},
        {"buildargs": "[]"},
    ],
    ids=lambda changed: ",".join(f"{name}={value}" for name, value in changed.items()),
)
async def test_a_build_that_is_less_confined_or_of_another_name_is_refused(cases, engine, changed):
    answer = await cases.post("/build", params=BUILD | changed, content=b"tar")
    assert answer.status_code == 403
    assert "the case service may not do this" in answer.json()["message"]
    assert engine.calls == []


async def test_a_build_without_a_word_about_its_network_is_for_stock_packs_only(cases, with_stock_packs, engine):
    says = {name: value for name, value in BUILD.items() if name != "networkmode"}
    assert (await cases.post("/build", params=says, content=b"tar")).status_code == 403
    assert (await with_stock_packs.post("/build", params=says, content=b"tar")).status_code == 200
    host = await with_stock_packs.post("/build", params=BUILD | {"networkmode": "host"}, content=b"tar")
    assert (host.status_code, len(engine.calls)) == (403, 1)


async def test_a_build_is_sent_no_more_than_it_may(cases):
    async def much() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    answer = await cases.post("/build", params=BUILD, content=much())
    assert (answer.status_code, "no more than 1000 bytes" in answer.json()["message"]) == (403, True)


async def test_a_look_into_an_image_of_ours_is_passed_on_with_nothing_that_was_not_looked_at(cases, engine):
    assert (await cases.post(CREATE, json=look(Privileged=False, privileged=None))).status_code == 200
    (_, asked, _), (_, made, body) = engine.calls
    assert (asked, made) == (f"/images/{DIGEST}/json", "/v1.47/containers/create")
    assert json.loads(body) == look()


@pytest.mark.parametrize(
    "body",
    [
        look(Privileged=True),
        look(NetworkMode="bridge"),
        look(Mounts=[{"Type": "bind", "Source": "/etc", "Target": "/mnt"}]),
        look(Binds=["/:/host"]),
        look(Memory=0),
        look() | {"User": "0:0"},
        look() | {"User": ""},
        look() | {"hostconfig": {"Privileged": True}},
    ],
)
async def test_a_container_that_is_more_than_a_look_is_refused(cases, engine, body):
    assert (await cases.post(CREATE, json=body)).status_code == 403
    assert engine.calls == []


async def test_a_look_into_another_image_is_refused_unless_the_settings_name_it(cases, engine):
    engine.names = {"RepoTags": ["caseloop-hub:1"], "RepoDigests": ["own/base@sha256:1"]}
    assert (await cases.post(CREATE, json=look())).status_code == 403
    async for client in client_of(engine, bases=frozenset({"own/base@sha256:1"})):
        assert (await client.post(CREATE, json=look())).status_code == 200


@pytest.mark.parametrize("name", ["caseloop-0123456789ab", "caseloop-look-x", ""])
async def test_a_container_of_another_name_is_refused(cases, engine, name):
    assert (await cases.post("/containers/create", params={"name": name}, json=look())).status_code == 403
    assert engine.calls == []


@pytest.mark.parametrize("call", ["GET json", "GET logs", "POST start", "POST wait", "DELETE "])
async def test_what_is_done_to_a_look_is_not_done_to_a_learners_container(cases, engine, call):
    method, what = call.split(" ")
    path = f"/containers/{'a' * 64}/{what}".rstrip("/")
    assert (await cases.request(method, path)).status_code == 200
    assert [made[1] for made in engine.calls] == [f"/containers/{'a' * 64}/json", path]
    engine.calls, engine.names = [], {"Name": "/caseloop-0123456789ab"}
    assert (await cases.request(method, path)).status_code == 403
    assert [made[1] for made in engine.calls] == [f"/containers/{'a' * 64}/json"]


async def test_only_images_of_cases_are_named_and_removed(cases, engine):
    where = {"repo": "caseloop-learner", "tag": TAG}
    assert (await cases.post(f"/images/{DIGEST}/tag", params=where)).status_code == 200
    assert (await cases.delete(f"/images/{NAME}", params={"force": "False"})).status_code == 200
    done = len(engine.calls)
    for method, path, params in (
        ("POST", f"/images/{DIGEST}/tag", where | {"tag": "latest"}),
        ("POST", f"/images/{DIGEST}/tag", where | {"repo": "caseloop-hub"}),
        ("DELETE", "/images/caseloop-learner:latest", {}),
        ("DELETE", f"/images/{DIGEST}", {}),
        ("DELETE", f"/images/{NAME}", {"force": "True"}),
    ):
        assert (await cases.request(method, path, params=params)).status_code == 403, (method, path)
    assert [call for call in engine.calls[done:] if call[0] != "GET"] == []
    engine.names = {"RepoTags": ["postgres:17"]}
    assert (await cases.post(f"/images/{DIGEST}/tag", params=where)).status_code == 403


async def test_only_what_stock_packs_build_on_is_fetched(cases, with_stock_packs, engine):
    asked = {"fromImage": "buildpack-deps", "tag": "24.04"}
    assert (await cases.post("/images/create", params=asked)).status_code == 403
    assert (await with_stock_packs.post("/images/create", params=asked)).status_code == 200
    for other in (asked | {"tag": "22.04"}, asked | {"fromImage": "evil"}, asked | {"fromSrc": "-"}):
        assert (await with_stock_packs.post("/images/create", params=other)).status_code == 403
    assert len(engine.calls) == 1


async def test_what_was_needed_while_an_image_was_made_is_removed_and_no_other_image_by_its_digest(cases, engine):
    leftover = {"RepoTags": [], "Config": {"Labels": {"caseloop.stage": "1"}}}
    engine.names = leftover
    assert (await cases.delete(f"/images/{DIGEST}")).status_code == 200
    for other in (leftover | {"RepoTags": [NAME]}, leftover | {"Config": {"Labels": None}}, {"RepoTags": None}):
        engine.names, engine.calls = other, []
        assert (await cases.delete(f"/images/{DIGEST}")).status_code == 403
        assert [call[0] for call in engine.calls] == ["GET"]


@pytest.mark.parametrize(
    "call",
    [
        ("GET", "/info"),
        ("GET", "/containers/json"),
        ("POST", f"/containers/{'a' * 64}/exec"),
        ("PUT", f"/containers/{'a' * 64}/archive"),
        ("POST", "/build/prune"),
        ("GET", f"/images/{DIGEST}/get"),
        ("GET", "/images/x/../../containers/other/json"),
        ("POST", "/session"),
        ("POST", "/images/load"),
        ("POST", "/commit"),
    ],
    ids=lambda call: " ".join(call),
)
async def test_nothing_else_of_the_engine_can_be_had(cases, engine, call):
    assert (await cases.request(*call)).status_code == 403
    assert engine.calls == []
