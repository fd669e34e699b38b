"""The service that a learner's environment becomes on a Swarm, and what is read from what the manager says."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker.errors
import pytest
from docker.utils.utils import format_environment
from jupyterhub.spawner import Spawner

from spawner.case_server import SpawnError
from spawner.inside import HOME, IDENTITY
from spawner.swarm import SwarmServer
from tests.unit.spawner.in_a_cluster import IMAGE, TOKEN, case, spawner_of

Json = dict[str, Any]


@pytest.fixture
def server(tmp_path: Path) -> Any:
    return spawner_of(SwarmServer, tmp_path, memory_mb=512, cpus=0.5, processes=99, disk_mb=64, network_name="learners")


async def service_of(server: SwarmServer, **changes: Any) -> Json:
    of_case = case(**changes)
    await server.choose_environment(of_case)
    return server.service(server.shown_inside(of_case, server.platform.data_dir / of_case.version))


async def test_it_runs_the_image_of_the_case_version_by_its_digest(server: SwarmServer) -> None:
    spec = (await service_of(server, image=IMAGE))["task_template"]["ContainerSpec"]
    assert spec["Image"] == f"caseloop/learner@{IMAGE}"
    assert spec["Command"][:3] == ["/opt/learner/bin/python", "-m", "jupyterhub.singleuser"]


async def test_no_option_of_the_learners_chooses_another_image(server: SwarmServer) -> None:
    server.user_options = {"case": "sales", "image": "evil:1"}
    spec = (await service_of(server, image=IMAGE))["task_template"]["ContainerSpec"]
    assert spec["Image"] == f"caseloop/learner@{IMAGE}"


async def test_it_may_do_nothing_that_its_work_does_not_need(server: SwarmServer) -> None:
    spec = (await service_of(server))["task_template"]["ContainerSpec"]
    assert spec["ReadOnly"] is True
    assert spec["CapabilityDrop"] == ["ALL"]
    assert "CapabilityAdd" not in spec
    assert spec["Privileges"] == {"NoNewPrivileges": True, "Seccomp": {"Mode": "default"}}
    assert spec["User"] == f"{os.geteuid()}:{os.getegid()}"


async def test_its_limits_are_those_of_the_settings(server: SwarmServer) -> None:
    task = (await service_of(server))["task_template"]
    assert task["Resources"]["Limits"] == {"NanoCPUs": 500_000_000, "MemoryBytes": 512 << 20, "Pids": 99}
    limits = {one["Name"]: one["Hard"] for one in task["ContainerSpec"]["Ulimits"]}
    assert limits == {"core": 0, "fsize": 64 << 20, "nofile": 4096}
    scratch = {one["Target"]: one["TmpfsOptions"] for one in task["ContainerSpec"]["Mounts"] if one["Type"] == "tmpfs"}
    assert scratch["/tmp"]["SizeBytes"] == scratch["/dev/shm"]["SizeBytes"] == 256 << 20


async def test_it_sees_its_own_folders_and_writes_into_one(server: SwarmServer) -> None:
    mounts = (await service_of(server))["task_template"]["ContainerSpec"]["Mounts"]
    bound = {one["Target"]: one for one in mounts if one["Type"] == "bind"}
    assert {target: one["Source"] for target, one in bound.items()} == {
        HOME: str(server.workplace.work),
        IDENTITY: str(server.private_box / "tls"),
        f"{HOME}/data": str(server.platform.data_dir / ("a" * 64) / "data"),
    }
    assert {target for target, one in bound.items() if not one.get("ReadOnly")} == {HOME}


async def test_it_is_on_the_learners_network_only_and_no_port_leads_to_it(server: SwarmServer) -> None:
    service = await service_of(server)
    assert service["task_template"]["Networks"] == [{"Target": "learners"}]
    assert "Ports" not in service["endpoint_spec"]
    assert service["labels"]["caseloop.internal/part"] == "env"
    assert service["task_template"]["RestartPolicy"]["Condition"] == "none"


async def test_it_is_told_where_hub_and_gateway_are(server: SwarmServer) -> None:
    variables = (await service_of(server))["task_template"]["ContainerSpec"]["Env"]
    expected = {"CASELOOP_GATEWAY_ADDRESS": "caseloop-gateway:8443", "JUPYTERHUB_API_TOKEN": TOKEN}
    assert set(format_environment(expected)) <= set(variables)


async def test_its_certificates_bear_its_name_and_lie_where_it_alone_sees_them(
    server: SwarmServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Spawner, "create_certs", _no_certificates)
    (server.private_box / "tls").mkdir(parents=True)
    paths = {}
    for name in ("keyfile", "certfile", "cafile"):
        (tmp_path / name).write_text(name)
        paths[name] = str(tmp_path / name)
    inside = await server.move_certs(paths)
    assert inside["keyfile"] == f"{IDENTITY}/keyfile"
    server._place_certificates()
    placed = server.private_box / "tls" / "keyfile"
    assert placed.read_text() == "keyfile"
    assert placed.stat().st_mode & 0o077 == 0
    await server.create_certs()
    assert server.ssl_alt_names == [f"DNS:{server.container}"]
    assert not server.ssl_alt_names_include_local
    server.internal_ssl = True
    assert await server.until_it_listens() == f"https://{server.container}:8888"


async def _no_certificates(_: Any) -> dict[str, str]:
    return {}


def manager(server: SwarmServer, answers: Callable[[str], Any]) -> list[str]:
    """Let the engine answer so; what it is asked."""
    asked: list[str] = []

    async def docker_call(method: str, *_: Any, **__: Any) -> Any:
        asked.append(method)
        answer = answers(method)
        if isinstance(answer, Exception):
            raise answer
        return answer

    server.docker = docker_call  # type: ignore[method-assign]
    return asked


def task(state: str, code: int | None = None, made: str = "2026-11-26T10:00:00Z") -> Json:
    ended = {} if code is None else {"ContainerStatus": {"ExitCode": code}}
    return {"CreatedAt": made, "Status": {"State": state, **ended}}


@pytest.mark.parametrize(
    ("tasks", "status"),
    [
        ([task("running")], None),
        ([task("pending")], None),
        ([task("failed", 137), task("complete", 0, "2026-11-26T11:00:00Z")], 0),
        ([task("failed", 137)], 137),
        ([task("rejected")], 1),
        ([], 0),
        (docker.errors.NotFound("gone"), 0),
        (docker.errors.DockerException("no engine"), None),
    ],
)
async def test_its_state_is_that_of_its_newest_task(server: SwarmServer, tasks: Any, status: int | None) -> None:
    manager(server, lambda _: tasks)
    assert await server.status() == status


async def test_a_learner_whose_container_no_node_starts_is_told(server: SwarmServer) -> None:
    answers = {"create_service": {"ID": "s1"}, "tasks": [task("rejected")]}
    manager(server, answers.__getitem__)
    server._place_certificates = lambda: None  # type: ignore[method-assign]
    await server.choose_environment(case())
    with pytest.raises(SpawnError, match="log says why"):
        await server.launch(())


async def test_an_end_waits_until_nothing_is_known_of_it(server: SwarmServer) -> None:
    left = [[task("running")], []]
    asked = manager(server, lambda method: left.pop(0) if method == "tasks" else True)
    await server.end()
    assert asked == ["remove_service", "tasks", "tasks"]
