"""What the door to the Docker engine passes on, word for word; tests/docker has the real engine behind it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.production.engine_door import Rules, door_app

NAME = "caseloop-0123456789ab"
CREATE = f"/v1.47/containers/create?name={NAME}"


class Engine:
    """Takes every call and remembers it."""

    def __init__(self) -> None:
        self.calls: list[httpx.Request] = []
        self.tags: list[str] | None = None
        """Names of every image; None: there is none."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        if request.url.path.startswith("/images/") and self.tags is None:
            return httpx.Response(404, json={"message": "No such image"})
        return httpx.Response(200, json={"Name": f"/{NAME}", "RepoTags": self.tags})


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
async def hub(engine: Engine, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.MockTransport(engine)
    async with httpx.AsyncClient(transport=transport, base_url="http://engine") as behind:
        app = door_app(behind, Rules("caseloop-learner", (tmp_path,), "1000:1000"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as client:
            yield client


def confined(**host: Any) -> dict[str, Any]:
    return {
        "Image": "caseloop-learner:1",
        "User": "1000:1000",
        "Domainname": None,
        "NetworkingConfig": None,
        "HostConfig": {
            "NetworkMode": "none",
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "IpcMode": "private",
            "Memory": 1,
            "MemorySwap": 1,
            "CpuQuota": 1,
            "PidsLimit": 1,
            "LogConfig": {"Type": "json-file", "Config": {}},
            "Mounts": [],
            "Privileged": False,
            **host,
        },
    }


async def test_only_what_was_looked_at_is_passed_on(hub, engine):
    assert (await hub.post(CREATE, json=confined(networkmode="", readonlyrootfs=False))).status_code == 200
    passed = json.loads(engine.calls[0].content)
    expected = confined()
    del expected["HostConfig"]["Privileged"], expected["Domainname"], expected["NetworkingConfig"]
    assert passed == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"hostconfig": {"Privileged": True}},
        {"HostConfiG": {"Binds": ["/:/host"]}},
        {"NetworkingConfig": {"EndpointsConfig": {"bridge": {}}}},
        {"image": "other:1"},
        {"user": "0:0"},
        {"Runtime": "other"},
        {"HostConfig": confined()["HostConfig"] | {"networkmode": "host"}},
        {"HostConfig": confined()["HostConfig"] | {"privileged": True}},
        {"HostConfig": confined()["HostConfig"] | {"LogConfig": {"Type": "json-file", "type": "syslog"}}},
        {"HostConfig": confined()["HostConfig"] | {"Mounts": [{"Type": "bind", "Source": "/", "source": "/etc"}]}},
        {"HostConfig": None},
    ],
    ids=lambda changed: "-".join(changed),
)
async def test_a_name_in_another_spelling_is_no_way_round(hub, engine, changed):
    answer = await hub.post(CREATE, json=confined() | changed)
    assert answer.status_code == 403
    assert "the Hub may not do this" in answer.json()["message"]
    assert engine.calls == []


async def test_of_two_keys_of_one_name_the_engine_gets_the_one_that_was_looked_at(hub, engine):
    twice = json.dumps(confined()).replace('"CapDrop": ["ALL"]', '"CapDrop": [], "CapDrop": ["ALL"]')
    assert (await hub.post(CREATE, content=twice)).status_code == 200
    assert b'"CapDrop": []' not in engine.calls[0].content


async def test_an_image_may_be_named_by_its_digest_when_it_has_a_name_of_ours(hub, engine):
    digest = f"sha256:{'a' * 64}"
    engine.tags = ["other:1", "caseloop-learner:case-1"]
    assert (await hub.post(CREATE, json=confined() | {"Image": digest})).status_code == 200
    asked, passed = engine.calls
    assert asked.url.path == f"/images/{digest}/json"
    assert json.loads(passed.content)["Image"] == digest


@pytest.mark.parametrize("tags", [None, [], ["other:1"], ["caseloop-learner-2:1", "x/caseloop-learner:1"]])
async def test_a_digest_of_somebody_elses_image_is_refused(hub, engine, tags):
    engine.tags = tags
    answer = await hub.post(CREATE, json=confined() | {"Image": f"sha256:{'a' * 64}"})
    assert answer.status_code == 403
    assert "its image is none of ours" in answer.json()["message"]
    assert [call.method for call in engine.calls] == ["GET"]


@pytest.mark.parametrize("image", ["sha256:abc", f"sha256:{'A' * 64}", f"x/sha256:{'a' * 64}", ""])
async def test_what_only_looks_like_a_digest_is_refused_unasked(hub, engine, image):
    assert (await hub.post(CREATE, json=confined() | {"Image": image})).status_code == 403
    assert engine.calls == []


@pytest.mark.parametrize(
    "call",
    [
        ("POST", f"{CREATE}&name=other"),
        ("GET", "/images/x/../../containers/other/json"),
        ("GET", "/images/x/%2e%2e/%2e%2e/containers/other/json"),
        ("GET", "/version%0a"),
        ("GET", "/v1.47/info"),
        ("POST", "/containers/prune"),
        ("DELETE", "/images/caseloop-learner:1"),
        ("PUT", f"/containers/{NAME}/archive"),
        ("GET", f"/containers/{NAME}/archive"),
        ("POST", f"/containers/{NAME}/exec"),
    ],
    ids=lambda call: " ".join(call),
)
async def test_another_way_to_write_a_call_is_refused(hub, engine, call):
    method, path = call
    body = json.dumps(confined()) if method == "POST" else None
    answer = await hub.request(method, path, content=body)
    assert answer.status_code == 403
    assert engine.calls == []


async def test_a_start_that_says_more_is_refused(hub, engine):
    start = f"/containers/{'a' * 64}/start"
    assert (await hub.post(start, json={"Privileged": True})).status_code == 403
    assert engine.calls == []
    assert (await hub.post(start)).status_code == 200
    assert [call.url.path for call in engine.calls] == [f"/containers/{'a' * 64}/json", start]


async def test_a_body_without_end_is_not_waited_for(hub, engine):
    async def without_end() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65_536

    assert (await hub.post(CREATE, content=without_end())).status_code == 403
    assert engine.calls == []
