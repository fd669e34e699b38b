"""A learner asks a mentor: offered, asked, followed, answered beside the cell, rated, and answered by memory."""

import json
import os

import pytest
from playwright.sync_api import Locator, expect

from services.contracts.escalation import LineComment
from services.contracts.notebook import Place
from tests.e2e.lab.gateway_double import Desk, GatewayDouble
from tests.e2e.lab.lab_page import NOTEBOOK, Lab, eventually
from tests.e2e.lab.mentor_double import ANSWER, MENTOR, REMEMBERED, NotOffered
from tests.e2e.lab.test_lab_access import THEMES, serious

pytestmark = pytest.mark.browser
LOOK_AGAIN = 20_000
"""Milliseconds between looks at an open question (web/labextension/src/mentors/desks.ts)."""
HOSTILE = '<img src=x onerror="window.hacked = 1"> <script>window.hacked = 1</script> [go](javascript:window.hacked=1)'


@pytest.fixture
def stuck(lab: Lab, desk: Desk) -> Lab:
    """A learner without AI whose step has failed often enough."""
    desk.assistant.choice = False
    desk.mentors.record = False
    desk.mentors.reasons["total"] = ("repeated_failure",)
    lab.write(total="total = 0\nfor price in prices:\n    total = price")
    lab.open()
    expect(lab.check("total")).to_have_attribute("data-verdict", "needs_work")
    return lab


def ask(lab: Lab, notes: str = "") -> Locator:
    """From the feedback to a question that is sent; it as the panel shows it."""
    lab.within(lab.feedback("total"), "ask-mentor").click()
    lab.part("ask-notes").fill(notes)
    lab.part("send-question").click()
    question = lab.part("question")
    expect(question).to_have_attribute("data-state", "waiting")
    return question


def look(lab: Lab) -> None:
    """Come back to the page, which looks at the mentors' desk at once instead of in some seconds."""
    lab.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")


def shot(lab: Lab, name: str) -> None:
    """Keep a picture where somebody asked for one."""
    if folder := os.environ.get("CASELOOP_SHOTS"):
        lab.page.screenshot(path=f"{folder}/lab-{name}.png", animations="disabled")


def test_what_the_notebook_shows_goes_along_and_the_learner_is_told(lab: Lab, desk: Desk) -> None:
    desk.assistant.choice = False
    desk.mentors.record = False
    desk.mentors.reasons["total"] = ("repeated_failure",)
    lab.write(total="total = 0\nfor price in prices:\n    total = price")
    content = lab.read()
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "AAAA", "text/html": "<b>x</b>"}}
    printed = {"output_type": "stream", "name": "stdout", "text": ["9000\n"]}
    for cell in content["cells"]:
        if cell["id"] in ("data", "total"):
            cell["outputs"] = [printed] if cell["id"] == "data" else [picture]
    (lab.root / NOTEBOOK).write_text(json.dumps(content))
    lab.open()
    expect(lab.check("total")).to_have_attribute("data-verdict", "needs_work")
    lab.within(lab.feedback("total"), "ask-mentor").click()
    expect(lab.part("seen-by-mentors")).to_contain_text("What your cells show beneath them")
    lab.part("send-question").click()
    expect(lab.part("question")).to_have_attribute("data-state", "waiting")
    (sent,) = desk.mentors.asked
    # Those of the step go first, for there is a limit to all of them.
    assert [one.cell for one in sent.outputs] == ["total", "data"]
    assert sent.outputs[0].source == content["cells"][3]["source"]
    assert sent.outputs[0].outputs[0]["data"] == {"image/png": "AAAA", "text/html": ""}
    assert sent.outputs[1].outputs == ({"output_type": "stream", "name": "stdout", "text": "9000\n"},)


