"""The Hub's way to the engine, on the real one: what it needs works (the whole system goes through it), and no more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest

from infra.production.engine_door import Rules, door_app
from tests.docker.door import open_door
from tests.docker.machine_image import LEARNER

NAME = "caseloop-0123456789ab"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shown")


@pytest.fixture(scope="module")
def client(shown: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[docker.APIClient]:
    door = tmp_path_factory.mktemp("door") / "d"
    rules = Rules(LEARNER.rpartition(":")[0], (shown,), "1000:1000")
    with open_door(door, lambda behind: door_app(behind, rules)):
        client = docker.APIClient(f"unix://{door}")
        yield client
        client.close()


def _create(client: docker.APIClient, *, name: str = NAME, user: str = "1000:1000", **changed: Any) -> str:
    wanted: dict[str, Any] = {
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "ipc_mode": "private",
        "mem_limit": 64 << 20,
        "memswap_limit": 64 << 20,
        "cpu_period": 100_000,
        "cpu_quota": 50_000,
        "pids_limit": 32,
        "log_config": docker.types.LogConfig(type="json-file"),
    }
    host = client.create_host_config(**wanted | changed)
    command = ["/usr/bin/python3", "-c", "import time; time.sleep(60)"]
    return str(client.create_container(LEARNER, command, name=name, user=user, host_config=host)["Id"])


def test_a_confined_container_can_be_made_started_and_removed(client: docker.APIClient, shown: Path) -> None:
    made = _create(client, mounts=[docker.types.Mount("/mnt", str(shown), type="bind")])
    try:
        client.start(made)
        assert client.inspect_container(NAME)["State"]["Running"]
    finally:
        client.remove_container(NAME, force=True)


@pytest.mark.parametrize(
    "changed",
    [
        {"privileged": True},
        {"network_mode": "host"},
        {"network_mode": "bridge"},
        {"read_only": False},
        {"cap_add": ["SYS_ADMIN"]},
        {"cap_drop": []},
        {"security_opt": ["no-new-privileges", "seccomp=unconfined"]},
        {"pid_mode": "host"},
        {"ipc_mode": "host"},
        {"devices": ["/dev/null:/dev/null:rwm"]},
        {"binds": ["/etc:/mnt"]},
        {"volumes_from": ["other"]},
        {"mem_limit": 0, "memswap_limit": 0},
        {"pids_limit": -1},
        {"log_config": docker.types.LogConfig(type="syslog")},
        {"mounts": [docker.types.Mount("/mnt", "/etc", type="bind")]},
        {"mounts": [docker.types.Mount("/mnt", "/var/run/docker.sock", type="bind")]},
        {"mounts": [docker.types.Mount("/mnt", "data", type="volume")]},
        {"user": "0:0"},
        {"name": "other"},
    ],
    ids=lambda changed: "-".join(changed),
)
def test_a_container_that_is_less_confined_is_refused(client: docker.APIClient, changed: dict[str, Any]) -> None:
    with pytest.raises(docker.errors.APIError, match="the Hub may not do this"):
        _create(client, **changed)


def test_a_mount_through_a_link_or_upwards_is_refused(client: docker.APIClient, shown: Path) -> None:
    (shown / "link").symlink_to("/etc")
    for source in (shown / "link", shown / ".." / ".." / "etc", shown / "link" / "ssl"):
        with pytest.raises(docker.errors.APIError, match="may not be mounted"):
            _create(client, mounts=[docker.types.Mount("/mnt", str(source), type="bind")])


def test_nothing_else_of_the_engine_can_be_had(client: docker.APIClient, engine: docker.DockerClient) -> None:
    other = engine.containers.create(LEARNER, ["true"], name="not-ours")
    try:
        for call in (
            client.info,
            client.images,
            client.networks,
            client.volumes,
            lambda: client.pull("busybox"),
            lambda: client.remove_image(LEARNER),
            lambda: client.inspect_container("not-ours"),
            lambda: client.inspect_container(other.id),
            lambda: client.start(other.id),
            lambda: client.remove_container(other.id),
            lambda: client.exec_create(other.id, "true"),
            lambda: client.create_volume("x"),
        ):
            with pytest.raises(docker.errors.APIError, match="the Hub may not do this"):
                call()
    finally:
        other.remove(force=True)
