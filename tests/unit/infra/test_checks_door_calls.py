"""What the runner's door to the Docker engine passes on; tests/docker has the real engine behind it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.production.checks_door import CheckRules, checks_app
from services.runner.containers import LABEL, Containers
from services.runner.sandboxes import Plan
from services.runner.settings import ContainerSettings

MARK, ID, IMAGE = "0123456789ab", "f" * 64, "sha256:" + "1" * 64
CREATE = f"/containers/create?name=caseloop-run-{MARK}"
LIMITS = {"Memory": 1 << 28, "MemorySwap": 1 << 28, "PidsLimit": 40}


class Engine:
    """Takes every call and remembers it."""

    def __init__(self) -> None:
        self.calls: list[httpx.Request] = []
        self.name, self.tags = f"/caseloop-run-{MARK}", ["caseloop/learner:case-1"]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        return httpx.Response(200, json={"Name": self.name, "RepoTags": self.tags})


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
async def runner(engine: Engine, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(engine), base_url="http://engine") as behind:
        app = checks_app(behind, CheckRules("caseloop/learner", (tmp_path / "run", tmp_path / "checks")))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as client:
            yield client


@pytest.fixture
def wanted(tmp_path: Path) -> dict[str, Any]:
    """What the runner really asks for."""
    settings = ContainerSettings(image="caseloop/learner:1", folder=tmp_path / "run", engine=tmp_path / "none")
    case = tmp_path / "checks" / "trees" / "one"
    case.mkdir(parents=True)
    (case / "sales.csv").touch()
    plan = Plan("version", (), case, 32, "a" * 64, IMAGE)
    return Containers(settings, 60)._container(plan, tmp_path / "run" / "door")


async def test_what_the_runner_asks_for_is_passed_on_as_it_is(runner, engine, wanted):
    assert (await runner.post(CREATE, json=wanted)).status_code == 200
    looked, made = engine.calls
    assert looked.url.path == f"/images/{IMAGE}/json"
    assert json.loads(made.content) == wanted
    for method, path, body in (
        ("POST", f"/containers/{ID}/start", None),
        ("POST", f"/containers/{ID}/update", LIMITS),
        ("POST", f"/containers/{ID}/wait?condition=not-running", None),
        ("POST", f"/containers/{ID}/kill", None),
        ("GET", f"/containers/{ID}/json", None),
        ("GET", f"/containers/{ID}/logs?stdout=true&stderr=true&tail=20", None),
        ("GET", f"/containers/{ID}/stats?stream=false&one-shot=true", None),
        ("DELETE", f"/containers/{ID}?force=true&v=true", None),
        ("GET", f"/containers/json?all=true&filters={json.dumps({'label': [LABEL]})}", None),
        ("GET", f"/events?filters={json.dumps({'container': [ID], 'event': ['oom']})}", None),
    ):
        assert (await runner.request(method, path, json=body)).status_code == 200, path
        assert engine.calls[-1].url.path == path.partition("?")[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"User": "0:0"},
        {"User": "10001:10001"},
        {"User": "64200:0"},
        {"User": "64200"},
        {"Image": "other/image:1"},
        {"Image": "caseloop/doors:latest"},
        {"Runtime": "other"},
        {"host": {"NetworkMode": "host"}},
        {"host": {"Privileged": True}},
        {"host": {"CapAdd": ["SYS_ADMIN"]}},
        {"host": {"SecurityOpt": ["no-new-privileges", "seccomp=unconfined"]}},
        {"host": {"PidMode": "host"}},
        {"host": {"Binds": ["/:/host"]}},
        {"host": {"PidsLimit": 0}},
        {"host": {"Memory": 0}},
        {"host": {"CpuQuota": -1}},
        {"host": {"LogConfig": {"Type": "syslog", "Config": {}}}},
        {"host": {"Mounts": [{"Type": "bind", "Source": "/etc", "Target": "/x", "ReadOnly": True}]}},
        {"host": {"Mounts": [{"Type": "bind", "Source": "{run}", "Target": "/x", "ReadOnly": False}]}},
        {"host": {"Mounts": [{"Type": "bind", "Source": "{run}", "Target": "/x"}]}},
        {"host": {"Mounts": [{"Type": "volume", "Source": "{run}", "Target": "/x", "ReadOnly": True}]}},
        {"host": {"Mounts": [{"Type": "bind", "Source": "{run}/../../etc", "Target": "/x", "ReadOnly": True}]}},
    ],
)
async def test_a_container_that_is_anything_else_is_refused(runner, engine, wanted, tmp_path, changed):
    host = json.loads(json.dumps(changed.pop("host", {})).replace("{run}", str(tmp_path / "run")))
    answer = await runner.post(CREATE, json=wanted | changed | {"HostConfig": wanted["HostConfig"] | host})
    assert answer.status_code == 403, answer.text
    assert "the runner may not do this" in answer.json()["message"]
    assert not engine.calls


async def test_a_link_out_of_what_may_be_mounted_is_refused(runner, engine, wanted, tmp_path):
    (tmp_path / "run" / "out").symlink_to("/etc")
    mounts = [{"Type": "bind", "Source": str(tmp_path / "run" / "out"), "Target": "/x", "ReadOnly": True}]
    answer = await runner.post(CREATE, json=wanted | {"HostConfig": wanted["HostConfig"] | {"Mounts": mounts}})
    assert (answer.status_code, engine.calls) == (403, [])


async def test_a_digest_without_a_name_of_ours_is_refused(runner, engine, wanted):
    engine.tags = ["other/image:1"]
    assert (await runner.post(CREATE, json=wanted)).status_code == 403
    assert [call.url.path for call in engine.calls] == [f"/images/{IMAGE}/json"]


@pytest.mark.parametrize("name", ["/caseloop-0123456789ab", "/caseloop-postgres-1", f"/x-caseloop-run-{MARK}"])
async def test_containers_of_others_are_out_of_reach(runner, engine, name):
    engine.name = name
    for method, path, body in (
        ("POST", f"/containers/{ID}/kill", None),
        ("POST", f"/containers/{ID}/update", LIMITS),
        ("GET", f"/containers/{ID}/logs", None),
        ("DELETE", f"/containers/{ID}", None),
        ("GET", f"/events?filters={json.dumps({'container': [ID], 'event': ['oom']})}", None),
    ):
        assert (await runner.request(method, path, json=body)).status_code == 403, path
        assert engine.calls[-1].url.path == f"/containers/{ID}/json"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/containers/create?name=caseloop-0123456789ab", {}),
        ("POST", f"/containers/caseloop-run-{MARK}/kill", None),
        ("POST", f"/containers/{ID}/exec", {"Cmd": ["sh"]}),
        ("POST", f"/containers/{ID}/start", {"HostConfig": {"Privileged": True}}),
        ("POST", f"/containers/{ID}/update", LIMITS | {"CpusetCpus": "0"}),
        ("POST", f"/containers/{ID}/update", LIMITS | {"PidsLimit": -1}),
        ("POST", f"/containers/{ID}/update", {"Memory": 1}),
        ("PUT", f"/containers/{ID}/archive?path=/", None),
        ("GET", f"/containers/{ID}/archive?path=/", None),
        ("GET", "/containers/json", None),
        ("GET", f"/containers/json?filters={json.dumps({'label': ['caseloop.case']})}", None),
        ("GET", "/containers/json?filters=no", None),
        ("GET", "/events", None),
        ("GET", f"/events?filters={json.dumps({'event': ['oom']})}", None),
        ("GET", f"/events?filters={json.dumps({'container': [ID], 'event': ['start']})}", None),
        ("GET", f"/images/{IMAGE}/json", None),
        ("POST", "/images/create?fromImage=x", None),
        ("POST", "/build", None),
        ("GET", "/info", None),
        ("GET", "/v1.41/secrets", None),
    ],
)
async def test_everything_else_is_refused(runner, engine, method, path, body):
    assert (await runner.request(method, path, json=body)).status_code == 403
    assert [call.method for call in engine.calls] in ([], ["GET"])
    assert all(call.url.path == f"/containers/{ID}/json" for call in engine.calls)
