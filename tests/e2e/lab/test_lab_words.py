"""A model's words for feedback: as they come, when they do not, and never in the way of the next check."""

import pytest
from playwright.sync_api import expect

from tests.e2e.lab.assistance_double import HEADLINE, REMARK, WARNING, HintsSpent
from tests.e2e.lab.gateway_double import Desk
from tests.e2e.lab.lab_page import Lab, eventually

pytestmark = pytest.mark.browser
RULES = "whoever plans with it runs out of money"


@pytest.fixture
def willing(lab: Lab, desk: Desk) -> Lab:
    """A learner who chose AI, with code that needs work."""
    desk.assistant.choice = True
    lab.write(total="total = 0\nfor price in prices:\n    total = price")
    return lab.open()


def test_sentences_take_the_place_of_the_rules_as_they_come_and_nothing_below_moves(willing: Lab, desk: Desk) -> None:
    lab = willing
    desk.assistant.pace = 0.3
    desk.assistant.hold.clear()
    feedback = lab.check("total")
    words = lab.within(feedback, "words")
    expect(words).to_contain_text("A model is putting this into words…")
    expect(lab.cell(2).locator("h2")).to_be_visible()  # what is above has its height
    button = lab.within(feedback, "show-hint")
    before = button.bounding_box()
    finding = lab.within(feedback, "finding")
    expect(finding).to_contain_text(WARNING)
    expect(finding).not_to_contain_text(RULES)
    expect(lab.within(feedback, "remarks")).to_contain_text("A loop is not the only way")
    assert button.bounding_box() == before

    desk.assistant.hold.set()
    expect(words).to_have_text("Worded by a model; the verdict is from the checks.")
    expect(lab.within(feedback, "headline")).to_have_text(HEADLINE)
    expect(lab.within(feedback, "remarks")).to_contain_text(REMARK)
    expect(lab.within(feedback, "go-to-line").first).to_have_text("Go to line 3")
    expect(feedback).to_have_attribute("data-verdict", "needs_work")
    lab.said("is now in a model's words")
    assert button.bounding_box() == before

    # they are saved by themselves; where the kernel's coming has changed the notebook, Lab's own saving is waited for
    eventually(lambda: HEADLINE in str(lab.read()["cells"][3]["metadata"]), within=40)
    lab.saved()
    lab.open()
    expect(lab.within(lab.feedback("total"), "headline")).to_have_text(HEADLINE)
    expect(lab.within(lab.feedback("total"), "words")).to_have_attribute("data-state", "model")
    assert len(desk.assistant.worded) == 1


def test_where_a_model_fails_the_rules_words_stay_without_fuss(willing: Lab, desk: Desk) -> None:
    lab, assistant = willing, desk.assistant
    for number, how in enumerate(("away", "leaking", "broken", "refused"), 1):
        assistant.away, assistant.leak = how == "away", how == "leaking"
        assistant.breaks = HintsSpent("broken in the middle") if how == "broken" else None
        assistant.refusal = HintsSpent("not now") if how == "refused" else None
        feedback = lab.check("total")
        expect(feedback, how).to_have_attribute("data-version", str(number))
        expect(lab.within(feedback, "words"), how).to_have_text("Worded by rules.")
        expect(lab.within(feedback, "finding"), how).to_contain_text(RULES)
        expect(lab.within(feedback, "finding"), how).not_to_contain_text(WARNING)
        expect(lab.within(feedback, "headline"), how).to_contain_text("not what the later steps need")
        expect(lab.part("check-problem"), how).to_have_count(0)
        expect(lab.page.locator("[data-caseloop='announcer-assertive']"), how).to_have_count(0)
    assert len(assistant.worded) == 4


def test_the_next_check_does_not_wait_and_ends_the_words_of_the_one_before(willing: Lab, desk: Desk) -> None:
    lab = willing
    desk.assistant.hold.clear()
    feedback = lab.check("total")
    expect(lab.within(feedback, "words")).to_have_attribute("data-state", "working")
    expect(lab.within(feedback, "finding")).to_contain_text(WARNING)
    lab.type(3, "total = sum(prices)", replace=True)
    lab.within(feedback, "check-again").click()
    expect(feedback).to_have_attribute("data-verdict", "approved")
    expect(lab.within(feedback, "words")).to_have_count(0)
    eventually(lambda: desk.assistant.cancelled == 1)
    assert len(desk.checks) == 2


def test_closing_the_notebook_ends_the_words(willing: Lab, desk: Desk) -> None:
    lab = willing
    desk.assistant.hold.clear()
    lab.idle()  # a kernel that comes later changes the notebook, and closing would ask
    feedback = lab.check("total")
    expect(lab.within(feedback, "words")).to_have_attribute("data-state", "working")
    expect(lab.within(feedback, "finding")).to_contain_text(WARNING)
    lab.saved()
    lab.command("application:close")
    eventually(lambda: desk.assistant.cancelled == 1)


def test_no_words_are_asked_for_approved_work_or_without_a_model(willing: Lab, desk: Desk) -> None:
    lab = willing
    lab.type(9, "both = sum(prices)", replace=True)
    expect(lab.check("report")).to_have_attribute("data-verdict", "approved")
    desk.assistant.model = None
    lab.part("change-ai").click()
    lab.part("use-ai").click()  # the answer tells that there is no model any more
    expect(lab.part("ai-standing")).to_contain_text("On, by rules")
    feedback = lab.check("total")
    expect(feedback).to_have_attribute("data-verdict", "needs_work")
    expect(lab.within(feedback, "words")).to_have_count(0)
    assert desk.assistant.worded == []
