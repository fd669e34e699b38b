"""Chat about a step: answers as they come, taken back, stopped, begun anew."""

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.lab.assistance_double import ANSWER, FOLLOW_UPS, RULES_ANSWER, HintsSpent
from tests.e2e.lab.gateway_double import Desk, GatewayDouble
from tests.e2e.lab.lab_page import Lab, eventually

pytestmark = pytest.mark.browser
SHOWN = ANSWER.replace("`", "")


@pytest.fixture
def willing(lab: Lab, desk: Desk) -> Lab:
    """A learner who chose AI, with code that needs work."""
    desk.assistant.choice = True
    lab.write(total="a = 1\ntotal = a")
    return lab.open()


def say(lab: Lab, text: str) -> Locator:
    """Send a message by Enter; the answer to wait for."""
    lab.part("chat-text").fill(text)
    lab.page.keyboard.press("Enter")
    return lab.part("message").last


def test_an_answer_streams_and_leads_to_what_it_is_about(willing: Lab, desk: Desk) -> None:
    lab = willing
    expect(lab.check("total")).to_be_visible()
    desk.assistant.hold.clear()
    view = lab.help("total", "chat")
    expect(lab.part("chat-empty")).to_contain_text("It does not give solutions away.")
    say(lab, "Why is it too small?")
    answering = lab.part("answering")
    expect(answering).to_contain_text("Look at what")
    expect(answering).not_to_contain_text("second price")
    expect(lab.part("chat-text")).to_have_value("")
    expect(lab.part("chat-text")).to_be_focused()
    desk.assistant.hold.set()
    answer = lab.part("message").last
    expect(answer).to_contain_text(SHOWN)
    expect(answer.locator("code").first).to_have_text("total")
    expect(lab.within(answer, "written-by")).to_contain_text("Written by a language model")
    lab.said(f"Answer: {ANSWER}")
    lab.within(answer, "go-to-cite").click()
    expect(lab.cell(3).locator(".cm-content")).to_be_focused()
    assert lab.cursor() == {"line": 1, "column": 0}

    follow_ups = lab.within(view, "follow-up")
    expect(follow_ups).to_have_text(list(FOLLOW_UPS))
    follow_ups.nth(2).click()
    expect(lab.part("message")).to_have_count(4)
    expect(lab.part("message").nth(2)).to_contain_text(FOLLOW_UPS[2])
    expect(lab.within(view, "follow-up")).to_have_count(3)
    assert [asked.text for asked in desk.assistant.questions] == ["Why is it too small?", FOLLOW_UPS[2]]
    assert "total = a" in desk.assistant.questions[0].cells[3].source


def test_shift_enter_breaks_the_line_keys_never_reach_the_notebook_and_nothing_becomes_markup(
    willing: Lab, desk: Desk
) -> None:
    lab = willing
    lab.help("total", "chat")
    lab.select(3)
    box, keyboard = lab.part("chat-text"), lab.page.keyboard
    box.click()
    for key in ("d", "d", "a", "b", "Shift+Enter", "x"):
        keyboard.press(key)
    expect(box).to_have_value("ddab\nx")
    expect(lab.page.locator(".jp-Notebook .jp-Cell")).to_have_count(10)
    keyboard.press("Enter")
    expect(lab.part("message")).to_have_count(2)
    assert desk.assistant.questions[0].text == "ddab\nx"

    hostile = "<img src=x onerror=\"document.title='broken'\"> [a](javascript:alert(1)) `<b>code</b>`"
    say(lab, hostile)
    expect(lab.part("message")).to_have_count(4)
    expect(lab.part("message").nth(2)).to_contain_text("<img src=x onerror=")
    expect(lab.part("messages").locator("img, b, a, script")).to_have_count(0)
    expect(lab.page).not_to_have_title("broken")


