"""Chromium as every browser test starts it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, ViewportSize

_FORGET: Final = """async () => {
  sessionStorage.clear();
  window.name = '';
  const databases = await indexedDB.databases();
  return [sessionStorage.length, localStorage.length, databases.length, document.cookie.length];
}"""
SIZE: Final[ViewportSize] = {"width": 1400, "height": 900}
PROGRAM: Final = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    # ruff's WebAssembly runs a second in a test; compiling it a second time, to be quicker, costs as much again
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
    context = playwright.chromium.launch_persistent_context(profile, executable_path=PROGRAM, args=FLAGS, viewport=SIZE)
    try:
        yield context
    finally:
        context.close()


def leave(page: Page) -> None:
    """Go away from what the page shows, which ends all that it does."""
    page.goto("about:blank")


def forget(page: Page, origin: str) -> None:
    """Make a page, which shows nothing, one for which the origin has kept nothing in the browser.

    What is loaded next in it is loaded as in a new page. Only that its process is there already, and has compiled the
    same scripts before: that is a third of what JupyterLab's start costs.
    """
    page.unroute_all(behavior="ignoreErrors")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(SIZE)
    page.mouse.move(0, 0)
    kept = "cookies,local_storage,indexeddb,cache_storage,service_workers"
    session = page.context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": kept})
    session.detach()
    page.context.clear_cookies()
    # what a tab keeps is told to pages of the origin only: to one that is asked of nobody
    page.route(f"{origin}/nothing", lambda route: route.fulfill(content_type="text/html", body=""))
    page.goto(f"{origin}/nothing")
    assert page.evaluate(_FORGET) == [0, 0, 0, 0], "the browser has kept something of an earlier page"
    page.unroute_all()
