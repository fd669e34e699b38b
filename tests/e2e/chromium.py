"""Chromium as every browser test starts it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

PROGRAM: Final = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    # ruff's WebAssembly runs for moments in a test; compiling it a second time, to be quicker, costs a second of each
    "--js-flags=--liftoff-only",
)


@contextmanager
def running_chromium(playwright: Playwright) -> Iterator[Browser]:
    """Start it; it ends with the block."""
    chromium = playwright.chromium.launch(executable_path=PROGRAM, args=FLAGS)
    try:
        yield chromium
    finally:
        chromium.close()


@contextmanager
def experienced_chromium(playwright: Playwright, profile: Path) -> Iterator[BrowserContext]:
    """One that keeps in its profile what it has compiled: JupyterLab's scripts cost it seconds but once."""
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=PROGRAM, args=FLAGS, viewport={"width": 1400, "height": 900}
    )
    try:
        yield context
    finally:
        context.close()


def forgetful_page(context: BrowserContext, origin: str) -> Page:
    """A page for which the origin has kept nothing in the browser, as in a context of its own."""
    page = context.new_page()
    kept = "cookies,local_storage,indexeddb,cache_storage,service_workers"
    context.new_cdp_session(page).send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": kept})
    context.clear_cookies()
    return page