def test_from_failing_often_to_an_answer_that_helped(stuck: Lab, desk: Desk) -> None:
    lab, mentors = stuck, desk.mentors
    lab.within(lab.feedback("total"), "ask-mentor").click()
    form = lab.part("ask-form")
    expect(form).to_contain_text("gone wrong several times")
    expect(lab.within(form, "seen-by-mentors")).to_contain_text("version 1")
    expect(lab.within(form, "seen-by-mentors")).to_contain_text("recorded sessions")
    expect(lab.part("ask-notes")).to_be_focused()
    shot(lab, "ask")
    lab.page.keyboard.insert_text("I walk through the list,\nbut only 9000 is left.")
    lab.part("ask-email").fill("ada@example.org")
    lab.part("send-question").click()
    question = lab.part("question")
    expect(question).to_have_attribute("data-state", "waiting")
    lab.said("Your question is sent. You go on working; the answer appears here.")
    (sent,) = mentors.asked
    assert (sent.subtask, sent.submission) == ("total", desk.standing.versions[0].submission)
    assert (sent.notes, sent.email) == ("I walk through the list,\nbut only 9000 is left.", "ada@example.org")
    expect(lab.part("ask-mentor")).to_have_count(0)
    beside = lab.within(lab.step("total"), "mentor-answer")
    expect(beside).to_contain_text("Waiting for a mentor.")

    (asked,) = mentors.escalations
    mentors.take(asked.id)
    look(lab)
    expect(beside).to_contain_text(f"{MENTOR} is reading it.")
    lab.said("A mentor is reading your question about «Add up the prices».")
    comment = LineComment(place=Place(cell="total", line=2), text="What does `price` hold in the second round?")
    mentors.answer(asked.id, comments=(comment,))
    look(lab)
    expect(beside).to_have_attribute("data-state", "answered")
    expect(beside).to_contain_text(f"Answered by {MENTOR}")
    expect(lab.within(beside, "mentor-words")).to_contain_text("What should stay from one round to the next?")
    expect(lab.within(beside, "mentor-words").locator("strong")).to_have_text("after")
    lab.said(f"{MENTOR} has answered your question about «Add up the prices».")
    marked = lab.cell(3).locator("[data-caseloop='marked-line']").filter(has_text="for price in prices")
    expect(marked).to_have_attribute("title", f"{MENTOR}: {comment.text}")
    lab.within(beside, "go-to-line").click()
    expect(lab.cell(3).locator(".cm-content")).to_be_focused()
    assert lab.cursor()["line"] == 1
    shot(lab, "answered")

    lab.within(beside, "not-helpful").click()
    lab.within(beside, "unclear-text").fill("I still do not see it")
    lab.within(beside, "send-unclear").click()
    expect(beside).to_have_attribute("data-state", "waiting")
    expect(beside).to_contain_text("Waiting for a mentor again.")
    (rated,) = mentors.rated
    assert (rated[1].helpful, rated[1].text) == (False, "I still do not see it")

    mentors.answer(asked.id, "Print `total` in each round.")
    look(lab)
    expect(lab.within(beside, "mentor-words")).to_contain_text("in each round")
    lab.within(beside, "helpful").click()
    expect(lab.within(beside, "rated")).to_have_attribute("data-helpful", "true")
    assert mentors.rated[-1][1].helpful
    notes = lab.part("mentor-note")
    expect(notes).to_have_count(4)
    expect(notes.nth(2)).to_contain_text("I still do not see it")


def test_the_page_looks_by_itself_and_an_answer_is_there_after_a_reload(stuck: Lab, desk: Desk) -> None:
    lab = stuck
    ask(lab)
    desk.mentors.answer(desk.mentors.escalations[0].id)
    beside = lab.within(lab.step("total"), "mentor-answer")
    lab.passes(LOOK_AGAIN)
    expect(beside).to_have_attribute("data-state", "answered")
    lab.saved()
    lab.open()
    expect(lab.within(beside, "mentor-words")).to_contain_text("What should stay")


def test_mentor_and_learner_write_to_each_other_and_the_question_is_taken_back(stuck: Lab, desk: Desk) -> None:
    lab, mentors = stuck, desk.mentors
    question = ask(lab, "Where do I look?")
    (asked,) = mentors.escalations
    mentors.take(asked.id)
    mentors.say(asked.id, "What did you expect to see?")
    look(lab)
    expect(question).to_contain_text("What did you expect to see?")
    lab.said(f"{MENTOR} has written about your question about «Add up the prices».")
    lab.part("mentor-text").fill("The sum of all")
    lab.part("mentor-text").press("Enter")
    expect(lab.part("mentor-note")).to_have_count(3)
    expect(lab.part("mentor-text")).to_have_value("")
    assert [note.author for note in mentors.one(asked.id).notes] == ["learner", "mentor", "learner"]
    lab.part("cancel-question").click()
    lab.page.locator(".jp-Dialog button.jp-mod-accept").click()
    expect(question).to_have_count(0)
    assert mentors.one(asked.id).state == "cancelled"
    expect(lab.part("mentor-answer")).to_have_count(0)
    expect(lab.within(lab.feedback("total"), "ask-mentor")).to_be_visible()


