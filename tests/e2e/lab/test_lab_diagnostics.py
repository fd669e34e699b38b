"""What is certain to fail is underlined while typing, in the browser alone."""

import pytest
from playwright.sync_api import expect

from tests.e2e.lab.lab_page import Lab

pytestmark = pytest.mark.browser


def test_diagnostics_come_and_go_while_typing(lab: Lab) -> None:
    lab.write(total="total = sum(prices)\nprint(totl)", mean="usual = (1 +")
    lab.open()
    errors = lab.page.locator(".cm-lintRange-error")
    expect(lab.cell(3).locator(".cm-lintRange-error")).to_have_text("totl", timeout=20_000)
    expect(lab.cell(6).locator(".cm-lintRange-error")).to_have_count(1)
    expect(errors).to_have_count(2)
    lab.cell(3).locator(".cm-lintRange-error").hover()
    expect(lab.page.locator(".cm-tooltip-lint")).to_contain_text("Undefined name `totl`")
    lab.type(6, "5)")
    expect(lab.cell(6).locator(".cm-lintRange-error")).to_have_count(0)
    lab.type(9, "totl = 2", replace=True)
    expect(errors).to_have_count(0)
    lab.type(9, "other = 2", replace=True)
    expect(lab.cell(3).locator(".cm-lintRange-error")).to_have_text("totl")


def test_check_cells_are_not_the_learners_to_mend_and_no_request_is_made_for_a_diagnostic(lab: Lab) -> None:
    lab.open().settled()
    expect(lab.page.locator("[data-caseloop-diagnostics='0']")).to_have_count(1, timeout=20_000)
    expect(lab.page.locator(".cm-lintRange-error")).to_have_count(0)
    asked: list[str] = []
    lab.page.on("request", lambda request: asked.append(request.url) if "/caseloop/" in request.url else None)
    lab.type(3, "print(nope)", replace=True)
    expect(lab.cell(3).locator(".cm-lintRange-error")).to_have_text("nope")
    assert asked == []
