import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.system.caseloop_system import System

expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def system(project: Path) -> Iterator[System]:
    """A running system; stopped and removed at the end, whatever happened."""
    # a short path: unix sockets allow 107 bytes
    home = Path(tempfile.mkdtemp(prefix="cl-"))
    running = System(project, home)
    try:
        running.start()
        yield running
    finally:
        running.end()
        shutil.rmtree(home, ignore_errors=True)