def test_after_a_rating_the_learner_writes_on_thinks_otherwise_and_asks_anew(stuck: Lab, desk: Desk) -> None:
    lab, mentors = stuck, desk.mentors
    question = ask(lab, "Where do I look?")
    (asked,) = mentors.escalations

    def helped(text: str) -> None:
        """A mentor answers, and the learner says that it helped."""
        mentors.answer(asked.id, text)
        look(lab)
        expect(question).to_have_attribute("data-state", "answered")
        lab.within(question, "helpful").click()
        expect(lab.within(question, "rated")).to_have_attribute("data-helpful", "true")

    helped("In the loop.")
    lab.part("mentor-text").fill("And if there is no price?")
    lab.part("mentor-text").press("Enter")
    expect(question).to_have_attribute("data-state", "waiting")

    helped("Then it is 0.")
    lab.within(question, "change-rating").click()
    expect(lab.within(question, "helpful")).to_be_focused()
    lab.within(question, "not-helpful").click()
    lab.within(question, "send-unclear").click()
    expect(question).to_have_attribute("data-state", "waiting")

    helped("Follow it with one price.")
    lab.within(lab.feedback("total"), "ask-mentor").click()
    lab.part("ask-notes").fill("Why is it not 0?")
    lab.saved()
    lab.open()
    lab.within(lab.feedback("total"), "ask-mentor").click()
    # What was being typed is there after a reload, and nothing of it stays behind in the tab.
    expect(lab.part("ask-notes")).to_have_value("Why is it not 0?")
    lab.part("send-question").click()
    expect(question).to_have_attribute("data-state", "waiting")
    expect(question).to_contain_text("Why is it not 0?")
    expect(question).to_contain_text("Follow it with one price.")
    assert "Why is it not 0?" not in lab.page.evaluate("() => JSON.stringify({...sessionStorage})")
    (known,) = mentors.escalations
    assert (known.id, known.state, known.notes[-1].text) == (asked.id, "waiting", "Why is it not 0?")
    assert [rating.helpful for _, rating in mentors.rated] == [True, True, False, True]


def test_who_works_with_ai_finds_the_way_above_the_hints_after_one_that_did_not_help(lab: Lab, desk: Desk) -> None:
    desk.assistant.choice = True
    lab.write(total="total = 1")
    lab.open()
    lab.check("total")
    lab.help("total")
    lab.part("ask-hint").nth(1).click()
    expect(lab.part("hint-text")).to_be_visible()
    expect(lab.part("mentor-line")).to_have_count(0)
    expect(lab.part("tab-mentor")).to_have_count(0)
    desk.mentors.reasons["total"] = ("unhelpful_hint",)
    lab.within(lab.part("help-view"), "not-helpful").click()
    expect(lab.part("mentor-line")).to_contain_text("Still stuck?")
    lab.within(lab.part("mentor-line"), "ask-mentor").click()
    expect(lab.part("tab-mentor")).to_have_attribute("aria-selected", "true")
    expect(lab.part("ask-form")).to_contain_text("A hint did not help.")
    lab.part("cancel-ask").click()
    expect(lab.within(lab.part("help-view"), "ask-mentor")).to_be_focused()
    assert desk.mentors.asked == []


def test_a_case_without_ai_says_so_has_no_buttons_for_it_and_mentors_all_the_same(lab: Lab, desk: Desk) -> None:
    desk.assistant.mode = "none"
    desk.mentors.open_to = "low_confidence"
    lab.write(total="total = 1")
    lab.open()
    expect(lab.part("without-ai")).to_contain_text("This case is worked on without AI.")
    expect(lab.check("total")).to_have_attribute("data-verdict", "needs_work")
    expect(lab.part("open-help")).to_have_count(0)
    expect(lab.part("change-ai")).to_have_count(0)
    assert desk.assistant.worded == []
    lab.within(lab.feedback("total"), "ask-mentor").click()
    expect(lab.part("without-ai").last).to_be_visible()
    lab.part("send-question").click()
    expect(lab.part("question")).to_have_attribute("data-state", "waiting")


def test_nothing_is_offered_without_a_reason_and_an_author_s_words_are_no_remembered_answer(lab: Lab) -> None:
    lab.write(total="total = 1")
    lab.open()
    words = lab.within(lab.check("total"), "mentor")
    expect(words.locator("cite")).to_have_text("From a mentor")
    expect(lab.within(words, "rating")).to_have_count(0)
    expect(lab.within(lab.feedback("total"), "open-help")).to_be_visible()
    expect(lab.part("ask-mentor")).to_have_count(0)
    expect(lab.part("mentor-answer")).to_have_count(0)


