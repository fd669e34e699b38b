"""Every Dockerfile of infra/images is built, on a base of this machine's own packages, and what it makes is started.

Python's packages come from where pip finds them. What stands in for public images: the base, which also has bubblewrap;
Node's, with this machine's program; Caddy's and Keycloak's, with programs that tell how they were built.
"""

import json
import os
import runpy
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import docker
import docker.errors
import pytest
from docker.models.containers import Container
from packaging.markers import Marker

from tests.docker.machine_image import LEARNER, has, make_base
from tests.image_parts import Part, parts, pins

ROOT: Final = Path(__file__).resolve().parents[2]
BUILD: Final = ROOT / "infra" / "images" / "build.py"
BASE: Final = "caseloop-test/services-base:1"
TAG: Final = LEARNER.partition(":")[2]
OURS: Final = parts(ROOT)
ACCOUNT: Final = "10001:10001"
ENVIRONMENT: Final = "/opt/caseloop/env"
STAND_INS: Final[Mapping[str, str]] = {
    "NODE": "COPY node /usr/local/bin/node\n",
    "CADDY": "RUN cp /usr/bin/id /usr/bin/caddy\n",
    "KEYCLOAK": "COPY kc.sh /opt/keycloak/bin/kc.sh\nRUN chown -R 1000:0 /opt/keycloak\nUSER 1000:0\n"
    'ENTRYPOINT ["/opt/keycloak/bin/kc.sh"]\n',
}
"""Argument of a Dockerfile -> what the image in its place has."""
_KEYCLOAK: Final = """#!/bin/bash
case "$*" in
  build) mkdir -p /opt/keycloak/lib/quarkus && echo "built for $KC_DB" > /opt/keycloak/lib/quarkus/built ;;
  "start --optimized") cat /opt/keycloak/lib/quarkus/built ;;
  *) exit 2 ;;
esac
"""
_COMPILERS: Final = ("cc", "gcc", "g++", "clang", "make", "ld", "as")
_TELL: Final = """
import importlib, json, re, shutil, sys
from importlib.metadata import distributions
modules, programs = json.loads(sys.argv[1])
for module in modules:
    importlib.import_module(module)
print(json.dumps({
    "packages": {re.sub("[_.]", "-", one.metadata["Name"].lower()): one.version for one in distributions()},
    "programs": [name for name in programs if shutil.which(name)],
}))
"""
_FILES: Final = """
cd /opt/caseloop && find . -mindepth 2 -printf '%p %y %m %U %T@ %l\\n' && find . -type f -exec sha256sum {} +
"""
_COMPILED: Final = """
import importlib, json, os, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
specs = [one.__spec__ for one in sys.modules.values() if getattr(one, "__spec__", None)]
print(json.dumps([one.origin for one in specs if one.cached and not os.path.exists(one.cached)]))
"""
Run = Callable[..., tuple[int, str]]


def _stand_in(engine: docker.DockerClient, name: str, folder: Path) -> str:
    if name == "NODE":
        # the program itself, as the set-up chose it
        shutil.copy(json.loads((ROOT / ".cache" / "setup" / "node.json").read_text())["node"], folder / "node")
    elif name == "KEYCLOAK":
        (folder / "kc.sh").write_text(_KEYCLOAK)
        (folder / "kc.sh").chmod(0o755)
    (folder / "Dockerfile").write_text(f"FROM {BASE}\n{STAND_INS[name]}")
    image = f"caseloop-test/{name.lower()}-stand-in:1"
    engine.images.build(path=str(folder), tag=image, rm=True)
    return image


def _built(*words: str) -> None:
    # the base has this machine's authorities, also those of its own network
    variables = {"PIP_CERT": "/etc/ssl/certs/ca-certificates.crt"} | os.environ
    subprocess.run([sys.executable, str(BUILD), "--base", BASE, *words], check=True, env=variables)


