"""Help by keyboard alone, and nothing in it that axe finds serious."""

import pytest
from playwright.sync_api import expect

from tests.e2e.lab.assistance_double import ANSWER, WARNING
from tests.e2e.lab.gateway_double import Desk, GatewayDouble
from tests.e2e.lab.lab_page import Lab, eventually
from tests.e2e.lab.test_lab_access import serious

pytestmark = pytest.mark.browser


def test_axe_finds_nothing_serious_in_help(lab: Lab, desk: Desk, gateway: GatewayDouble) -> None:
    assistant = desk.assistant
    assistant.mode, assistant.messages_left = "lead_and_reveal", 2
    lab.write(total="total = 1")
    lab.open()
    lab.within(lab.row("total"), "open-help").click()
    expect(lab.part("consent")).to_be_visible()
    assert serious(lab, "panel") == []
    lab.part("use-ai").click()
    assistant.hold.clear()
    expect(lab.within(lab.check("total"), "words")).to_have_attribute("data-state", "working")
    lab.part("ask-hint").first.click()
    expect(lab.part("hint-progress")).to_be_visible()
    expect(lab.within(lab.feedback("total"), "finding")).to_contain_text(WARNING)
    assert serious(lab, "panel", "step") == []
    assistant.hold.set()
    lab.part("reflection-text").fill("it forgets everything")
    lab.part("send-reflection").click()
    expect(lab.part("rating")).to_be_visible()
    expect(lab.within(lab.feedback("total"), "words")).to_have_attribute("data-state", "model")
    assert serious(lab, "panel", "step") == []
    lab.part("tab-chat").click()
    expect(lab.part("chat-reasoning")).to_be_visible()
    assert serious(lab, "panel") == []
    lab.part("chat-reasoning").fill("it forgets everything")
    assistant.hold.clear()
    lab.part("chat-text").fill("Why?")
    lab.part("send").click()
    expect(lab.part("answering")).to_contain_text("Look at")
    assert serious(lab, "panel") == []
    assistant.hold.set()
    expect(lab.part("follow-up").first).to_be_visible()
    gateway.stop()
    lab.part("follow-up").first.click()
    expect(lab.part("chat-problem")).to_be_visible()
    assert serious(lab, "panel") == []


def test_a_learner_without_a_mouse_decides_asks_thinks_rates_and_chats(lab: Lab, desk: Desk) -> None:
    lab.write(total="total = 1")
    lab.open()
    keyboard, assistant = lab.page.keyboard, desk.assistant
    expect(lab.check("total")).to_be_visible()
    lab.command("caseloop:go-to-feedback")
    expect(lab.within(lab.feedback("total"), "verdict")).to_be_focused()
    for _ in range(4):
        keyboard.press("Tab")
    expect(lab.within(lab.feedback("total"), "open-help")).to_be_focused()
    keyboard.press("Enter")
    expect(lab.part("help-view").locator("h2")).to_be_focused()
    keyboard.press("Tab")
    expect(lab.part("use-ai")).to_be_focused()
    keyboard.press("Enter")
    expect(lab.part("tab-hints")).to_be_focused()

    assistant.hold.clear()
    expect(lab.part("ask-hint")).to_have_count(3)
    for _ in range(2):
        keyboard.press("Tab")
    expect(lab.part("ask-hint").nth(1)).to_be_focused()
    keyboard.press("Enter")
    expect(lab.part("reflection-text")).to_be_focused()
    keyboard.type("I think it forgets")
    keyboard.press("Tab")
    expect(lab.part("send-reflection")).to_be_focused()
    keyboard.press("Enter")
    expect(lab.part("reflection")).to_be_focused()
    assistant.hold.set()
    expect(lab.part("hint-text")).to_be_visible()
    keyboard.press("Tab")
    expect(lab.within(lab.part("hint-text"), "go-to-line")).to_be_focused()
    keyboard.press("Tab")
    expect(lab.part("helpful")).to_be_focused()
    keyboard.press("Enter")
    expect(lab.part("rated")).to_be_focused()
    assert [asked.kind for asked in assistant.asked] == ["debug"]

    tab = lab.part("tab-hints")
    for _ in range(10):
        if tab.evaluate("node => node === document.activeElement"):
            break
        keyboard.press("Shift+Tab")
    expect(tab).to_be_focused()
    keyboard.press("ArrowRight")
    expect(lab.part("tab-chat")).to_be_focused()
    keyboard.press("Tab")
    expect(lab.part("chat-text")).to_be_focused()
    keyboard.type("Why is it so?")
    keyboard.press("Enter")
    lab.said(f"Answer: {ANSWER}")
    expect(lab.part("chat-text")).to_be_focused()
    keyboard.press("Shift+Tab")
    expect(lab.part("follow-up").last).to_be_focused()
    keyboard.press("Escape")
    expect(lab.within(lab.row("total"), "open-help")).to_be_focused()


