"""One whole system for all tests of this folder, whose environments are containers, and two learners in it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from infra.production.engine_door import Rules, door_app
from infra.production.serve import shown_folders
from infra.settings import EmbeddedSettings
from tests.docker.door import open_door
from tests.docker.machine_image import LEARNER, engine_answers
from tests.e2e.system.caseloop_person import Environment, Kernel, Person
from tests.e2e.system.caseloop_system import System
from tests.e2e.system.one_home import small_system

CASE = "python-basics"
LIMITS = {
    "CASELOOP_ENVIRONMENT_MEMORY_MB": "1024",
    "CASELOOP_ENVIRONMENT_CPUS": "0.5",
    "CASELOOP_ENVIRONMENT_PROCESSES": "128",
    "CASELOOP_ENVIRONMENT_DISK_MB": "64",
    "CASELOOP_SAVE_SECONDS": "2",
}


def pytest_sessionstart() -> None:
    if not engine_answers():
        pytest.exit("There is no Docker engine here that this account may use; see `make test-docker`", returncode=1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first of them starts a whole system and two containers, on a machine that may be busy.

    The system of `docker-compose.yml` comes last: it is made of the images that other tests here build.
    """
    items.sort(key=lambda item: item.path.name == "test_compose_system.py")
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="session")
def system(project: Path) -> Iterator[System]:
    """The Hub of this system has the filtering door and not the engine's own socket."""
    door = Path(tempfile.mkdtemp(prefix="cl-door-")) / "door.sock"
    variables = {"CASELOOP_ISOLATION": "docker", "CASELOOP_LEARNER_IMAGE": LEARNER, "DOCKER_HOST": f"unix://{door}"}
    with small_system(project, CASE, **variables, **LIMITS) as running:
        settings = EmbeddedSettings(home=running.home)
        rules = Rules(LEARNER.rpartition(":")[0], shown_folders(settings), f"{os.geteuid()}:{os.getegid()}")
        with open_door(door, lambda engine: door_app(engine, rules)):
            running.start()
            yield running
            running.end()
    shutil.rmtree(door.parent)


@pytest.fixture(scope="session")
def environment(system: System) -> Environment:
    """The environment of the one who attacks."""
    return Person(system).sign_in().start(CASE)


@pytest.fixture(scope="session")
def neighbour(system: System) -> Environment:
    """The environment of somebody else, open at the same time."""
    return Person(system, "mentor").sign_in().start(CASE)


@pytest.fixture
def kernel(environment: Environment, neighbour: Environment) -> Iterator[Kernel]:
    """Code in it runs as everything that a learner writes and runs. Its memory is given back after the test."""
    kernel = environment.kernel()
    yield kernel
    environment.api("DELETE", f"/api/kernels/{kernel.id}")
