"""Every checked version and every saved notebook can be looked at and put back."""

import pytest
from playwright.sync_api import expect

from services.contracts.progress import SavedNotebook
from tests.e2e.lab.gateway_double import Desk, GatewayDouble
from tests.e2e.lab.lab_page import Lab, eventually

pytestmark = pytest.mark.browser


def _two_versions(lab: Lab) -> None:
    lab.write(total="total = 1")
    lab.open()
    expect(lab.check("total")).to_have_attribute("data-version", "1")
    lab.type(3, "total = sum(prices)", replace=True)
    lab.check("total")
    expect(lab.feedback("total")).to_have_attribute("data-version", "2")


def _confirm(lab: Lab) -> None:
    lab.page.locator(".jp-Dialog button.jp-mod-accept").click()


def _source(saved: SavedNotebook) -> str:
    return "".join(saved.notebook["cells"][3]["source"])  # type: ignore[index, call-overload, arg-type]


def _kept(desk: Desk, source: str) -> str:
    """Digest of the newest saved notebook with that answer. Lab saves by itself, too, so there may be several."""
    eventually(lambda: any(_source(saved) == source for saved in desk.saved))
    return next(saved.digest for saved in desk.saved if _source(saved) == source)


def test_an_older_version_is_shown_and_restored_with_its_feedback(lab: Lab, desk: Desk) -> None:
    _two_versions(lab)
    lab.within(lab.row("total"), "open-history").click()
    versions = lab.part("version")
    expect(versions).to_have_count(2)
    expect(versions.nth(0)).to_contain_text("Version 2")
    expect(versions.nth(0)).to_contain_text("Approved")
    expect(versions.nth(1)).to_have_attribute("data-verdict", "needs_work")

    lab.within(versions.nth(1), "view-version").click()
    expect(lab.within(versions.nth(1), "version-code")).to_have_text("total = 1")
    lab.type(3, "\n# unsaved work")
    lab.within(versions.nth(1), "restore-version").click()
    _confirm(lab)
    expect(lab.cell(3).locator(".cm-content")).to_have_text("total = 1")
    expect(lab.feedback("total")).to_have_attribute("data-version", "1")
    expect(lab.feedback("total")).to_have_attribute("data-state", "current")
    eventually(lambda: "".join(lab.read()["cells"][3]["source"]) == "total = 1")
    assert any("# unsaved work" in _source(saved) for saved in desk.saved), "what was replaced is kept"
    lab.said("Version 1 is back in the notebook.")  # until then the focus may still go to the cell
    expect(lab.row("total")).to_have_count(0)
    lab.within(lab.part("history-view"), "back").click()
    expect(lab.within(lab.row("total"), "open-history")).to_be_focused()
    expect(lab.row("total")).to_have_attribute("data-state", "approved")


def test_a_restore_can_be_called_off_and_replaces_nothing_when_the_current_state_cannot_be_kept(
    lab: Lab, gateway: GatewayDouble
) -> None:
    _two_versions(lab)
    lab.within(lab.row("total"), "open-history").click()
    expect(lab.part("version")).to_have_count(2)
    lab.part("restore-version").last.click()
    lab.page.locator(".jp-Dialog button.jp-mod-reject").click()
    expect(lab.page.locator(".jp-Dialog")).to_have_count(0)
    expect(lab.cell(3).locator(".cm-content")).to_have_text("total = sum(prices)")

    gateway.stop()
    lab.part("restore-version").last.click()
    _confirm(lab)
    expect(lab.part("restore-problem")).to_contain_text("cannot be reached")
    expect(lab.cell(3).locator(".cm-content")).to_have_text("total = sum(prices)")


def test_a_step_that_was_never_checked_has_no_version_and_a_saved_notebook_is_restored_as_a_whole(
    lab: Lab, desk: Desk
) -> None:
    lab.open()
    lab.within(lab.row("mean"), "open-history").click()
    expect(lab.part("history-empty")).to_contain_text("No version yet.")
    lab.page.keyboard.press("Escape")
    expect(lab.part("overview")).to_be_visible()

    lab.type(3, "first = 1", replace=True)
    lab.command("docmanager:save")
    first = _kept(desk, "first = 1")
    lab.type(3, "second = 2", replace=True)
    lab.command("docmanager:save")
    second = _kept(desk, "second = 2")
    lab.part("open-saves").click()
    saves = lab.part("save")
    expect(saves.and_(lab.page.locator(f"[data-digest='{second}']"))).to_have_count(1)
    lab.within(saves.and_(lab.page.locator(f"[data-digest='{first}']")), "restore-save").click()
    _confirm(lab)
    expect(lab.cell(3).locator(".cm-content")).to_have_text("first = 1")
    eventually(lambda: "".join(lab.read()["cells"][3]["source"]) == "first = 1")
    expect(lab.within(lab.step("total"), "check")).to_be_visible()