CONTROLS = "button, a[href], input, textarea, select, summary, [role='button'], [tabindex='0']"
_IN_ORDER = """([selector, panel]) => [...document.querySelectorAll(`[data-caseloop='${panel}']`)]
  .flatMap(root => [...root.querySelectorAll(selector)])
  .filter(node => node.offsetParent !== null && !(node.role === 'tab' && node.tabIndex < 0))
  .map(node => node.dataset.caseloop ?? node.tagName)"""
_FOCUSED = """() => document.activeElement?.closest("[data-caseloop='panel']")
  ? document.activeElement.dataset.caseloop ?? document.activeElement.tagName : null"""


def reached(lab: Lab) -> list[str]:
    """What the Tab key stops at in the panel, from the heading of the help on."""
    heading = lab.part("help-view").locator("h2")
    heading.focus()
    stops: list[str] = []
    while len(stops) < 60:
        lab.page.keyboard.press("Tab")
        name = lab.page.evaluate(_FOCUSED)
        if name is None:
            break
        stops.append(name)
    return stops


def all_reached(lab: Lab) -> None:
    """Whatever can be pressed or written into in the help is one stop of the Tab key."""
    there = lab.page.evaluate(_IN_ORDER, [CONTROLS, "help-view"])
    back, *others = there
    assert back == "back"
    assert others
    assert reached(lab)[: len(others)] == others


def press(lab: Lab, name: str, key: str = "Enter", *, last: bool = False) -> None:
    """Work a control without a mouse."""
    control = lab.part(name).last if last else lab.part(name).first
    control.focus()
    expect(control).to_be_focused()
    lab.page.keyboard.press(key)


def test_every_control_of_help_is_reached_and_worked_by_keyboard(lab: Lab, desk: Desk) -> None:
    assistant, keyboard = desk.assistant, lab.page.keyboard
    lab.write(total="a = 1\ntotal = a")
    lab.open()
    expect(lab.check("total")).to_be_visible()
    press(lab, "open-help")
    expect(lab.part("consent")).to_be_visible()
    all_reached(lab)
    press(lab, "decline-ai", "Space")
    expect(lab.part("ai-declined")).to_be_visible()
    all_reached(lab)
    press(lab, "change-ai")
    press(lab, "use-ai", "Space")
    expect(lab.part("ask-hint")).to_have_count(3)
    all_reached(lab)

    press(lab, "ask-hint")
    expect(lab.part("rating")).to_be_visible()
    all_reached(lab)
    press(lab, "not-helpful", "Space")
    expect(lab.part("rated")).to_be_focused()
    lab.part("ask-hint").nth(1).focus()
    keyboard.press("Space")
    expect(lab.part("hint-card")).to_have_count(2)
    expect(lab.part("rating")).to_be_visible()
    shown = lab.part("hint-text").count()
    press(lab, "toggle-hint", "Space")
    expect(lab.part("hint-text")).not_to_have_count(shown)
    all_reached(lab)

    lab.part("tab-hints").focus()
    keyboard.press("ArrowRight")
    expect(lab.part("tab-chat")).to_be_focused()
    assistant.hold.clear()
    lab.part("chat-text").focus()
    keyboard.type("Why?")
    keyboard.press("Enter")
    expect(lab.part("stop-answer")).to_be_visible()
    all_reached(lab)
    press(lab, "stop-answer")
    expect(lab.part("chat-text")).to_be_focused()
    expect(lab.part("chat-text")).to_have_value("Why?")  # given back, for another try
    eventually(lambda: assistant.cancelled == 1)
    assistant.hold.set()
    keyboard.press("Enter")
    expect(lab.part("follow-up").first).to_be_visible()
    all_reached(lab)
    press(lab, "go-to-cite")
    expect(lab.cell(3).locator(".cm-content")).to_be_focused()
    press(lab, "follow-up", "Space", last=True)
    expect(lab.part("message")).to_have_count(4)
    press(lab, "reset-chat")
    expect(lab.page.locator(".jp-Dialog")).to_be_visible()
    lab.page.locator(".jp-Dialog button.jp-mod-accept").focus()
    keyboard.press("Enter")
    expect(lab.part("chat-empty")).to_be_visible()
    press(lab, "back")
    expect(lab.part("overview")).to_be_visible()
