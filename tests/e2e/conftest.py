"""The browser, and what is told about a test of it that failed: what stood on its pages, what the system logged."""

from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, sync_playwright

from tests.e2e.chromium import running_chromium
from tests.e2e.system.caseloop_system import System


# Not for the whole session: playwright's own event loop runs as long, and no other test could have one.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with running_chromium(playwright) as chromium:
        yield chromium


def _pages(item: pytest.Item) -> Iterator[Page]:
    for value in getattr(item, "funcargs", {}).values():
        match value:
            case Browser():
                yield from (page for context in value.contexts for page in context.pages)
            case BrowserContext():
                yield from value.pages


def _systems(item: pytest.Item) -> Iterator[System]:
    yield from (value for value in getattr(item, "funcargs", {}).values() if isinstance(value, System))


def _told(page: Page) -> str:
    """A page's address, and every dialog on it: one that nobody expected is the usual reason for a click to miss."""
    try:
        dialogs = page.locator("dialog:visible, [role=dialog]:visible, [role=alert]:visible").all_inner_texts()
        return f"{page.url}\n" + "\n".join(f"  dialog: {' | '.join(text.split(chr(10)))}" for text in dialogs)
    except Error as error:
        return f"{page.url}\n  (its content cannot be read: {error})"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.failed:
        if told := [_told(page) for page in _pages(item)]:
            report.sections.append(("pages", "\n".join(told)))
        for system in _systems(item):
            report.sections.append(("logs of the system", system.logs()))
    return report
