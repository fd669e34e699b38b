"""What docker-compose.yml says of containers that are not ours, on a real engine, with stand-ins for their programs."""

import struct
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

from infra.production.metrics import PORT
from tests.docker.machine_image import BASE

Json = dict[str, Any]
PUBLIC, OURS = "caseloop-test/caddy:1", "caseloop/reverse-proxy:test"
NET_BIND_SERVICE = 10
EFFECTIVE_OF_VERSION_2 = 0x02000001
"""As `setcap cap_net_bind_service=+ep` writes it into a file's attribute."""


@pytest.fixture(scope="module")
def services(project: Path) -> Mapping[str, Json]:
    return dict(yaml.safe_load((project / "docker-compose.yml").read_text())["services"])


@pytest.fixture
def ran(engine: docker.DockerClient, services: Mapping[str, Json]) -> Iterator[Callable[..., tuple[int, str]]]:
    """Run a command as a service's container would, and what else is said; returns status and output."""
    made = []

    def run(service: str, image: str, command: list[str], **more: Any) -> tuple[int, str]:
        how = services[service]
        options = {
            "read_only": how["read_only"],
            "cap_drop": how["cap_drop"],
            "security_opt": how["security_opt"],
            "user": how["user"],
            "sysctls": how.get("sysctls"),
            "tmpfs": dict(line.partition(":")[::2] for line in how["tmpfs"]),
        }
        made.append(engine.containers.create(image, command, entrypoint=[], **(options | more)))
        try:
            made[-1].start()
        except docker.errors.APIError as error:
            return 126, str(error.explanation)
        return int(made[-1].wait()["StatusCode"]), made[-1].logs().decode()

    yield run
    for container in made:
        container.remove(force=True)


@pytest.fixture(scope="module")
def images(engine: docker.DockerClient, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An image with a program that has Caddy's capability, and ours, as build.py makes it of that."""
    folder = tmp_path_factory.mktemp("caddy")
    with tarfile.open(folder / "program.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        entry = tar.gettarinfo("/usr/bin/id", "usr/bin/caddy")
        capability = struct.pack("<5I", EFFECTIVE_OF_VERSION_2, 1 << NET_BIND_SERVICE, 0, 0, 0)
        entry.pax_headers = {"SCHILY.xattr.security.capability": capability.decode()}
        with Path("/usr/bin/id").open("rb") as content:
            tar.addfile(entry, content)
    (folder / "Dockerfile").write_text(f"FROM {BASE}\nADD program.tar /\n")
    engine.images.build(path=str(folder), tag=PUBLIC, rm=True)
    build = [sys.executable, str(project / "infra" / "images" / "build.py"), "--replace", f"CADDY={PUBLIC}"]
    subprocess.run([*build, "--tag", OURS.partition(":")[2], "reverse-proxy"], check=True)
    yield
    for name in (OURS, PUBLIC):
        engine.images.remove(name, force=True)


@pytest.mark.usefixtures("images")
def test_a_program_with_a_capability_does_not_start_without_it_and_our_copy_does(ran: Any) -> None:
    status, said = ran("reverse-proxy", PUBLIC, ["/usr/bin/caddy"])
    assert status != 0
    assert "operation not permitted" in said
    assert ran("reverse-proxy", OURS, ["/usr/bin/caddy"]) == (0, "uid=10004 gid=10004 groups=10004\n")


def test_the_reverse_proxy_may_open_the_public_ports_without_a_capability(ran: Any) -> None:
    opened = [
        "python3",
        "-c",
        "import socket; print([socket.create_server(('0.0.0.0', port)).getsockname()[1] for port in (80, 443)])",
    ]
    assert ran("reverse-proxy", BASE, opened) == (0, "[80, 443]\n")
    status, said = ran("reverse-proxy", BASE, opened, sysctls={"net.ipv4.ip_unprivileged_port_start": 1024})
    assert (status, "Permission denied" in said) == (1, True)


def test_minio_can_make_its_folders_beside_certificates_that_it_cannot_change(
    ran: Any, services: Mapping[str, Json], tmp_path: Path
) -> None:
    files = [line["target"] for line in services["minio"]["volumes"] if isinstance(line, dict)]
    home = services["minio"]["environment"]["HOME"]
    mounts = []
    tmp_path.chmod(0o755)
    for target in files:
        source = tmp_path / Path(target).name
        source.write_text("PEM\n")
        source.chmod(0o444)
        mounts.append(docker.types.Mount(target, str(source), type="bind", read_only=True))
    makes = ["bash", "-c", f"mkdir /certs/CAs {home}/.minio && cat {' '.join(files)}"]
    assert ran("minio", BASE, makes, mounts=mounts) == (0, "PEM\nPEM\n")
    status, said = ran("minio", BASE, ["bash", "-c", f"echo > {files[0]}"], mounts=mounts)
    assert (status, "Read-only file system" in said) == (1, True)
    status, said = ran("minio", BASE, ["mkdir", "/.minio"])
    assert (status, "Read-only file system" in said) == (1, True)


def test_the_door_to_the_figures_answers_on_one_of_its_networks_only(
    engine: docker.DockerClient, services: Mapping[str, Json]
) -> None:
    """The name that it has on one network leads to its address there; the others find nobody."""
    (network,) = (name for name, how in services["metrics"]["networks"].items() if how.get("aliases"))
    alias = services["metrics"]["environment"]["CASELOOP_METRICS_HOST"]
    listen = (
        "import socket, time\n"
        f"server = socket.create_server(('{alias}', {PORT}))\nprint(server.getsockname()[0], flush=True)\n"
        "while True: server.accept()[0].close()"
    )
    both = {name: engine.networks.create(f"caseloop-test-{name}", internal=True) for name in ("vault", network)}
    door = engine.containers.create(BASE, ["python3", "-c", listen], network=both["vault"].name, init=True)
    try:
        both[network].connect(door, aliases=services["metrics"]["networks"][network]["aliases"])
        door.start()
        with subprocess.Popen(["docker", "logs", "--follow", door.id], stdout=subprocess.PIPE, text=True) as said:
            assert said.stdout is not None
            listens = said.stdout.readline().strip()
            said.terminate()
        door.reload()
        addresses = {name: how["IPAddress"] for name, how in door.attrs["NetworkSettings"]["Networks"].items()}
        assert listens == addresses[both[network].name]

        def reached(of: str, address: str) -> bool:
            ask = f"import socket; socket.create_connection(('{address}', {PORT}), 3)"
            try:
                engine.containers.run(BASE, ["python3", "-c", ask], network=both[of].name, remove=True)
            except docker.errors.ContainerError:
                return False
            return True

        assert reached(network, alias)
        assert not reached("vault", addresses[both["vault"].name])
        assert not reached("vault", listens)
    finally:
        door.remove(force=True)
        for one in both.values():
            one.remove()
