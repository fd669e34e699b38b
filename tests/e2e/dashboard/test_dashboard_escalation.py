"""One question on one screen: lease and race, code three ways, a run, an answer that is remembered, many at once."""

import re

import pytest
from playwright.sync_api import expect

from services.contracts.feedback import Verdict
from tests.e2e.dashboard import dashboard_material as material
from tests.e2e.dashboard.dashboard_double import Books
from tests.e2e.dashboard.dashboard_page import DeskPage

pytestmark = pytest.mark.browser
ANSWER = "The **mean** moves with one absurd price: try a `median`."


def test_everything_is_on_one_screen(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    books.memory, books.draft = [material.remembered(500, "Sort them.")], "Which middle does not move?"
    desk.escalation(first)
    expect(desk.part("facts")).to_contain_text("usual is 2323.75; the reference has 98.33.")
    expect(desk.part("hint-so-far")).to_have_count(2)
    expect(desk.part("hint-so-far").first).to_contain_text("did not help")
    expect(desk.part("chat-turn")).to_have_count(2)
    expect(desk.part("style-finding")).to_contain_text("T201")
    expect(desk.part("style-finding")).to_contain_text("The task asks for a printed report.")
    expect(desk.part("dismissed-elsewhere")).to_contain_text("Tills fail in many ways.")
    expect(desk.part("note").locator("strong").last).to_have_text("why")
    expect(desk.part("remembered")).to_contain_text("shown 14 times, helped 11")
    expect(desk.part("model-draft")).to_contain_text("Model’s draft by tiny-mentor-1b")
    expect(desk.part("open-replay")).to_be_visible()
    for name in ("code-pane", "facts", "conversation", "answer-box"):
        box = desk.part(name).bounding_box()
        assert box is not None
        assert box["y"] < 860, f"{name} is out of sight"


def test_marked_lines_are_told_and_a_place_leads_to_its_line(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    desk.escalation(first)
    marked = desk.cell("mean").locator(".marked-line")
    expect(marked).to_have_count(3)
    expect(marked.first).to_have_attribute("aria-description", "Feedback: `usual` is pulled up by the outliers.")
    expect(desk.cell("data")).not_to_have_attribute("open", "")
    desk.part("go-to-place").click()
    expect(desk.cell("mean").locator(".cm-content")).to_be_focused()
    desk.page.keyboard.insert_text("x")
    expect(desk.cell("mean").locator(".cm-content")).not_to_contain_text("x    middle")


def test_two_mentors_press_at_once_and_one_hears_who_was_first(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    desk.escalation(first)
    books.lease(first, "otto")
    desk.press("t")
    expect(desk.part("problem")).to_contain_text("otto has this one.")
    expect(desk.part("lease")).to_contain_text("otto is on it")
    desk.part("answer-text").fill(ANSWER)
    expect(desk.part("send-answer")).to_be_disabled()
    expect(desk.part("why-not")).to_contain_text("otto is on it.")


def test_a_lease_counts_down_is_held_longer_and_given_back(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    desk.escalation(first)
    desk.part("take").click()
    desk.said("It is yours for 30 minutes.")
    expect(desk.part("countdown")).to_have_text(re.compile(r"29:\d\d"))
    before = books.one(first).item.leased_until
    books.lease_minutes = 45
    with desk.page.expect_response("**/lease"):
        desk.part("extend").click()
    desk.said("It is yours for 45 minutes.")
    expect(desk.part("countdown")).to_have_text(re.compile(r"44:\d\d"))
    after = books.one(first).item.leased_until
    assert before is not None
    assert after is not None
    assert after > before
    desk.part("release").click()
    expect(desk.part("take")).to_be_visible()
    assert books.one(first).item.state == "waiting"


def test_by_keyboard_held_longer_given_back_and_on_to_the_next(desk: DeskPage, books: Books) -> None:
    first, second, *_ = books.some()
    desk.escalation(second)
    desk.press("l", "g")  # of what one does not hold there is nothing to keep and nothing to give back
    desk.press("t")
    expect(desk.part("lease")).to_have_attribute("data-mine", "true")
    books.lease_minutes = 45
    desk.press("l")
    desk.said("It is yours for 45 minutes.")
    desk.press("g")
    desk.said("Given back to the queue.")
    expect(desk.part("take")).to_be_visible()
    assert books.one(second).item.state == "waiting"
    desk.press("?")
    keys = desk.part("shortcuts-help")
    for words in ("Keep it longer", "Give it back", "Take the next question"):
        expect(keys).to_contain_text(words)
    desk.press("Escape")
    expect(keys).to_have_count(0)
    desk.press("n")
    expect(desk.part("escalation")).to_have_attribute("data-id", first)
    expect(desk.part("lease")).to_have_attribute("data-mine", "true")


def test_a_remembered_answer_that_came_back_is_nobodys_question(desk: DeskPage, books: Books) -> None:
    entry = material.remembered(500, "Sort **them**.", unhelpful=2)
    books.memory = [entry]
    key = books.put(material.came_back(1, entry))
    books.put(material.escalation(material.item(2, "ben", 90)))
    desk.open()
    row = desk.row(key)
    expect(row).to_contain_text("An answer of otto's came back: helped 11, did not help 2. It is still given.")
    expect(row.locator("[data-caseloop='came-back']")).to_have_text("A remembered answer came back")
    expect(row).to_contain_text("nobody’s question")
    expect(row).not_to_contain_text("zelda")
    expect(row).not_to_contain_text("Reopened")
    expect(row.locator("[data-caseloop='same']")).to_have_count(0)
    desk.escalation(key)
    screen = desk.part("escalation")
    expect(screen).to_contain_text("nobody’s question · A remembered answer came back 3 days ago")
    expect(screen).not_to_contain_text("zelda")
    expect(desk.part("came-back")).to_contain_text("otto wrote it")
    expect(desk.part("came-back")).to_contain_text("shown 14 times, helped 11 and did not help 2. Others still get it.")
    expect(desk.part("conversation")).to_contain_text("It came back 3 days ago, since it did not help a learner")
    for name in ("remember", "send-note", "same-group", "sessions", "help-so-far", "remembered"):
        expect(desk.part(name)).to_have_count(0)
    expect(desk.part("replaces")).to_contain_text(
        "What you write takes the place of otto’s answer, for everybody who meets this mistake."
    )
    desk.press("t")
    expect(desk.part("lease")).to_have_attribute("data-mine", "true")
    desk.press("c")  # lines are different in everybody's code: no key for a comment on one
    expect(desk.part("line-comment")).to_have_count(0)
    desk.part("use-its-words").click()
    expect(desk.part("answer-text")).to_have_value("Sort **them**.")
    desk.part("answer-text").fill("Sort them, then take the middle one.")
    desk.part("send-answer").click()
    desk.said("In its place: learners get your words from now on.")
    expect(desk.part("came-back")).to_contain_text("take the middle one")
    ((answered, sent),) = books.answers
    assert (answered, sent.text, sent.remember, sent.comments, sent.also) == (
        key, "Sort them, then take the middle one.", False, (), (),
    )  # fmt: skip
    assert books.memory[0].text == sent.text


def test_a_note_follows_the_answer_and_the_learners_rating(desk: DeskPage, books: Books) -> None:
    first, second, *_ = books.some()
    desk.escalation(first)
    desk.press("t")
    desk.part("answer-text").fill(ANSWER)
    desk.part("send-answer").click()
    desk.said("Answered.")
    expect(desk.part("send-answer")).to_have_count(0)
    expect(desk.part("same-group")).to_have_count(0)
    expect(desk.part("why-not")).to_contain_text("A note reaches the learner all the same.")
    desk.part("answer-text").fill("And look at `sorted`.")
    desk.part("send-note").click()
    desk.said("The learner has your note.")
    books.change(first, state="rated")
    desk.page.reload()
    expect(desk.part("escalation")).to_have_attribute("data-state", "rated")
    desk.part("answer-text").fill("Well done.")
    desk.part("answer-text").press("Control+Enter")
    expect(desk.part("note").last).to_contain_text("Well done.")
    assert [(key, note.text) for key, note in books.notes] == [(first, "And look at `sorted`."), (first, "Well done.")]
    # Of what somebody else has answered nobody but they can say more.
    books.change(second, state="answered", mentor="otto")
    desk.escalation(second)
    expect(desk.part("why-not")).to_contain_text("otto has answered it, and alone can add to that.")
    expect(desk.part("send-note")).to_have_count(0)


def test_by_keyboard_taken_commented_run_answered_and_remembered(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    desk.escalation(first)
    desk.press("t")
    expect(desk.part("lease")).to_have_attribute("data-mine", "true")
    desk.press("r")
    expect(desk.part("run-verdict")).to_have_text("Needs work")
    found = desk.part("run-finding")
    expect(found).to_contain_text("usual is pulled up by the outliers. Cell 3, lines 3–4")
    expect(found).to_contain_text("usual is 2323.75; the reference has 98.33.")
    desk.press("c")
    comment = desk.part("line-comment").locator("textarea")
    expect(comment).to_be_focused()
    desk.page.keyboard.type("What is it for [1, 1, 9000]?")
    desk.press("Escape", "a")
    expect(desk.part("answer-text")).to_be_focused()
    desk.page.keyboard.insert_text(ANSWER)
    expect(desk.cell("mean").locator(".commented-line")).to_have_count(1)
    desk.part("remember").check()
    desk.part("only-version").check()
    desk.part("answer-text").press("Control+Enter")
    desk.said("Answered.")
    expect(desk.part("escalation")).to_have_attribute("data-state", "answered")
    expect(desk.part("note").last.locator("strong").last).to_have_text("mean")
    expect(desk.part("note").last).to_contain_text("Cell 3, line 3")
    expect(desk.part("answer-text")).to_have_value("")
    ((key, sent),) = books.answers
    assert (key, sent.text, sent.remember, sent.only_version, sent.also) == (first, ANSWER, True, True, ())
    assert [(c.place.cell, c.place.line, c.text) for c in sent.comments] == [
        ("mean", 3, "What is it for [1, 1, 9000]?")
    ]


def test_a_line_number_begins_a_comment(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    desk.escalation(first)
    desk.cell("mean").locator(".cm-lineNumbers .cm-gutterElement", has_text="7").click()
    expect(desk.part("line-comment")).to_contain_text("Cell 3, line 7")


def test_all_who_wait_for_the_same_are_answered_after_one_look_at_each(desk: DeskPage, books: Books) -> None:
    first, second, third, _ = books.some()
    desk.escalation(first)
    desk.press("t")
    expect(desk.part("same-item")).to_have_count(2)
    expect(desk.part("answer-all")).to_be_disabled()
    expect(desk.part("also").first).to_be_disabled()
    for index in (0, 1):
        desk.part("look").nth(index).click()
        expect(desk.part("glance")).to_contain_text("middle = sum(prices)")
    desk.part("answer-all").click()
    desk.part("answer-text").fill(ANSWER)
    expect(desk.part("send-answer")).to_have_text("Answer, and 2 others with it")
    desk.part("send-answer").click()
    desk.said("Answered, and 2 others with it.")
    ((key, sent),) = books.answers
    assert (key, sorted(sent.also)) == (first, [second, third])
    assert {books.one(each).item.state for each in (first, second, third)} == {"answered"}


def test_more_who_wait_for_the_same_are_shown_part_after_part(desk: DeskPage, books: Books) -> None:
    books.same_at_once = 3
    keys = [books.put(material.escalation(material.item(n, f"learner-{n}", 900 - n))) for n in range(1, 9)]
    desk.escalation(keys[0])
    desk.press("t")
    group, items = desk.part("same-group"), desk.part("same-item")
    expect(items).to_have_count(3)
    expect(group.locator("h2")).to_have_text("7 others with the same problem")
    expect(desk.part("answer-all")).to_have_text("Answer these 3 together")
    for shown in (3, 6, 7):
        expect(desk.part("more-same")).to_be_visible()
        # The first press asks anew from the beginning, for the queue may have moved since the question came.
        desk.part("more-same").click()
        expect(items).to_have_count(shown)
        if shown == 7:
            break
    expect(desk.part("more-same")).to_have_count(0)
    assert [items.nth(n).get_attribute("data-id") for n in range(7)] == keys[1:]
    expect(desk.part("answer-all")).to_have_text("Answer all together")


def test_answers_to_similar_mistakes_are_marked_and_a_place_to_start_from(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    books.some_similar(first)
    desk.escalation(first)
    similar = desk.part("similar")
    expect(similar).to_have_count(2)
    expect(similar.first).to_contain_text("For a similar mistake")
    expect(similar.first).to_contain_text("Too low.")
    expect(similar.first.locator("strong")).to_have_text("middle")
    expect(similar.last).to_contain_text("mean|value|usual|count#2")
    expect(desk.part("remembered")).to_have_count(0)
    desk.part("use-similar").first.click()
    expect(desk.part("answer-text")).to_have_value("Print the **middle**.")
    assert books.answers == []


def test_what_the_notebook_showed_is_beneath_its_cells(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    books.show_outputs(first)
    desk.escalation(first)
    texts = desk.cell("mean", "outputs").locator("[data-caseloop='output-text']")
    expect(texts).to_have_count(2)
    expect(texts.first).to_have_text("usual: 2323.75")
    expect(texts.last).to_have_attribute("data-kind", "error")
    picture = desk.part("output-picture")
    expect(picture).to_have_attribute("alt", "<Figure size 640x480 with 1 Axes>")
    assert picture.evaluate("node => node.complete && node.naturalWidth") == 4
    expect(desk.cell("mean", "outputs")).to_contain_text("«an HTML output, not shown»")
    expect(desk.part("stale-outputs")).to_have_count(1)
    expect(desk.cell("report", "outputs")).to_contain_text("of other code than this")
    expect(desk.cell("intro").locator("h4")).to_have_text("A price check")


def test_asking_back_keeps_it_open(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    desk.escalation(first)
    desk.press("t")
    desk.part("answer-text").fill("Which price do you expect?")
    desk.part("send-note").click()
    desk.said("The learner has your note.")
    expect(desk.part("note")).to_have_count(2)
    assert books.one(first).item.state == "leased"
    assert [note.text for _, note in books.notes] == ["Which price do you expect?"]


def test_what_is_written_survives_a_reload_and_a_refusal(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    desk.escalation(first)
    desk.press("t")
    expect(desk.part("lease")).to_have_attribute("data-mine", "true")
    desk.part("answer-text").fill(ANSWER)
    desk.page.reload()
    expect(desk.part("answer-text")).to_have_value(ANSWER)
    books.change(first, mentor="otto")
    desk.part("send-answer").click()
    expect(desk.part("problem")).to_contain_text("your lease has run out")
    expect(desk.part("answer-text")).to_have_value(ANSWER)
    assert books.answers == []


def test_words_come_from_memory_the_draft_and_the_bank(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    books.memory, books.draft = [material.remembered(500, "Sort them.")], "Which middle does not move?"
    desk.escalation(first)
    desk.part("remembered").get_by_role("button", name="Use").click()
    desk.part("use-draft").click()
    desk.part("phrases").locator("summary").click()
    desk.part("phrase").get_by_role("button").first.click()
    expect(desk.part("answer-text")).to_have_value(
        "Sort them.\n\nWhich middle does not move?\n\nWhich middle does not move?"
    )
    desk.part("answer-text").fill("A phrase of mine.")
    desk.part("save-phrase").click()
    expect(desk.part("phrase")).to_have_count(2)
    assert books.phrases[-1].text == "A phrase of mine."
    desk.part("phrase").last.get_by_role("button").last.click()
    expect(desk.part("phrase")).to_have_count(1)


def test_the_difference_from_earlier_versions_and_from_the_reference(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    desk.escalation(first)
    desk.page.get_by_role("tab", name="Since earlier").click()
    changed = desk.cell("mean", "changed-cell")
    expect(changed.locator(".cm-deletedChunk")).to_contain_text("usual = sum(prices) / len(prices)")
    expect(changed.locator(".cm-changedLine").first).to_be_visible()
    expect(desk.part("changed-cell")).to_have_count(1)
    desk.part("pick-version").select_option(label=desk.part("pick-version").locator("option").last.inner_text())
    expect(changed.locator(".cm-deletedChunk")).to_contain_text("usual = prices[0]")
    desk.press("Tab")
    desk.page.get_by_role("tab", name="Since earlier").press("ArrowRight")
    reference = desk.cell("mean", "reference-cell")
    expect(reference.locator("[data-kind='removed']")).to_contain_text("middle = sum(prices) / len(prices)")
    expect(reference.locator("[data-kind='added']")).to_contain_text("middle = median(prices)")


def test_a_copy_is_edited_run_and_thrown_away(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    books.verdict, books.held = Verdict.APPROVED, "running"
    desk.escalation(first)
    desk.press("e")
    code = desk.cell("mean").locator(".cm-content")
    code.click()
    desk.press("Control+A")
    desk.page.keyboard.insert_text("usual = 98.33")
    desk.part("run").click()
    expect(desk.part("run-stage")).to_contain_text("Running the code, cell 1 of 3")
    books.held = ""
    expect(desk.part("run-verdict")).to_have_text("Approved")
    expect(desk.part("run-result")).to_contain_text("with your changes. Nothing of this counts for the learner.")
    assert [cell.source for cell in books.runs[-1].cells if cell.id == "mean"] == ["usual = 98.33"]
    desk.part("reset-edits").click()
    expect(code).to_contain_text("def usual_price")
    desk.part("run").click()
    expect(desk.part("run-result")).not_to_contain_text("with your changes")
    expect(desk.part("run-verdict")).to_have_text("Approved")
    assert books.runs[-1].cells == material.cells()


def test_parts_that_fail_leave_the_others(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    books.broken = {f"queue/{first}/{part}" for part in ("brief", "style", "sessions", "versions", "run")}
    desk.escalation(first)
    expect(desk.part("style-report").locator("[data-caseloop='problem']")).to_be_visible()
    expect(desk.part("facts")).to_contain_text("usual is 2323.75")
    desk.press("r")
    expect(desk.part("run-result")).to_contain_text("Mentoring does not answer.")
    desk.press("t")
    desk.part("answer-text").fill(ANSWER)
    desk.part("send-answer").click()
    desk.said("Answered.")


def test_one_that_is_not_there(desk: DeskPage, books: Books) -> None:
    books.some()
    desk.open(f"queue/{material.key(77)}")
    expect(desk.part("problem")).to_contain_text("There is no such question.")
    desk.press("Escape")
    expect(desk.part("queue")).to_be_visible()
