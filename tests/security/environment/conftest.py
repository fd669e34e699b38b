from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.system.caseloop_person import Environment, Kernel, Person
from tests.e2e.system.caseloop_system import System
from tests.e2e.system.one_home import published_system
from tests.e2e.system.published_home import PublishedHome

CASE = "python-basics"
MEMORY_MB = 512
SECRET = "the operator's own"


@pytest.fixture(scope="module")
def system(project: Path, published_home: PublishedHome) -> Iterator[System]:
    """A running system that was started from a shell with a secret in it."""
    limits = {"CASELOOP_ENVIRONMENT_MEMORY_MB": str(MEMORY_MB)}
    with published_system(project, published_home, OPERATORS_TOKEN=SECRET, **limits) as running:
        yield running


@pytest.fixture(scope="module")
def environment(system: System) -> Environment:
    """The environment of the one who attacks."""
    return Person(system).sign_in().start(CASE)


@pytest.fixture(scope="module")
def victim(system: System) -> Environment:
    """The environment of somebody else, open at the same time."""
    return Person(system, "mentor").sign_in().start(CASE)


@pytest.fixture(scope="module")
def kernel(environment: Environment, victim: Environment) -> Kernel:
    """Code in it runs as everything that a learner writes and runs."""
    return environment.kernel()
