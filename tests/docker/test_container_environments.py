"""What a learner's container can reach, what it may use, and what outlives it: tried from inside, on a real engine."""

import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import httpx
import pytest

from tests.docker.conftest import CASE
from tests.e2e.system.caseloop_person import Environment, Kernel
from tests.e2e.system.caseloop_system import System, eventually
from vault.identity import host_name
from vault.tls import client_context

_TRY = """
import socket
def reach(host, port):
    try:
        socket.create_connection((host, port), timeout=3).close()
        return "reached"
    except OSError as error:
        return error.strerror or type(error).__name__
"""
_GIVE_UP = "Network is unreachable"


@pytest.fixture(scope="session")
def host_listener() -> Iterator[int]:
    """A service of the host that listens on every address; a container with any route to the host would reach it."""
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def _addresses(engine: docker.DockerClient) -> list[str]:
    """Addresses of the host that a container on a network could call: the bridge's gateway, and the host's own."""
    bridge = engine.networks.get("bridge").attrs["IPAM"]["Config"][0]
    gateway = bridge.get("Gateway") or bridge["Subnet"].rpartition(".")[0] + ".1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((gateway, 9))  # sends nothing; tells which address of the host leads there
        return [gateway, probe.getsockname()[0]]


def test_the_listener_is_reached_by_a_container_on_a_network(
    engine: docker.DockerClient, host_listener: int, system: System
) -> None:
    """Without this, the next test would pass where nobody reaches anything."""
    gateway = _addresses(engine)[0]
    code = f"{_TRY}\nprint(reach({gateway!r}, {host_listener}))"
    said = engine.containers.run(
        system.variables["CASELOOP_LEARNER_IMAGE"], ["/opt/learner/bin/python", "-c", code], remove=True
    )
    assert said.decode().strip() == "reached"


def test_no_packet_leaves_a_container(engine: docker.DockerClient, kernel: Kernel, host_listener: int) -> None:
    for address in _addresses(engine):
        assert kernel.ask(f"{_TRY}\nanswer = reach({address!r}, {host_listener})") == _GIVE_UP
    assert kernel.ask(f"{_TRY}\nanswer = reach('1.1.1.1', 443)") == _GIVE_UP
    assert kernel.ask("import os\nanswer = os.listdir('/sys/class/net')") == ["lo"]
    resolved = (
        "import socket\ntry: answer = socket.gethostbyname('example.org')\nexcept OSError as e: answer = 'refused'"
    )
    assert kernel.ask(resolved) == "refused"


def test_a_neighbour_is_out_of_reach(kernel: Kernel, neighbour: Environment) -> None:
    port = neighbour.kernel().ask(
        "import socket, threading\n"
        "listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen()\n"
        "answer = listener.getsockname()[1]"
    )
    assert kernel.ask(f"{_TRY}\nanswer = reach('127.0.0.1', {port})") == "Connection refused"
    # file systems: only the own folder, no box of anybody else, no socket of the engine
    assert kernel.ask("import os\nanswer = sorted(os.listdir('/home'))") == ["learner"]
    seen = "import os\nanswer = sorted(e for e in os.listdir('/run') if os.path.isdir('/run/' + e))"
    assert set(kernel.ask(seen)) <= {"caseloop", "gateway", "hub", "identity", "lock"}
    engines = (
        "import os\n"
        "tops = ('/run', '/var', '/tmp', '/home', '/opt')\n"
        "answer = [folder for top in tops for folder, _, files in os.walk(top) if 'docker.sock' in files]"
    )
    assert kernel.ask(engines) == []


