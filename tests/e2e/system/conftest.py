from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.system.caseloop_system import System
from tests.e2e.system.one_home import small_system

expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def system(project: Path) -> Iterator[System]:
    """A system that was started in an empty home, and that published one case; removed at the end."""
    with small_system(project, "clean-regression") as running:
        running.start()
        yield running
