"""A learner checks a step, wrong and then right, with real clicks."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.lab.gateway_double import Desk
from tests.e2e.lab.lab_page import Lab, eventually

pytestmark = pytest.mark.browser


def test_a_step_goes_from_wrong_to_approved_and_is_still_there_after_a_reload(lab: Lab, desk: Desk) -> None:
    lab.open()
    row = lab.row("total")
    expect(row).to_have_attribute("data-state", "not_started")
    expect(row).to_contain_text("Not started")

    lab.type(3, "total = 0\nfor price in prices:\n    total = price", replace=True)
    feedback = lab.check("total")
    expect(feedback).to_have_attribute("data-verdict", "needs_work")
    expect(lab.within(feedback, "finding")).to_contain_text("runs out of money")
    expect(lab.within(feedback, "mentor")).to_contain_text("From a mentor")
    marked = lab.cell(3).locator(".cm-line.caseloop-marked")
    expect(marked).to_have_text("    total = price")
    # in words for screen readers, too
    expect(marked).to_have_attribute("data-caseloop", "marked-line")
    expect(marked).to_have_attribute("aria-description", "Feedback: `total` leaves prices out.")
    expect(row).to_have_attribute("data-state", "in_progress")
    assert [cell.id for cell in desk.checks[0].cells][:2] == ["intro", "data"]
    assert "total = price" in "".join(lab.read()["cells"][3]["source"]), "the notebook was saved before it was checked"

    lab.type(3, "\ntotal = sum(prices)")
    expect(feedback).to_have_attribute("data-state", "stale")
    lab.within(feedback, "check-again").click()
    expect(feedback).to_have_attribute("data-verdict", "approved")
    expect(feedback).to_have_attribute("data-state", "current")
    expect(lab.cell(3).locator(".cm-line.caseloop-marked")).to_have_count(0)
    expect(row).to_have_attribute("data-state", "approved")
    expect(lab.part("overall")).to_contain_text("1 of 3 approved · 2 of 6 points")

    lab.saved()
    lab.open()
    expect(lab.feedback("total")).to_have_attribute("data-verdict", "approved")
    expect(lab.feedback("total")).to_have_attribute("data-state", "current")
    expect(lab.row("total")).to_have_attribute("data-state", "approved")


def test_a_failing_check_tells_its_results_leads_to_the_line_and_opens_hints_one_at_a_time(lab: Lab) -> None:
    lab.write(total="a = 1\ntotal = a")
    lab.open()
    feedback = lab.check("total")
    results = lab.within(feedback, "check-result")
    expect(results).to_have_count(2)
    expect(results.nth(0)).to_contain_text("Passed: the total is positive")
    expect(results.nth(1)).to_contain_text("Failed: Hidden check")
    expect(lab.within(feedback, "repairs")).to_contain_text("it was put back before your code ran")

    lab.within(feedback, "go-to-line").first.click()
    expect(lab.cell(3).locator(".cm-content")).to_be_focused()
    assert lab.cursor() == {"line": 1, "column": 0}

    hints = lab.within(feedback, "hint")
    button = lab.within(feedback, "show-hint")
    expect(hints).to_have_count(0)
    button.click()
    expect(hints).to_have_count(1)
    expect(hints.first).to_have_attribute("data-step", "plan")
    for count in (2, 3, 4):
        button.click()
        expect(hints).to_have_count(count)
    expect(button).to_have_count(0)
    expect(hints.last.locator("pre")).to_contain_text("lengths += len(word)")
    lab.command("docmanager:save")
    lab.open()
    expect(lab.within(lab.feedback("total"), "hint")).to_have_count(4)


def test_progress_is_shown_and_a_check_can_be_cancelled(lab: Lab, desk: Desk) -> None:
    desk.hold.clear()
    lab.open()
    lab.within(lab.step("total"), "check").click()
    progress = lab.within(lab.step("total"), "check-progress")
    expect(progress).to_contain_text("Running cell 1 of 6")
    expect(lab.row("total")).to_contain_text("Checking…")
    lab.said("Running cell 1 of 6")
    lab.within(progress, "cancel-check").click()
    expect(progress).to_have_count(0)
    eventually(lambda: desk.cancelled == 1)
    desk.hold.set()
    expect(lab.check("total")).to_be_visible()


def test_typing_while_a_check_runs_is_kept_and_makes_its_answer_stale(lab: Lab, desk: Desk) -> None:
    desk.hold.clear()
    lab.write(total="total = sum(prices)")
    lab.open()
    lab.within(lab.step("total"), "check").click()
    # before this stage the notebook is still being saved, and what is typed then is checked too
    expect(lab.within(lab.step("total"), "check-progress")).to_have_attribute("data-stage", "running")
    lab.type(3, "\n# typed meanwhile")
    desk.hold.set()
    expect(lab.feedback("total")).to_have_attribute("data-state", "stale")
    lab.page.keyboard.press("ControlOrMeta+z")
    expect(lab.feedback("total")).to_have_attribute("data-state", "current")


def test_what_the_platform_could_not_judge_costs_no_check_and_a_spent_quota_is_said(lab: Lab, desk: Desk) -> None:
    desk.standing.checks_left = 1
    lab.write(total="PLATFORM = 1")
    lab.open()
    expect(lab.row("total")).to_contain_text("1 check left")
    feedback = lab.check("total")
    expect(feedback).to_have_attribute("data-verdict", "could_not_judge")
    expect(lab.within(feedback, "fault")).to_contain_text(
        "This is our fault, not yours. It did not cost you an attempt."
    )
    lab.within(feedback, "dismiss").click()
    expect(feedback).to_have_count(0)
    expect(lab.row("total")).to_contain_text("1 check left")

    lab.type(3, "total = 1", replace=True)
    expect(lab.check("total")).to_have_attribute("data-verdict", "needs_work")
    button = lab.within(lab.step("total"), "check")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.click(force=True)
    assert len(desk.checks) == 2


def test_the_style_review_unlocks_with_the_approval(lab: Lab) -> None:
    lab.write(total="total = sum(prices)")
    lab.open().settled()
    review = lab.within(lab.row("total"), "open-review")
    expect(review).to_have_attribute("aria-disabled", "true")
    review.click(force=True)
    expect(lab.within(lab.row("total"), "review-locked")).to_contain_text("opens when this step is approved")

    expect(lab.check("total")).to_have_attribute("data-verdict", "approved")
    expect(review).not_to_have_attribute("aria-disabled", "true")
    review.click()
    view = lab.part("review-view")
    remarks = lab.within(view, "remark")
    expect(remarks).to_have_count(2)
    expect(remarks.nth(0)).to_contain_text("The next reader has to find out whether the name matters.")
    expect(remarks.nth(0).locator("a")).to_have_attribute("href", "https://docs.astral.sh/ruff/rules/unused-variable/")
    expect(remarks.nth(1).locator("a")).to_have_count(0)  # not every text is an address
    expect(lab.within(view, "review-incomplete")).to_contain_text("mypy did not finish")
    lab.within(remarks.nth(0), "go-to-line").click()
    expect(lab.cell(3).locator(".cm-content")).to_be_focused()
    lab.within(view, "back").click()
    expect(lab.within(lab.row("total"), "open-review")).to_be_focused()


def test_the_cell_toolbar_checks_answer_cells_only_and_a_row_of_the_panel_its_own(lab: Lab, desk: Desk) -> None:
    lab.open()
    button = lab.page.locator(".jp-cell-toolbar [data-command='caseloop:check']")
    lab.cell(3).locator(".cm-content").click()
    expect(button).to_be_visible()
    lab.cell(4).locator(".cm-content").click()
    expect(button).to_be_hidden()
    lab.cell(6).locator(".cm-content").click()
    button.click()
    expect(lab.feedback("mean")).to_be_visible()
    assert [check.subtask for check in desk.checks] == ["mean"]

    lab.within(lab.row("report"), "go-to-subtask").click()
    expect(lab.cell(9)).to_have_class(re.compile("jp-mod-active"))
    expect(lab.row("report")).to_have_attribute("aria-current", "step")
    lab.within(lab.row("report"), "check").click()
    expect(lab.feedback("report")).to_be_visible()
    assert [check.subtask for check in desk.checks] == ["mean", "report"]