@pytest.fixture(scope="module", autouse=True)
def images(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Image -> what the engine says of it. All but the learners', which is made before these tests, are built here.

    They stay, as that one does: the next build takes what has not changed from them.
    """
    if not has(BASE):
        make_base(BASE, "bubblewrap", "libseccomp2")
    told = [
        word
        for name in STAND_INS
        for word in ("--replace", f"{name}={_stand_in(engine, name, tmp_path_factory.mktemp(name.lower()))}")
    ]
    names = list(runpy.run_path(str(BUILD))["GATHER"])
    _built(*told, "--tag", TAG, *(name for name in names if name != "learner"))
    return {name: engine.images.get(f"caseloop/{name}:{TAG}").attrs for name in names}


@pytest.fixture
def run(engine: docker.DockerClient) -> Run:
    """Run a command in an image as docker-compose.yml has its containers run; returns status and output."""

    def go(image: str, command: list[str], **more: Any) -> tuple[int, str]:
        container = _container(engine, image, command, **more)
        try:
            container.start()
            return int(container.wait()["StatusCode"]), container.logs().decode()
        finally:
            # The image may be taken away afterwards.
            container.remove(force=True)

    return go


def _locked(lock: str) -> dict[str, str]:
    """What a lock has for the Python of the images: package -> version."""
    return {
        name: version
        for name, versions in pins(ROOT / "requirements" / f"{lock}.txt").items()
        for version, condition in versions.items()
        if not condition or Marker(condition).evaluate()
    }


def _container(engine: docker.DockerClient, image: str, command: list[str], tag: str = TAG, **more: Any) -> Container:
    options = {
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "network_mode": "none",
        "tmpfs": {"/tmp": "size=64m"},
    }
    return engine.containers.create(f"caseloop/{image}:{tag}", command, **(options | more))


def _places(name: str) -> dict[str, str]:
    """Where a service keeps and listens, in memory."""
    mine = "uid=10001,gid=10001,mode=0700,size=16m"
    folders = ("", "/run", f"/run/{name}", "/run/own", "/scratch")
    return {"/tmp": "size=64m"} | {f"/var/lib/caseloop{folder}": mine for folder in folders}


def test_no_dockerfile_is_left_out(images: Mapping[str, Any]) -> None:
    """All but that of a case, which has a test of its own below."""
    build = runpy.run_path(str(BUILD))
    made = {build["recipe"](name).stem for name in images}
    assert made | {"case"} == {path.stem for path in BUILD.parent.glob("*.Dockerfile")}


@pytest.mark.parametrize("part", OURS.values(), ids=list(OURS))
def test_all_that_its_containers_load_can_be_loaded(part: Part, run: Run) -> None:
    """Each module of ours that one of them loads, and each package of its lock, and not one more."""
    programs = {
        container["healthcheck"]["test"][1] for container in part.containers.values() if "healthcheck" in container
    }
    asked = json.dumps([part.modules, [*programs, *_COMPILERS, "pip", "pip3", "uv"]])
    status, said = run(part.image, ["python3", "-c", _TELL, asked])
    assert status == 0, said
    told = json.loads(said.splitlines()[-1])
    assert set(told["programs"]) == programs
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert told["packages"] == _locked(f"images/{part.extra}") | {ours["name"]: ours["version"]}


@pytest.mark.parametrize("part", OURS.values(), ids=list(OURS))
def test_it_is_nobodys_to_change_and_not_roots_to_run(part: Part, run: Run, images: Mapping[str, Any]) -> None:
    how = images[part.image]["Config"]
    assert how["User"] == ACCOUNT
    assert {container["user"] for container in part.containers.values()} == {ACCOUNT}
    looks = (
        "find / -xdev -writable -not -type l -not -path '/proc/*' -not -path '/dev/*' -not -path '/tmp*'; ls -d /build"
    )
    _, said = run(part.image, ["sh", "-c", looks], read_only=False)
    assert [line for line in said.splitlines() if "cannot" not in line and "ermission denied" not in line] == []


@pytest.mark.parametrize(
    ("image", "modules"), [("doors", ("infra.cli", "infra.production.cli")), ("learner", ("jupyterhub.singleuser",))]
)
def test_nothing_is_compiled_at_a_start(image: str, modules: tuple[str, ...], run: Run) -> None:
    """What is read-only would compile the same each time, for a health check, too."""
    status, said = run(image, ["python3", "-c", _COMPILED, *modules])
    assert status == 0, said
    assert json.loads(said.splitlines()[-1]) == []


@pytest.mark.parametrize(
    ("image", "name"),
    [
        (part.image, name)
        for part in OURS.values()
        for name, how in part.containers.items()
        if "serve" in how["command"]
    ],
)
def test_a_service_comes_as_far_as_it_can_alone(image: str, name: str, run: Run) -> None:
    """To Vault, without which none is started; its health check says that it is not there."""
    (container,) = (how for part in OURS.values() for one, how in part.containers.items() if one == name)
    status, said = run(image, container["healthcheck"]["test"][1:], tmpfs=_places(name))
    assert status == 1, said
    if container["healthcheck"]["test"][1] == "caseloop":
        assert said == ""
    if name.endswith("-door"):
        return  # it needs no Vault: see the next test
    variables = {"CASELOOP_ISOLATION": "docker"} if name == "hub" else {}
    status, said = run(image, container["command"], tmpfs=_places(name), environment=variables)
    assert (status, "Traceback" in said) == (1, False), said
    assert f"{name} is not started: " in said, said


@pytest.mark.parametrize("name", ["builds-door", "checks-door", "engine-door"])
def test_a_door_opens_and_its_health_check_says_so_and_once_more_after_a_restart(
    engine: docker.DockerClient, name: str
) -> None:
    how = OURS["doors"].containers[name]
    most = {limit: how[limit] for limit in ("mem_limit", "memswap_limit")}
    container = _container(engine, "doors", ["caseloop", "serve", name], tmpfs=_places(name), **most)
    container.start()
    try:
        for _ in range(2):
            until = time.monotonic() + 60
            while (status := _asked(container, how["healthcheck"]["test"][1:])) and time.monotonic() < until:
                time.sleep(0.2)
            assert status == 0, container.logs().decode()
            container.reload()
            # the check is a second Python within the same limit
            assert (container.attrs["State"]["OOMKilled"], container.attrs["State"]["Running"]) == (False, True)
            container.restart(timeout=5)
    finally:
        container.remove(force=True)


def _asked(container: Container, command: list[str]) -> int:
    """The status of a command in it; 1 where it does not run at that moment."""
    try:
        return int(container.exec_run(command).exit_code)
    except docker.errors.APIError:
        return 1


def test_the_hub_has_its_proxy_and_a_node_to_run_it(run: Run) -> None:
    proxy = "web/node_modules/configurable-http-proxy/bin/configurable-http-proxy"
    command = f"node --version && node {proxy} --version && python3 -m jupyterhub --version"
    command += " && cat .cache/setup/node.json"
    status, said = run("hub", ["sh", "-c", command])
    assert status == 0, said
    node, version, hub, where = said.splitlines()
    assert node.startswith("v")
    locked = json.loads((ROOT / "web" / "package-lock.json").read_text())["packages"]
    assert version == locked["node_modules/configurable-http-proxy"]["version"]
    assert hub == _locked("images/hub")["jupyterhub"]
    assert json.loads(where) == {"node": "/usr/local/bin/node"}


def test_the_runner_and_the_case_service_have_what_learners_code_runs_in(run: Run) -> None:
    learners = "import IPython, pandas, sklearn, sys; print(sys.prefix)"
    for image in ("runner", "cases"):
        assert run(image, ["/opt/learner/bin/python", "-c", learners]) == (0, "/opt/learner\n")
    assert run("runner", ["bwrap", "--version"])[0] == 0
    installers = (
        ".cache/setup/uv/bin/uv --version && .cache/setup/uv/bin/python -m pip --version && ls .cache/setup/wheels"
    )
    status, said = run("cases", ["sh", "-c", installers])
    assert status == 0, said
    assert said.startswith(f"uv {_locked('uv')['uv']}")
    assert ".whl" in said.splitlines()[-1]


def test_keycloak_starts_from_what_was_built_and_the_reverse_proxy_from_a_plain_copy(run: Run) -> None:
    assert run("keycloak", ["start", "--optimized"], user="1000:0") == (0, "built for postgres\n")
    status, said = run("reverse-proxy", ["/usr/bin/caddy", "-u"], user="10004:10004")
    assert (status, said) == (0, "10004\n")


def test_an_image_of_a_case_has_its_packages_and_no_installer(engine: docker.DockerClient, tmp_path: Path) -> None:
    """That which is made by hand, with the last Dockerfile of the folder."""
    name, version = "stamina", _locked("images/feedback")["stamina"]
    (tmp_path / "requirements.txt").write_text(f"{name}=={version}\n")
    shutil.copyfile(BUILD.parent / "case.Dockerfile", tmp_path / "Dockerfile")
    arguments = {"TAG": TAG, "PIP_CERT": "/etc/ssl/certs/ca-certificates.crt"}
    arguments |= {key: os.environ[key] for key in ("PIP_INDEX_URL", "PIP_CERT") if key in os.environ}
    image, _ = engine.images.build(path=str(tmp_path), buildargs=arguments, rm=True)
    try:
        tells = f"import pandas, {name}, os; print(os.getuid(), os.path.exists('/build'))"
        said = engine.containers.run(image.id, ["python", "-c", tells], network_mode="none", remove=True)
        assert said.decode() == "65534 False\n"
    finally:
        engine.images.remove(image.id, force=True)


def test_images_share_what_they_have_in_common(images: Mapping[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    layers = {name: image["RootFS"]["Layers"] for name, image in images.items()}
    kit, code = layers["kit"], layers["doors"][-1]
    for name in OURS:
        assert layers[name][: len(kit)] == kit, name
        assert layers[name][-1] == code, name
    assert layers["runner"][: len(kit) + 1] == layers["cases"][: len(kit) + 1]
    size = {name: image["Size"] for name, image in images.items()}
    with capsys.disabled():
        sys.stdout.write("\n")
        for name in sorted(size, key=lambda name: size[name]):
            beyond = f", {(size[name] - size['kit']) / 1e6:.0f} beyond the kit's" if name in OURS else ""
            sys.stdout.write(f"  caseloop/{name}: {size[name] / 1e6:.0f} MB{beyond}\n")
    assert max(size[name] for name in ("doors", "gateway", "dashboard", "progress", "mentoring")) < size["kit"] + 60e6
    assert size["hub"] < size["cases"]


def test_equal_input_makes_equal_files(engine: docker.DockerClient, run: Run) -> None:
    """The kit, the code and a service, made once more without the cache: every file and every date but those of the
    folders around, which the engine itself makes."""
    _built("--no-cache", "--tag", "anew", "kit", "doors", "dashboard")
    try:
        before, after = (run("dashboard", ["sh", "-c", _FILES], tag=tag) for tag in (TAG, "anew"))
        assert before[0] == 0
        assert len(before[1].splitlines()) > 5_000
        assert set(before[1].splitlines()) ^ set(after[1].splitlines()) == set()
    finally:
        for name in ("dashboard", "doors", "kit"):
            engine.images.remove(f"caseloop/{name}:anew")
