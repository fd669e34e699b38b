"""From an error that shows while typing to a polished step: what a learner does about style."""

import os
import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.lab.gateway_double import Desk
from tests.e2e.lab.lab_page import Lab, eventually

pytestmark = pytest.mark.browser
TYPED = "import os\nimport json\ntry:\n    total = sum(prices)\nexcept:\n    total = 0"
ODD = "\n".join(f"{name} = 1  # odd" for name in "abcdefgh")
REASON = "Whatever the till has sent, the sum of nothing is right."


def picture(lab: Lab, name: str) -> None:
    """Keep what is on the screen where somebody wants to look at it."""
    if folder := os.environ.get("CASELOOP_PICTURES"):
        lab.page.screenshot(path=f"{folder}/{name}.png", animations="disabled")


def remark(lab: Lab, rule: str, text: str = "") -> Locator:
    view = lab.part("review-view")
    return view.locator(f"[data-caseloop='remark'][data-rule='{rule}']").filter(has_text=re.compile(re.escape(text)))


def test_from_a_live_error_to_a_polished_step(lab: Lab, desk: Desk) -> None:
    desk.style.reads_code = True
    lab.open()
    error = lab.cell(3).locator(".cm-lintRange-error")
    lab.type(3, "total = sum(price)", replace=True)
    expect(error).to_have_text("price", timeout=20_000)
    picture(lab, "live-error")
    review = lab.within(lab.row("total"), "open-review")
    expect(review).to_have_attribute("aria-disabled", "true")
    lab.type(3, f"{TYPED}\n{ODD}", replace=True)
    expect(error).to_have_count(0)

    expect(lab.check("total")).to_have_attribute("data-verdict", "approved")
    expect(review).not_to_have_attribute("aria-disabled", "true")
    review.click()
    view = lab.part("review-view")
    expect(lab.within(view, "review-open")).to_contain_text("3 remarks stand between this step and «polished»")
    expect(lab.within(view, "remark")).to_have_count(7)
    unused = remark(lab, "F401", "os is imported")
    expect(unused).to_contain_text("the next reader looks for what needs it")
    expect(lab.within(unused, "rule")).to_contain_text("ruff F401 · unused-import")
    expect(lab.within(unused, "fix-title")).to_contain_text("Remove unused import: os")
    picture(lab, "review-light")
    lab.within(view, "show-rest").click()
    expect(lab.within(view, "remark")).to_have_count(11)
    expect(lab.within(view, "remark-title").nth(7)).to_be_focused()

    lab.within(unused, "apply-fix").click()
    lab.said("1 remark mended.")
    expect(unused).to_have_count(0)
    expect(lab.within(view, "fixed-remark")).to_contain_text("os is imported and never used")
    expect(lab.within(view, "fixed").locator("h3")).to_be_focused()
    expect(lab.cell(3).locator(".cm-line").first).to_have_text("import json")
    picture(lab, "fix-applied")
    lab.within(view, "undo-fix").click()
    expect(unused).to_have_count(1)
    expect(lab.cell(3).locator(".cm-line").first).to_have_text("import os")

    lab.within(unused, "apply-fix").click()
    expect(unused).to_have_count(0)
    lab.within(remark(lab, "F401"), "apply-fix").click()
    expect(remark(lab, "F401")).to_have_count(0)

    bare = remark(lab, "E722")
    lab.within(bare, "dismiss").click()
    reason = lab.within(bare, "dismiss-reason")
    expect(reason).to_be_focused()
    lab.within(bare, "send-dismissal").click()
    expect(lab.within(bare, "reason-missing")).to_be_visible()
    reason.fill(REASON)
    picture(lab, "dismissing")
    reason.press("Enter")
    expect(lab.within(view, "dismissal")).to_contain_text(REASON)
    expect(bare).to_have_count(0)
    eventually(lambda: [one.reason for one in desk.style.dismissed["total"].values()] == [REASON])

    unchecked = lab.within(view, "review-unchecked")
    expect(unchecked).to_contain_text("check it once more")
    picture(lab, "unchecked")
    lab.within(unchecked, "check").click()
    expect(lab.within(view, "review-clean")).to_contain_text("This step is polished.")
    picture(lab, "polished")
    lab.theme("JupyterLab Dark")
    picture(lab, "polished-dark")
    lab.within(view, "back").click()
    expect(lab.row("total")).to_have_attribute("data-state", "polished")


def test_a_fix_for_other_code_is_refused_and_a_dismissal_is_taken_back_by_keyboard(lab: Lab, desk: Desk) -> None:
    desk.style.reads_code = True
    lab.page.set_viewport_size({"width": 760, "height": 900})
    lab.page.emulate_media(color_scheme="dark")
    lab.write(total=TYPED)
    lab.open()
    expect(lab.check("total")).to_have_attribute("data-verdict", "approved")
    lab.within(lab.row("total"), "open-review").click()
    view = lab.part("review-view")
    expect(lab.within(view, "remark")).to_have_count(3)
    picture(lab, "review-dark-narrow")
    lab.type(3, "\n# another line")
    unused = remark(lab, "F401", "json is imported")
    lab.within(unused, "apply-fix").click()
    expect(lab.within(unused, "fix-refused")).to_contain_text("The cell has changed since this review")
    picture(lab, "fix-refused-dark-narrow")
    expect(lab.cell(3).locator(".cm-line").nth(1)).to_have_text("import json")
    lab.within(unused, "review-again").click()
    expect(lab.within(unused, "fix-refused")).to_have_count(0)
    lab.within(unused, "apply-fix").click()
    expect(lab.cell(3).locator(".cm-line").nth(1)).to_have_text("try:")
    expect(lab.within(view, "fixed").locator("h3")).to_be_focused()
    lab.cell(3).locator(".cm-content").click()
    lab.page.keyboard.press("ControlOrMeta+z")
    expect(lab.cell(3).locator(".cm-line").nth(1)).to_have_text("import json")

    leave = lab.within(remark(lab, "E722"), "dismiss")
    leave.focus()
    lab.page.keyboard.press("Enter")
    expect(lab.within(view, "dismiss-reason")).to_be_focused()
    lab.page.keyboard.press("Escape")
    expect(leave).to_be_focused()
    lab.page.keyboard.press("Enter")
    expect(lab.within(view, "dismiss-reason")).to_be_focused()
    lab.page.keyboard.insert_text(REASON)
    lab.page.keyboard.press("Enter")
    expect(lab.within(view, "dismissal")).to_contain_text(REASON)
    expect(lab.within(view, "remark-title").first).to_be_focused()
    lab.within(view, "take-back").focus()
    lab.page.keyboard.press("Enter")
    expect(remark(lab, "E722")).to_have_count(1)
    expect(lab.within(view, "dismissal")).to_have_count(0)


def test_nothing_is_marked_when_the_case_says_so(lab: Lab, desk: Desk) -> None:
    desk.live_errors = False
    lab.write(total="print(nope", mean="usual = nope")
    lab.open()
    expect(lab.row("total")).to_be_visible()
    lab.type(6, "usual = nowhere", replace=True)
    expect(lab.check("mean")).to_be_visible()
    assert lab.page.locator("[data-caseloop-diagnostics]").count() == 0
    assert lab.page.locator(".cm-lintRange-error").count() == 0