def test_a_refusal_and_a_gateway_that_is_away_keep_what_was_typed(
    stuck: Lab, desk: Desk, gateway: GatewayDouble
) -> None:
    lab = stuck
    lab.within(lab.feedback("total"), "ask-mentor").click()
    lab.part("ask-notes").fill("All of this must stay")
    desk.mentors.refusal = NotOffered("Try a hint first.")
    lab.part("send-question").click()
    expect(lab.part("mentor-problem")).to_contain_text("Try a hint first.")
    desk.mentors.refusal = None
    gateway.stop()
    lab.part("send-question").click()
    expect(lab.part("mentor-problem")).to_contain_text("Caseloop cannot be reached")
    expect(lab.part("ask-notes")).to_have_value("All of this must stay")
    expect(lab.part("case-problem")).to_be_visible()
    gateway.start()
    lab.back()
    lab.part("send-question").click()
    expect(lab.part("question")).to_contain_text("All of this must stay")


def test_a_remembered_answer_says_whose_it_is_and_may_open_the_way_to_a_mentor(lab: Lab, desk: Desk) -> None:
    desk.assistant.choice = desk.mentors.record = False
    desk.mentors.remembers = True
    lab.write(total="total = 1")
    lab.open()
    feedback = lab.check("total")
    words = lab.within(feedback, "mentor")
    expect(words).to_contain_text(f"From a mentor: {MENTOR}, ")
    expect(words).to_contain_text(REMEMBERED)
    expect(lab.part("ask-mentor")).to_have_count(0)
    shot(lab, "remembered")
    lab.within(words, "not-helpful").click()
    expect(lab.within(words, "rated")).to_have_attribute("data-helpful", "false")
    lab.said("Thank you. You can ask a mentor now.")
    expect(lab.within(feedback, "ask-mentor")).to_be_visible()
    ((entry, rating),) = desk.mentors.memory_rated
    assert (entry, rating.helpful, rating.submission) == ("e" * 32, False, desk.standing.versions[0].submission)
    lab.command("docmanager:save")
    lab.saved()
    lab.open()
    expect(lab.within(words, "rated")).to_have_attribute("data-helpful", "false")


def test_nothing_that_a_mentor_writes_becomes_markup(stuck: Lab, desk: Desk) -> None:
    lab = stuck
    ask(lab, HOSTILE)
    comment = LineComment(place=Place(cell="total", line=1), text=HOSTILE)
    desk.mentors.answer(desk.mentors.escalations[0].id, HOSTILE, (comment,), mentor="<b>Mona</b>")
    look(lab)
    beside = lab.within(lab.step("total"), "mentor-answer")
    expect(beside).to_contain_text("<script>")
    expect(beside).to_contain_text("<b>Mona</b>")
    for name in ("mentor-answer", "question"):
        assert lab.part(name).locator("img, script, a, b").count() == 0
    assert lab.page.evaluate("() => window.hacked") is None


def test_axe_finds_nothing_serious_on_the_way_to_a_mentor(stuck: Lab, desk: Desk) -> None:
    lab, mentors = stuck, desk.mentors
    lab.within(lab.feedback("total"), "ask-mentor").click()
    expect(lab.part("ask-form")).to_be_visible()
    assert serious(lab, "panel", "step") == []
    lab.part("ask-notes").fill("Where do I look?")
    lab.part("send-question").click()
    expect(lab.part("mentor-notes")).to_be_visible()
    comment = LineComment(place=Place(cell="total", line=3), text="And here?")
    mentors.answer(mentors.escalations[0].id, f"{ANSWER}\n```python\nprint(price)\n```", (comment,))
    look(lab)
    beside = lab.within(lab.step("total"), "mentor-answer")
    expect(lab.within(beside, "rating")).to_be_visible()
    for theme in THEMES:
        lab.theme(theme)
        shot(lab, f"conversation-{theme.rsplit(maxsplit=1)[-1].lower()}")
    assert serious(lab, "panel", "step") == []
    lab.within(beside, "not-helpful").click()
    expect(lab.within(beside, "unclear")).to_be_visible()
    assert serious(lab, "panel", "step") == []


def test_a_question_by_keyboard_alone(stuck: Lab, desk: Desk) -> None:
    lab, keyboard = stuck, stuck.page.keyboard
    lab.within(lab.feedback("total"), "ask-mentor").focus()
    keyboard.press("Enter")
    expect(lab.part("ask-notes")).to_be_focused()
    keyboard.insert_text("one line")
    keyboard.press("Shift+Enter")
    keyboard.insert_text("and another")
    keyboard.press("Tab")
    expect(lab.part("ask-email")).to_be_focused()
    keyboard.press("Tab")
    expect(lab.part("send-question")).to_be_focused()
    keyboard.press("Enter")
    expect(lab.part("mentor-text")).to_be_focused()
    eventually(lambda: [sent.notes for sent in desk.mentors.asked] == ["one line\nand another"])
