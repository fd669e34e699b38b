"""The built desk against a double of its door, and a browser: once for all tests here."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.dashboard.dashboard_double import DIST, Books, DashboardDouble
from tests.e2e.dashboard.dashboard_page import DeskPage


@pytest.fixture(scope="session")
def double() -> Iterator[DashboardDouble]:
    assert (DIST / "index.html").exists(), "web/dashboard is not built: run `make setup`"
    running = DashboardDouble()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def books(double: DashboardDouble) -> Books:
    """What the double knows: nothing that waits yet."""
    return double.fresh()


@pytest.fixture
def desk(browser: Browser, double: DashboardDouble, books: Books) -> Iterator[DeskPage]:
    """A page of a mentor. Nothing may have been thrown in it, refused by its policy or fetched from elsewhere."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = DeskPage(context.new_page(), double.url)
    yield page
    context.close()
    assert page.errors == []
    assert page.refused == []
    assert [url for url in page.asked if not url.startswith(double.url)] == []
    assert books.without_xsrf == []
