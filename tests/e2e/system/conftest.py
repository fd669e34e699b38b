import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        yield browser
        browser.close()
