"""The learner's choice about AI: asked before anything is, kept, changed, not asked where a case is without AI."""

import pytest
from playwright.sync_api import expect

from tests.e2e.lab.assistance_double import RULES_ANSWER
from tests.e2e.lab.gateway_double import Desk, GatewayDouble
from tests.e2e.lab.lab_page import Lab, eventually

pytestmark = pytest.mark.browser


def test_nothing_is_asked_of_a_model_before_the_learner_has_chosen(lab: Lab, desk: Desk) -> None:
    lab.write(total="total = 1")
    lab.open()
    expect(lab.part("ai-standing")).to_have_text("AI help: Not decided yetDecide")
    feedback = lab.check("total")
    expect(feedback).to_have_attribute("data-verdict", "needs_work")
    expect(lab.within(feedback, "words")).to_have_count(0)
    lab.within(feedback, "open-help").click()
    consent = lab.part("consent")
    expect(consent).to_contain_text("a-model")
    expect(consent).to_contain_text("this text goes nowhere else")
    expect(lab.part("tab-hints")).to_have_count(0)
    assistant = desk.assistant
    assert (assistant.worded, assistant.asked, assistant.questions, assistant.chosen) == ([], [], [], [])

    lab.within(consent, "use-ai").click()
    expect(lab.part("tab-hints")).to_be_focused()
    lab.said("AI help is on.")
    expect(lab.part("ai-standing")).to_have_attribute("data-choice", "yes")
    assert assistant.chosen == [True]
    lab.open()
    lab.help("total")
    expect(lab.part("consent")).to_have_count(0)


def test_who_works_without_ai_is_left_in_peace_and_may_change_that(lab: Lab, desk: Desk) -> None:
    lab.write(total="total = 1")
    lab.open()
    lab.within(lab.row("total"), "open-help").click()
    lab.part("decline-ai").click()
    expect(lab.part("ai-declined")).to_contain_text("You work on this case without AI.")
    expect(lab.part("change-ai")).to_be_focused()
    feedback = lab.check("total")
    expect(feedback).to_have_attribute("data-verdict", "needs_work")
    expect(lab.within(feedback, "open-help")).to_have_count(0)
    expect(lab.within(feedback, "show-hint")).to_be_visible()  # what the checks themselves say stays
    assert desk.assistant.worded == []

    lab.part("change-ai").click()
    lab.part("keep-choice").click()
    expect(lab.part("change-ai")).to_be_focused()
    lab.part("change-ai").click()
    lab.part("use-ai").click()
    expect(lab.part("hint-kind")).to_have_count(3)
    expect(lab.within(feedback, "open-help")).to_be_visible()
    assert desk.assistant.chosen == [False, True]


def test_without_a_model_hints_and_chat_work_by_rules_and_say_so(lab: Lab, desk: Desk) -> None:
    desk.assistant.model = None
    lab.write(total="total = 1")
    lab.open()
    lab.part("change-ai").click()
    expect(lab.part("consent")).to_contain_text("No language model is set up here")
    lab.within(lab.row("total"), "open-help").click()
    expect(lab.part("consent")).to_contain_text("hints and answers come from rules")
    lab.part("use-ai").click()
    expect(lab.within(lab.part("help-view"), "ai-standing")).to_contain_text("On, by rules")
    lab.part("help-view").locator("[data-caseloop='hint-kind'][data-kind='plan'] [data-caseloop='ask-hint']").click()
    expect(lab.part("hint-text")).not_to_be_empty()
    expect(lab.part("written-by")).to_have_text("Written by rules")
    lab.part("tab-chat").click()
    lab.part("chat-text").fill("Why?")
    lab.page.keyboard.press("Enter")
    answer = lab.part("message").last
    expect(answer).to_contain_text(RULES_ANSWER.replace("`", ""))
    expect(lab.within(answer, "written-by")).to_contain_text("Written by rules")


def test_text_that_leaves_the_machine_is_told_and_the_count_of_uses_follows_what_is_used(lab: Lab, desk: Desk) -> None:
    desk.assistant.choice, desk.assistant.remote = True, True
    lab.write(total="total = 1")
    lab.open()
    lab.part("change-ai").click()
    expect(lab.part("consent")).to_contain_text("this text leaves the machine")
    lab.part("keep-choice").click()
    standing = lab.part("ai-standing")
    expect(standing).to_contain_text("On · not used yet")
    lab.check("total")
    expect(standing).to_have_attribute("data-uses", "1")
    lab.help("total")
    lab.part("ask-hint").first.click()
    expect(standing).to_contain_text("used 2 times")


def test_a_choice_that_cannot_be_kept_is_not_taken_as_made(lab: Lab, desk: Desk, gateway: GatewayDouble) -> None:
    lab.open()
    lab.part("change-ai").click()
    gateway.stop()
    lab.part("use-ai").click()
    expect(lab.part("consent-problem")).to_contain_text("Caseloop cannot be reached")
    gateway.start()
    lab.part("use-ai").click()
    expect(lab.part("ai-standing")).to_have_attribute("data-choice", "yes")
    eventually(lambda: desk.assistant.chosen == [True])


def test_a_choice_changed_elsewhere_is_noticed_at_the_next_question(lab: Lab, desk: Desk) -> None:
    desk.assistant.choice = True
    lab.open()
    lab.help("total")
    desk.assistant.choice = False
    lab.part("ask-hint").first.click()
    expect(lab.part("ai-declined")).to_be_visible()
    assert desk.assistant.asked == []
