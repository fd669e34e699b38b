"""The pod that a learner's environment becomes, as it would be sent to a cluster."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes_asyncio.client import ApiClient
from kubespawner import spawner as kubespawner_module

from spawner.case_server import SpawnError
from spawner.inside import HOME, IDENTITY
from spawner.kube import KubeServer
from tests.unit.spawner.in_a_cluster import IMAGE, TOKEN, case, spawner_of

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubespawner_module, "load_config", lambda **_: None)
    monkeypatch.setattr(kubespawner_module, "shared_client", lambda *_: SimpleNamespace())


@asynccontextmanager
async def _plain() -> AsyncIterator[ApiClient]:
    async with ApiClient() as client:
        yield client


async def pod_of(server: KubeServer, **changes: Any) -> Json:
    """What would be sent for the case."""
    of_case = case(**changes)
    await server.choose_environment(of_case)
    server._mounts = server.shown_inside(of_case, server.platform.data_dir / of_case.version)
    async with _plain() as client:
        sent: Json = client.sanitize_for_serialization(await server.get_pod_manifest())
    return sent


def container_of(pod: Json) -> Json:
    (container,) = pod["spec"]["containers"]
    return dict(container)


@pytest.fixture
def server(tmp_path: Path) -> Any:
    return spawner_of(KubeServer, tmp_path, memory_mb=512, cpus=0.5)


async def test_it_runs_the_image_of_the_case_version_by_its_digest(server: KubeServer) -> None:
    assert container_of(await pod_of(server, image=IMAGE))["image"] == f"caseloop/learner@{IMAGE}"
    assert container_of(await pod_of(server))["image"] == "caseloop/learner:latest"
    tagged = container_of(await pod_of(server, environment="c" * 64))
    assert tagged["image"] == "caseloop/learner:" + "c" * 24


async def test_no_option_of_the_learners_chooses_another_image(server: KubeServer) -> None:
    evil = {"image": "evil:1"}
    server.user_options = {"case": "sales", **evil, "profile": "evil", "kubespawner_override": evil}
    assert container_of(await pod_of(server, image=IMAGE))["image"] == f"caseloop/learner@{IMAGE}"


async def test_it_may_do_nothing_that_its_work_does_not_need(server: KubeServer) -> None:
    pod = await pod_of(server)
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["enableServiceLinks"] is False
    assert pod["spec"]["restartPolicy"] == "Never"
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container_of(pod)["securityContext"] == {
        "runAsUser": os.geteuid(),
        "runAsGroup": os.getegid(),
        "runAsNonRoot": True,
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


async def test_its_limits_are_those_of_the_settings(server: KubeServer) -> None:
    pod = await pod_of(server)
    limits = container_of(pod)["resources"]["limits"]
    assert (limits["memory"], limits["cpu"]) == (512 << 20, 0.5)
    scratch = [volume["emptyDir"] for volume in pod["spec"]["volumes"] if "emptyDir" in volume]
    assert scratch == [{"medium": "Memory", "sizeLimit": str(256 << 20)}] * 2


async def test_it_sees_its_own_folders_of_the_claim_and_writes_into_one(server: KubeServer) -> None:
    pod = await pod_of(server)
    assert {"name": "caseloop", "persistentVolumeClaim": {"claimName": "caseloop-learners"}} in pod["spec"]["volumes"]
    mounts = {one["mountPath"]: one for one in container_of(pod)["volumeMounts"] if one["name"] == "caseloop"}
    assert {path: one["subPath"] for path, one in mounts.items()} == {
        HOME: "homes/ada/sales/work",
        IDENTITY: f"e/{server.box_id}.id/tls",
        f"{HOME}/data": f"data/{'a' * 64}/data",
    }
    assert {path for path, one in mounts.items() if not one.get("readOnly")} == {HOME}


def test_what_lies_elsewhere_is_never_mounted(server: KubeServer) -> None:
    with pytest.raises(ValueError, match="is not on the claim"):
        server.in_claim(Path("/etc"))


async def test_it_is_told_where_hub_and_gateway_are_and_nothing_of_the_hubs(
    server: KubeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATORS_TOKEN", "secret")
    variables = {one["name"]: one.get("value") for one in container_of(await pod_of(server))["env"]}
    assert variables["CASELOOP_GATEWAY_ADDRESS"] == "caseloop-gateway:8443"
    assert variables["JUPYTERHUB_API_URL"] == "http://hub:8081/hub/api"
    assert variables["JUPYTERHUB_API_TOKEN"] == TOKEN
    assert variables["JUPYTERHUB_SERVICE_URL"].startswith("http://0.0.0.0:8888/")
    assert "CASELOOP_GATEWAY_SOCKET" not in variables
    assert "OPERATORS_TOKEN" not in variables


async def test_its_command_starts_the_learners_server_whatever_the_image_would(server: KubeServer) -> None:
    container = container_of(await pod_of(server))
    assert container["command"][:3] == ["/opt/learner/bin/python", "-m", "jupyterhub.singleuser"]
    assert f"--ServerApp.root_dir={HOME}" in container["command"]
    assert not any("sock" in word for word in container["command"])
    assert "args" not in container


async def test_policies_know_it_by_its_label(server: KubeServer) -> None:
    labels = (await pod_of(server))["metadata"]["labels"]
    assert labels["caseloop.internal/part"] == "env"
    assert labels["component"] == "singleuser-server"


async def test_no_other_configuration_loosens_it(tmp_path: Path) -> None:
    server = spawner_of(
        KubeServer,
        tmp_path,
        privileged=True,
        allow_privilege_escalation=True,
        uid=0,
        service_account="admin",
        automount_service_account_token=True,
        image="elsewhere/anything:1",
        container_security_context={"capabilities": {"add": ["SYS_ADMIN"]}},
        extra_pod_config={"hostNetwork": True, "hostPID": True, "shareProcessNamespace": True},
        extra_container_config={"securityContext": {"privileged": True}, "lifecycle": {"postStart": {}}},
        init_containers=[{"name": "first", "image": "x", "securityContext": {"privileged": True}}],
        extra_containers=[{"name": "second", "image": "x"}],
        volumes=[{"name": "host", "hostPath": {"path": "/"}}],
        volume_mounts=[{"name": "host", "mountPath": "/host"}],
    )
    assert (await pod_of(server))["spec"] == (await pod_of(spawner_of(KubeServer, tmp_path)))["spec"]


async def test_with_internal_ssl_its_certificates_come_from_a_secret_of_its_own(server: KubeServer) -> None:
    server.internal_ssl = True
    server.cert_paths = {"keyfile": "/hub/k", "certfile": "/hub/c", "cafile": "/hub/ca"}
    pod = await pod_of(server)
    (volume,) = [one for one in pod["spec"]["volumes"] if "secret" in one]
    assert volume["secret"]["secretName"] == server.secret_name
    mounted = {one["name"]: one["mountPath"] for one in container_of(pod)["volumeMounts"]}
    variables = {one["name"]: one.get("value") for one in container_of(pod)["env"]}
    assert variables["JUPYTERHUB_SSL_KEYFILE"].startswith(mounted[volume["name"]])
    assert variables["JUPYTERHUB_SERVICE_URL"].startswith("https://")
    assert f"DNS:{server.dns_name}" in server.ssl_alt_names


async def test_without_tls_nobody_is_started_unless_the_operator_says_so(server: KubeServer) -> None:
    with pytest.raises(SpawnError, match="log says why"):
        await server.start()
