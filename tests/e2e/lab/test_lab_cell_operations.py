"""The feedback stays beside its cell through all that a notebook does to cells, in every way Lab renders them."""

import json
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.lab.lab_page import Lab

pytestmark = pytest.mark.browser
MODES = ("contentVisibility", "full", "defer", "none")
"""How Lab may render the cells that nobody sees; the first is its own choice."""
MISTAKEN = "total = 0\nfor price in prices:\n    total = price"


def _mode(lab: Lab, value: str) -> None:
    """Set it before a page is opened, which saves a page that would only set it."""
    request = urllib.request.Request(
        f"{lab.url}/lab/api/settings/@jupyterlab/notebook-extension:tracker",
        json.dumps({"raw": json.dumps({"windowingMode": value})}).encode(),
        {"Authorization": f"token {lab.token}", "Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 204


@pytest.fixture
def any_mode(lab: Lab) -> Iterator[Lab]:
    """A page on which the way of rendering is changed, and that leaves the usual one behind."""
    yield lab
    _mode(lab, MODES[0])


def _open(lab: Lab, mode: str) -> None:
    _mode(lab, mode)
    lab.open()
    found = "() => window.jupyterapp.shell.currentWidget.content.notebookConfig.windowingMode"
    assert lab.page.evaluate(found) == mode


def _shows(lab: Lab, index: int) -> None:
    expect(lab.within(lab.cell(index), "feedback")).to_be_visible()
    expect(lab.cell(index).locator(".cm-line.caseloop-marked")).to_have_text("    total = price")


@pytest.mark.timeout(600)
def test_feedback_follows_its_cell_in_every_mode_and_is_there_when_it_is_opened_again(any_mode: Lab) -> None:
    lab = any_mode
    _open(lab, MODES[0])
    # what was saved in one mode is opened in the next one, and at the end in the first: a page less for each
    for then in (*MODES[1:], MODES[0]):
        lab.write(total=MISTAKEN)
        lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.revert()")
        expect(lab.part("feedback")).to_have_count(0)
        expect(lab.check("total")).to_be_visible()
        _follows(lab)
        lab.command("docmanager:save")
        _open(lab, then)
        expect(lab.within(lab.cell(3), "feedback")).to_be_visible()


def _follows(lab: Lab) -> None:
    feedback = lab.part("feedback")
    _shows(lab, 3)
    lab.select(3)
    lab.command("notebook:move-cell-down")
    _shows(lab, 4)
    lab.select(4)
    lab.command("notebook:move-cell-up")
    _shows(lab, 3)

    # a copy carries the metadata, but it is not what was judged
    lab.select(3)
    lab.command("notebook:copy-cell")
    lab.command("notebook:paste-cell-below")
    expect(feedback).to_have_count(1)
    _shows(lab, 3)
    lab.select(4)
    lab.command("notebook:delete-cell")
    expect(feedback).to_have_count(1)

    # an edit makes it stale and its mark moves with the line; undoing makes it current
    lab.cell(3).locator(".cm-content").click()
    lab.page.keyboard.press("ControlOrMeta+Home")
    lab.page.keyboard.insert_text("# a new first line\n")
    expect(feedback).to_have_attribute("data-state", "stale")
    _shows(lab, 3)
    lab.page.keyboard.press("ControlOrMeta+z")
    expect(feedback).to_have_attribute("data-state", "current")

    # a split leaves it with the piece that keeps the id; merging keeps it
    lab.cell(3).locator(".cm-content").click()
    lab.page.keyboard.press("ControlOrMeta+End")
    lab.page.keyboard.press("ArrowUp")
    lab.command("notebook:split-cell-at-cursor")
    expect(feedback).to_have_count(1)
    expect(lab.within(lab.cell(4), "feedback")).to_have_attribute("data-state", "stale")
    lab.select(4)
    lab.command("notebook:merge-cell-above")
    expect(feedback).to_have_count(1)
    expect(lab.within(lab.cell(3), "feedback")).to_be_visible()

    lab.select(3)
    lab.command("notebook:change-cell-to-markdown")
    expect(feedback).to_have_count(0)
    lab.command("notebook:change-cell-to-code")
    expect(feedback).to_have_count(1)
    lab.page.wait_for_timeout(700)  # Lab undoes changes within half a second in one go
    lab.select(3)
    lab.command("notebook:delete-cell")
    expect(feedback).to_have_count(0)
    lab.command("notebook:undo-cell-action")
    expect(lab.within(lab.cell(3), "feedback")).to_be_visible()


def test_a_merged_answer_cell_can_still_be_checked(lab: Lab) -> None:
    lab.write(total="total = sum(prices)")
    lab.open()
    expect(lab.check("total")).to_be_visible()
    lab.select(3)
    lab.command("notebook:insert-cell-below")
    lab.select(3)
    lab.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[4].model.sharedModel.setSource('# mine')"
    )
    lab.command("notebook:merge-cell-below")
    expect(lab.cell(3).locator(".cm-content")).to_contain_text("# mine")
    expect(lab.within(lab.cell(3), "feedback")).to_have_attribute("data-state", "stale")
    lab.within(lab.cell(3), "check-again").click()
    expect(lab.within(lab.cell(3), "feedback")).to_have_attribute("data-version", "2")
