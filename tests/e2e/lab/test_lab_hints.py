"""Hints in the panel: asked for, thought about, read, rated, rationed."""

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.lab.assistance_double import HINTS, HintsSpent
from tests.e2e.lab.gateway_double import Desk, GatewayDouble
from tests.e2e.lab.lab_page import Lab

pytestmark = pytest.mark.browser


@pytest.fixture
def willing(lab: Lab, desk: Desk) -> Lab:
    """A learner who chose AI."""
    desk.assistant.choice = True
    lab.write(total="total = 1")
    return lab.open()


def kind(lab: Lab, name: str) -> Locator:
    return lab.part("help-view").locator(f"[data-caseloop='hint-kind'][data-kind='{name}']")


def ask(lab: Lab, name: str, *, refused: bool = False) -> None:
    # a button that says why not can be pressed; the browser driver would wait for it to be enabled
    lab.within(kind(lab, name), "ask-hint").click(force=refused)


def disabled(lab: Lab, name: str) -> Locator:
    return kind(lab, name).locator("[data-caseloop='ask-hint'][aria-disabled='true']")


def test_a_hint_from_the_question_over_a_thought_to_its_rating(willing: Lab, desk: Desk) -> None:
    lab, assistant = willing, desk.assistant
    assistant.hold.clear()
    lab.help("total")
    expect(kind(lab, "plan")).to_contain_text("How to go about it")
    expect(kind(lab, "debug")).to_contain_text("3 hints left")
    ask(lab, "debug")
    progress = lab.part("hint-progress")
    expect(progress).to_have_attribute("data-stage", "repairing")
    expect(progress).to_contain_text("Looking for the smallest change that helps…")
    expect(lab.part("reflection-text")).to_be_focused()
    expect(kind(lab, "debug")).to_contain_text("2 hints left")
    expect(lab.part("hint-first")).to_have_text("A hint is being made.")

    keyboard = lab.page.keyboard
    keyboard.insert_text("two words")
    expect(lab.part("send-reflection")).to_have_attribute("aria-disabled", "true")
    keyboard.press("Enter")
    lab.said("Three words or more, please.")
    keyboard.insert_text(" and more")
    keyboard.press("Enter")
    expect(lab.part("reflection")).to_contain_text("two words and more")
    expect(lab.part("reflection")).to_be_focused()

    assistant.hold.set()
    text = lab.part("hint-text")
    expect(text).to_contain_text("inside the loop: it should never get smaller")
    expect(text.locator("code")).to_have_text("total")
    expect(lab.within(text, "written-by")).to_have_text("Written by a language model")
    lab.said(f"Your hint is ready. {HINTS['debug']}")
    lab.within(text, "go-to-line").click()
    expect(lab.cell(3).locator(".cm-content")).to_be_focused()

    expect(lab.part("hint-first")).to_contain_text("Say whether the hint below helped")
    expect(disabled(lab, "plan")).to_have_count(1)
    ask(lab, "plan", refused=True)
    assert len(assistant.asked) == 1
    lab.part("helpful").click()
    expect(lab.part("rated")).to_be_focused()
    expect(lab.part("rated")).to_have_text("You found this helpful.")
    expect(disabled(lab, "plan")).to_have_count(0)
    hint = assistant.hints[0]
    assert (hint.helpful, hint.reflection) == (True, "two words and more")
    assert [cell.id for cell in assistant.asked[0].cells][:2] == ["intro", "data"]


def test_in_lead_and_reveal_hint_and_answer_wait_for_the_learners_thought(lab: Lab, desk: Desk) -> None:
    desk.assistant.choice, desk.assistant.mode = True, "lead_and_reveal"
    lab.open()
    lab.help("total")
    ask(lab, "plan")
    expect(lab.part("hint-card")).to_have_attribute("data-state", "reflect")
    expect(lab.part("reflection-box")).to_contain_text("You see the hint when you have written three words or more.")
    expect(lab.part("hint-text")).to_have_count(0)
    lab.part("reflection-text").fill("keep a sum")
    lab.part("send-reflection").click()
    expect(lab.part("hint-text")).to_contain_text(HINTS["plan"])
    expect(lab.part("rating")).to_be_visible()

    lab.part("tab-chat").click()
    lab.part("chat-text").fill("Why?")
    lab.page.keyboard.press("Enter")
    expect(lab.part("chat-reasoning")).to_be_focused()
    lab.said("Write first, in three words or more")
    lab.page.keyboard.insert_text("the loop forgets")
    lab.page.keyboard.press("Enter")
    expect(lab.part("message")).to_have_count(2)
    expect(lab.part("chat-reasoning")).to_have_count(0)
    assert desk.assistant.questions[0].reasoning == "the loop forgets"