def test_words_that_gave_something_away_are_taken_back_and_that_is_said(willing: Lab, desk: Desk) -> None:
    lab = willing
    desk.assistant.leak = True
    desk.assistant.instead.clear()
    lab.help("total", "chat")
    say(lab, "Just tell me")
    # said while other words come
    expect(lab.part("retracted")).to_contain_text("The first words were taken back.")
    expect(lab.part("answering")).not_to_contain_text("sum(prices)")
    lab.said("That answer is taken back")
    desk.assistant.instead.set()
    expect(lab.part("retracted")).to_have_count(0)
    expect(lab.part("message")).to_have_count(2)

    desk.assistant.hold.clear()
    say(lab, "Then give me a hint")
    expect(lab.part("answering")).to_contain_text("Just write")
    desk.assistant.hold.set()
    expect(lab.part("message")).to_have_count(4)
    answer = lab.part("message").last
    expect(answer).to_contain_text(RULES_ANSWER.replace("`", ""))
    expect(lab.part("messages")).not_to_contain_text("sum(prices)")
    expect(lab.within(answer, "written-by")).to_contain_text("Written by rules")


def test_an_answer_goes_on_while_the_learner_looks_elsewhere_and_can_be_stopped(willing: Lab, desk: Desk) -> None:
    lab = willing
    desk.assistant.hold.clear()
    lab.help("total", "chat")
    say(lab, "Why?")
    expect(lab.part("answering")).to_contain_text("Look at what")
    lab.part("back").click()
    expect(lab.part("overview")).to_be_visible()
    desk.assistant.hold.set()
    lab.said("Answer:")
    lab.help("total", "chat")
    expect(lab.part("message")).to_have_count(2)
    expect(lab.part("message").last).to_contain_text(SHOWN)
    assert desk.assistant.cancelled == 0

    # one that was stopped has not lost the question
    desk.assistant.hold.clear()
    say(lab, "A long question that nobody wants to type again")
    expect(lab.part("answering")).to_contain_text("Look at what")
    lab.part("stop-answer").click()
    expect(lab.part("answering")).to_have_count(0)
    expect(lab.part("chat-text")).to_be_focused()
    expect(lab.part("chat-text")).to_have_value("A long question that nobody wants to type again")
    eventually(lambda: desk.assistant.cancelled == 1)
    desk.assistant.hold.set()
    lab.page.keyboard.press("Enter")
    expect(lab.part("message")).to_have_count(4)


def test_a_conversation_begins_anew_after_asking(willing: Lab, desk: Desk) -> None:
    lab = willing
    lab.help("total", "chat")
    expect(lab.part("reset-chat")).to_have_count(0)
    say(lab, "Why?")
    expect(lab.part("message")).to_have_count(2)
    lab.part("reset-chat").click()
    lab.page.locator(".jp-Dialog button.jp-mod-reject").click()
    expect(lab.part("message")).to_have_count(2)
    lab.part("reset-chat").click()
    lab.page.locator(".jp-Dialog button.jp-mod-accept").click()
    expect(lab.part("chat-empty")).to_be_visible()
    lab.said("The conversation begins anew.")
    lab.open()
    lab.help("total", "chat")
    expect(lab.part("chat-empty")).to_be_visible()


def test_the_messages_left_are_counted_and_the_end_is_said(willing: Lab, desk: Desk) -> None:
    lab = willing
    desk.assistant.messages_left = 1
    lab.help("total", "chat")
    expect(lab.part("messages-left")).to_have_text("1 message left")
    say(lab, "Why?")
    expect(lab.part("messages-left")).to_have_text("All messages of this step are used.")
    expect(lab.part("follow-up")).to_have_count(0)
    lab.part("chat-text").fill("More?")
    expect(lab.part("send")).to_have_attribute("aria-disabled", "true")
    lab.page.keyboard.press("Enter")
    lab.said("All messages of this step are used.")
    assert len(desk.assistant.questions) == 1


def test_what_went_wrong_is_told_and_the_message_is_in_the_box_again(
    willing: Lab, desk: Desk, gateway: GatewayDouble
) -> None:
    lab = willing
    lab.help("total", "chat")
    desk.assistant.refusal = HintsSpent("Too many questions at once. Try again in a minute.")
    say(lab, "Why?")
    expect(lab.part("chat-problem")).to_contain_text("Try again in a minute.")
    expect(lab.part("chat-text")).to_have_value("Why?")
    desk.assistant.refusal = None
    gateway.stop()
    lab.part("send").click()
    expect(lab.part("chat-problem")).to_contain_text("Caseloop cannot be reached")
    expect(lab.part("chat-text")).to_have_value("Why?")
    gateway.start()
    lab.back()
    lab.part("send").click()
    expect(lab.part("message").last).to_contain_text(SHOWN)