def test_a_container_has_no_powers(kernel: Kernel) -> None:
    status = "answer = dict(l.split(':\\t', 1) for l in open('/proc/self/status').read().splitlines() if ':\\t' in l)"
    found = kernel.ask(status)
    assert {found[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0000000000000000"}
    assert found["NoNewPrivs"] == "1"
    assert found["Seccomp"] == "2"
    for place in ("/", "/usr/bin", "/etc", "/opt/learner", "/run/hub", "/run/identity", "/proc/sys/kernel"):
        refused = f"try: open({place!r} + '/x', 'w'); answer = 'written'\nexcept OSError as e: answer = e.strerror"
        assert kernel.ask(refused) != "written", place
    calls = "import subprocess\nanswer = subprocess.run(['unshare', '-U', 'true'], capture_output=True).returncode"
    assert kernel.ask(calls) != 0


def test_a_check_comes_back_through_the_mounted_gateway(environment: Environment) -> None:
    name, data = environment.check("pulse-band", environment.cells({}))[-1]
    assert (name, data["feedback"]["verdict"]) == ("feedback", "needs_work")


def test_memory_and_tmp_are_limited(kernel: Kernel, environment: Environment) -> None:
    big = (
        "import subprocess, sys\n"
        "answer = subprocess.run([sys.executable, '-c', 'x = bytearray(1200 << 20)']).returncode"
    )
    assert kernel.ask(big) == -9
    full = (
        "import os\n"
        "names = [f'/tmp/big{n}' for n in range(20)]\n"
        "answer = 'written'\n"
        "try:\n"
        "    for name in names:\n"
        "        with open(name, 'wb') as f: f.write(bytes(32 << 20))\n"
        "except OSError as e: answer = e.strerror\n"
        "for name in names:\n"
        "    if os.path.exists(name): os.unlink(name)"
    )
    assert kernel.ask(full) == "No space left on device"
    assert environment.api("GET", "/api/status").status_code == 200


def test_the_processor_is_limited(kernel: Kernel) -> None:
    """Two busy processes get half a processor together: told by the kernel's own account, not by a clock of ours."""
    count = (
        "import subprocess, sys, time, os\n"
        "def spent():\n"
        "    t = os.times(); return t.children_user + t.children_system\n"
        "burn = 'import time\\nend = time.monotonic() + 4\\nwhile time.monotonic() < end: pass'\n"
        "before, start = spent(), time.monotonic()\n"
        "for p in [subprocess.Popen([sys.executable, '-c', burn]) for _ in range(2)]: p.wait()\n"
        "answer = (spent() - before) / (time.monotonic() - start)"
    )
    assert kernel.ask(count) < 0.7


def test_a_fork_bomb_leaves_the_neighbour_answering(kernel: Kernel, neighbour: Environment) -> None:
    bomb = (
        "import os, signal, time\n"
        "pids = []\n"
        "try:\n"
        "    while len(pids) < 5000:\n"
        "        pid = os.fork()\n"
        "        if not pid: time.sleep(20); os._exit(0)\n"
        "        pids.append(pid)\n"
        "    answer = 'no limit'\n"
        "except OSError as e: answer = e.strerror\n"
    )
    assert kernel.ask(bomb) == "Resource temporarily unavailable"
    assert neighbour.kernel().ask("answer = 6 * 7") == 42
    kernel.run("for pid in pids: os.kill(pid, signal.SIGKILL)\nfor pid in pids: os.waitpid(pid, 0)")
    assert kernel.ask("answer = len(pids) < 128") is True


def test_a_file_beyond_the_limit_is_refused(kernel: Kernel) -> None:
    write = (
        "import os, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "try:\n"
        "    with open('big', 'wb') as f:\n"
        "        for _ in range(100): f.write(bytes(1 << 20))\n"
        "    answer = 'written'\n"
        "except OSError as e: answer = e.strerror\n"
        "os.unlink('big')"
    )
    assert kernel.ask(write) == "File too large"


def test_work_survives_a_stop_and_the_stopped_ones_certificate_is_refused(
    system: System, environment: Environment, engine: docker.DockerClient, tmp_path: Path
) -> None:
    person = environment.person
    notebook = environment.notebook()
    notebook["cells"][0]["source"] = "my own words"
    environment.save(notebook)
    stolen = tmp_path / "stolen.pem"
    stolen.write_text(environment.kernel().ask("answer = open('/run/identity/environment.pem').read()"))
    assert not _refused(system, stolen)
    names = {container.name for container in _containers(engine, person.name)}
    assert len(names) == 1
    person.stop(CASE)
    eventually(lambda: not names & _names(engine), "the container is removed")
    eventually(lambda: _refused(system, stolen), "the certificate is revoked")
    # the folder is lost; what was saved last is still there
    (system.home / "homes" / person.name / CASE / "work" / f"{CASE}.ipynb").unlink()
    again = person.start(CASE)
    assert again.notebook()["cells"][0]["source"] == "my own words"
    assert again.kernel().ask("answer = 1") == 1


def test_a_missing_image_is_said_to_the_operator_and_not_to_the_learner(
    system: System, environment: Environment, engine: docker.DockerClient
) -> None:
    person, image = environment.person, system.variables["CASELOOP_LEARNER_IMAGE"]
    person.stop(CASE)
    engine.images.get(image).tag("caseloop-test/aside", "1")
    engine.images.remove(image, noprune=True)
    try:
        person.request_start(CASE)
        eventually(lambda: f"There is no image {image}" in _log_of_hub(system), "the log names the image")
        page = person.http.get(f"/hub/spawn-pending/{person.name}/{CASE}").text
        assert image not in page
        assert "Tell your teacher" in page
    finally:
        engine.images.get("caseloop-test/aside:1").tag(*image.rsplit(":", 1))
        engine.images.remove("caseloop-test/aside:1", noprune=True)
    assert person.start(CASE).kernel().ask("answer = 2") == 2


def test_the_end_of_the_system_leaves_no_container(system: System, engine: docker.DockerClient) -> None:
    assert engine.containers.list(filters={"label": f"caseloop.case={CASE}"})
    assert system.stop() == 0
    assert not engine.containers.list(all=True, filters={"label": f"caseloop.case={CASE}"})


def _containers(engine: docker.DockerClient, user: str) -> list[docker.models.containers.Container]:
    running = engine.containers.list(filters={"label": f"caseloop.case={CASE}"})
    return [one for one in running if f"JUPYTERHUB_USER={user}" in one.attrs["Config"]["Env"]]


def _names(engine: docker.DockerClient) -> set[str]:
    return {container.name for container in engine.containers.list(all=True)}


def _refused(system: System, certificate: Path) -> bool:
    """Whether the gateway turns away a caller who shows this certificate."""
    context = client_context(certificate, system.home / "vault" / "authority" / "ca.pem")
    door = next(path for path in system.sockets() if path.endswith("gateway.sock"))
    transport = httpx.HTTPTransport(uds=door, verify=context)
    with httpx.Client(transport=transport, base_url=f"https://{host_name('gateway')}", trust_env=False) as client:
        try:
            client.get("/health/live")
        except httpx.TransportError:
            return True
    return False


def _log_of_hub(system: System) -> str:
    return (system.home / "logs" / "hub.log").read_text(errors="replace")