def test_spent_kinds_and_kinds_that_do_not_fit_say_why_and_rules_are_named_where_they_wrote(
    willing: Lab, desk: Desk
) -> None:
    lab = willing
    lab.help("total")
    expect(kind(lab, "optimize")).to_contain_text("Opens when this step is approved.")
    ask(lab, "optimize", refused=True)
    lab.said("Opens when this step is approved.")
    desk.assistant.away = True
    ask(lab, "plan")
    expect(lab.part("written-by")).to_have_text("Written by rules")
    lab.part("not-helpful").click()
    expect(kind(lab, "plan")).to_contain_text("All hints of this kind are used.")
    lab.type(3, "total = sum(prices)", replace=True)
    expect(lab.check("total")).to_have_attribute("data-verdict", "approved")
    expect(kind(lab, "debug")).to_contain_text("Not needed: your code is approved as it is.")
    expect(disabled(lab, "optimize")).to_have_count(0)
    lab.type(3, "\nbroken")
    expect(disabled(lab, "debug")).to_have_count(0)  # what was right may be broken again
    assert [asked.kind for asked in desk.assistant.asked] == ["plan"]


def test_a_hint_in_the_making_goes_on_after_a_reload(willing: Lab, desk: Desk) -> None:
    lab = willing
    desk.assistant.hold.clear()
    lab.help("total")
    ask(lab, "debug")
    expect(lab.part("hint-progress")).to_have_attribute("data-stage", "repairing")
    lab.open()
    lab.help("total")
    expect(lab.part("hint-progress")).to_have_attribute("data-stage", "repairing")
    desk.assistant.hold.set()
    expect(lab.part("hint-text")).to_contain_text("Print total inside the loop")
    assert len(desk.assistant.asked) == 1


def test_what_is_typed_survives_looking_elsewhere_and_the_hint_coming_first(willing: Lab, desk: Desk) -> None:
    lab = willing
    desk.assistant.hold.clear()
    lab.help("total")
    ask(lab, "debug")
    expect(lab.part("reflection-text")).to_be_focused()
    lab.page.keyboard.insert_text("I think that")
    lab.page.keyboard.press("Escape")
    expect(lab.within(lab.row("total"), "open-help")).to_be_focused()
    lab.help("total")
    expect(lab.part("reflection-text")).to_have_value("I think that")
    lab.part("reflection-text").focus()
    desk.assistant.hold.set()
    expect(lab.part("hint-text")).to_be_visible()
    expect(lab.part("reflection-text")).to_be_focused()
    lab.part("send-reflection").click()
    expect(lab.part("reflection")).to_contain_text("I think that")


def test_earlier_hints_are_there_with_the_unrated_one_first(willing: Lab, desk: Desk) -> None:
    lab = willing
    lab.help("total")
    ask(lab, "plan")
    lab.part("helpful").click()
    expect(lab.part("rated")).to_be_visible()
    ask(lab, "debug")
    expect(lab.part("rating")).to_be_visible()
    lab.open()
    lab.help("total")
    cards = lab.part("hint-card")
    expect(cards).to_have_count(2)
    expect(cards.nth(0)).to_have_attribute("data-kind", "debug")
    expect(lab.within(cards.nth(0), "rating")).to_be_visible()
    expect(lab.within(cards.nth(1), "hint-text")).to_have_count(0)
    lab.within(cards.nth(1), "toggle-hint").click()
    expect(lab.within(cards.nth(1), "hint-text")).to_contain_text(HINTS["plan"])
    expect(lab.within(cards.nth(1), "rated")).to_have_text("You found this helpful.")


def test_a_refusal_a_gateway_that_is_away_and_a_hint_that_could_not_be_made_are_told_in_plain_words(
    willing: Lab, desk: Desk, gateway: GatewayDouble
) -> None:
    lab = willing
    lab.help("total")
    desk.assistant.refusal = HintsSpent("Too many questions at once. Try again in a minute.")
    ask(lab, "plan")
    expect(lab.part("hints-problem")).to_contain_text("Try again in a minute.")
    desk.assistant.refusal = None
    gateway.stop()
    ask(lab, "plan")
    expect(lab.part("hints-problem")).to_contain_text("Caseloop cannot be reached")
    expect(lab.part("case-problem")).to_contain_text("Cannot reach Caseloop.")
    gateway.start()
    lab.back()
    expect(lab.part("hints-problem")).to_have_count(0)
    assert desk.assistant.asked == []

    # one that could not be made costs nothing
    desk.assistant.breaks = HintsSpent("The model was away for too long.")
    ask(lab, "plan")
    expect(lab.part("hint-failed")).to_contain_text("The model was away for too long. It is not counted")
    expect(kind(lab, "plan")).to_contain_text("1 hint left")
    expect(disabled(lab, "plan")).to_have_count(0)
    desk.assistant.breaks = None
    ask(lab, "plan")
    expect(lab.part("hint-text")).to_contain_text(HINTS["plan"])
