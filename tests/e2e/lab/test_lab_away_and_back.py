"""What a learner sees while Caseloop is away, and that everything is there again when it is back."""

import pytest
from playwright.sync_api import expect

from services.kit.errors import CaseloopError
from tests.e2e.lab.gateway_double import Desk, GatewayDouble
from tests.e2e.lab.lab_page import Lab

pytestmark = pytest.mark.browser


def test_the_panel_says_so_and_loads_the_case_when_caseloop_is_back(lab: Lab, gateway: GatewayDouble) -> None:
    gateway.stop()
    lab.open()
    notice = lab.part("case-problem")
    expect(notice).to_contain_text("Cannot reach Caseloop.")
    expect(notice).to_contain_text("Your work is safe on disk.")
    lab.type(3, "typed = 'meanwhile'", replace=True)
    lab.command("docmanager:save")
    gateway.start()
    expect(lab.part("overview")).to_be_visible(timeout=20_000)
    expect(notice).to_have_count(0)
    expect(lab.within(lab.step("total"), "check")).to_be_visible()
    assert "meanwhile" in "".join(lab.read()["cells"][3]["source"])


def test_a_check_that_cannot_be_sent_says_so_and_works_when_tried_again(lab: Lab, gateway: GatewayDouble) -> None:
    lab.write(total="total = sum(prices)")
    lab.open()
    expect(lab.part("overview")).to_be_visible()
    gateway.stop()
    lab.within(lab.step("total"), "check").click()
    problem = lab.part("check-problem")
    expect(problem).to_contain_text("Your work is safe on disk")
    expect(lab.part("case-problem")).to_be_visible()
    expect(lab.part("overview")).to_be_visible()  # what was loaded stays
    gateway.start()
    lab.within(problem, "retry").click()
    expect(lab.feedback("total")).to_have_attribute("data-verdict", "approved")
    expect(problem).to_have_count(0)
    expect(lab.part("case-problem")).to_have_count(0)


def test_a_check_that_is_cut_off_in_the_middle_says_so(lab: Lab, desk: Desk) -> None:
    desk.cut = True
    lab.open()
    lab.within(lab.step("total"), "check").click()
    problem = lab.part("check-problem")
    expect(problem).to_contain_text("Caseloop cannot be reached")
    desk.cut = False
    lab.within(problem, "dismiss-problem").click()
    expect(problem).to_have_count(0)
    expect(lab.check("total")).to_be_visible()


def test_a_refusal_shows_its_own_words_and_the_number_for_support(lab: Lab, desk: Desk) -> None:
    refusal = type("Refused", (CaseloopError,), {"status": 403, "error": "case_mismatch", "__doc__": "Refused."})
    desk.refusal = refusal("Your environment belongs to another case. Stop the server and start it again.")
    lab.open()
    expect(lab.part("case-problem")).to_contain_text("Stop the server and start it again.")
    desk.refusal = None
    lab.within(lab.part("case-problem"), "retry").click()
    expect(lab.part("overview")).to_be_visible()


def test_loading_a_case_without_steps_and_a_newer_version_have_words_of_their_own(lab: Lab, desk: Desk) -> None:
    desk.views, desk.newer = (), 7
    desk.loads.clear()
    lab.open()
    expect(lab.within(lab.panel, "loading")).to_have_text("Loading the case…")
    desk.loads.set()
    expect(lab.part("no-subtasks")).to_be_visible()
    expect(lab.part("note")).to_contain_text("Version 7 of this case has been published.")
