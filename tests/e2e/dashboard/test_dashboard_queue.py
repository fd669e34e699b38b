"""The queue: by keyboard alone, filtered, in parts, live; empty, slow and broken."""

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard import dashboard_material as material
from tests.e2e.dashboard.dashboard_double import Books
from tests.e2e.dashboard.dashboard_page import DeskPage

pytestmark = pytest.mark.browser


def test_a_mentor_without_a_mouse_reads_the_queue_and_opens_one(desk: DeskPage, books: Books) -> None:
    first, second, *_ = books.some()
    desk.open()
    expect(desk.row(first)).to_be_visible()
    desk.press("j")
    expect(desk.row(first).locator("a")).to_be_focused()
    desk.press("j", "j", "k")
    expect(desk.row(second).locator("a")).to_be_focused()
    desk.press("k", "k", "k")
    expect(desk.row(first).locator("a")).to_be_focused()
    desk.press("j", "Enter")
    expect(desk.part("escalation")).to_have_attribute("data-id", second)
    desk.press("Escape")
    expect(desk.part("queue")).to_be_visible()


def test_a_row_says_how_long_why_and_how_many_wait_for_the_same(desk: DeskPage, books: Books) -> None:
    first, _, _, last = books.some()
    desk.open()
    row = desk.row(first)
    expect(row).to_contain_text("2 h 36 min")
    expect(row).to_contain_text("The usual price is far too high.")
    expect(row).to_contain_text("A price check · Find the usual price")
    expect(row.locator("[data-caseloop='same']")).to_have_text("+2 others the same")
    expect(row).to_contain_text("Reopened")
    expect(desk.row(last).locator("code")).to_have_text("delays")
    expect(desk.row(last).locator("[data-caseloop='same']")).to_have_count(0)


def test_a_row_of_what_is_over_says_when_it_was_asked(desk: DeskPage, books: Books) -> None:
    answered = material.item(1, "ben", 262_800, state="answered", mentor="otto", waited_seconds=240.0)
    key = books.put(material.escalation(answered))
    desk.open("queue?state=answered")
    expect(desk.row(key)).to_contain_text("Asked 3 days ago")
    expect(desk.row(key)).not_to_contain_text("4 min")
    desk.escalation(key)
    expect(desk.part("escalation")).to_contain_text("asked 3 days ago")


def test_n_takes_the_most_urgent_and_says_so_when_nobody_waits(desk: DeskPage, books: Books) -> None:
    desk.open()
    expect(desk.part("empty")).to_contain_text("Nobody waits")
    desk.press("n")
    desk.said("Nobody waits right now.")
    first, *_ = books.some()
    desk.press("n")
    expect(desk.part("escalation")).to_have_attribute("data-id", first)
    expect(desk.part("lease")).to_have_attribute("data-mine", "true")


def test_filters_are_in_the_address_and_survive_a_reload(desk: DeskPage, books: Books) -> None:
    first, second, third, last = books.some()
    books.lease(second)
    desk.open()
    desk.part("filter-case").select_option("late-buses")
    expect(desk.row(first)).to_have_count(0)
    expect(desk.row(last)).to_be_visible()
    desk.page.reload()
    expect(desk.row(last)).to_be_visible()
    expect(desk.row(first)).to_have_count(0)
    expect(desk.part("queue-total")).to_contain_text("most urgent first")
    desk.part("filter-state").select_option("answered")
    expect(desk.part("empty")).to_contain_text("Nothing fits these filters")
    expect(desk.part("queue-total")).to_contain_text("newest first")
    desk.part("filter-case").select_option("")
    desk.part("filter-state").select_option("")
    expect(desk.row(third)).to_be_visible()
    desk.part("queue-total").click()
    desk.press("m")
    expect(desk.row(second)).to_be_visible()
    expect(desk.row(third)).to_have_count(0)


def test_the_queue_is_searched_by_keyboard_and_back_leads_to_what_was_found(desk: DeskPage, books: Books) -> None:
    first, second, _, last = books.some()
    desk.open()
    expect(desk.part("queue-row")).to_have_count(4)
    desk.press("/")
    expect(desk.part("search")).to_be_focused()
    desk.page.keyboard.type("USUAL price")
    expect(desk.row(last)).to_have_count(0)
    expect(desk.part("queue-total")).to_contain_text("3 questions")
    expect(desk.page).to_have_url(f"{desk.url}#/queue?q=USUAL+price")
    desk.part("filter-learner").fill("cl")
    expect(desk.row(first)).to_have_count(0)
    desk.row(second).locator("a").click()
    expect(desk.part("escalation")).to_have_attribute("data-id", second)
    desk.press("Escape")
    expect(desk.part("search")).to_have_value("USUAL price")
    expect(desk.part("filter-learner")).to_have_value("cl")
    expect(desk.part("queue-row")).to_have_count(1)
    desk.page.reload()
    expect(desk.part("search")).to_have_value("USUAL price")
    desk.part("search").fill("zebra")
    expect(desk.part("empty")).to_contain_text("Nothing fits these filters")
    # Words count as soon as nothing more is typed, and not letter by letter.
    assert not any("q=US&" in asked or "q=zeb&" in asked for asked in books.searched)
    # Those that came first were not announced as new ones.
    expect(desk.part("announcement")).not_to_contain_text("new question")


def test_step_and_reason_narrow_the_queue_and_another_case_has_other_steps(desk: DeskPage, books: Books) -> None:
    first, second, third, last = books.some()
    desk.open("queue?state=all")
    expect(desk.part("queue-row")).to_have_count(4)
    expect(desk.part("queue-total")).to_contain_text("newest first")
    desk.part("filter-reason").select_option("unhelpful_hint")
    expect(desk.part("queue-row")).to_have_count(1)
    expect(desk.row(second)).to_be_visible()
    desk.part("filter-reason").select_option("")
    expect(desk.part("filter-step")).to_have_count(0)
    desk.part("filter-case").select_option(material.CASE)
    desk.part("filter-step").select_option(label="Find the usual price")
    expect(desk.row(last)).to_have_count(0)
    for key in (first, third):
        expect(desk.row(key)).to_be_visible()
    desk.part("filter-step").select_option("total")
    expect(desk.part("empty")).to_be_visible()
    desk.part("filter-case").select_option("late-buses")
    expect(desk.row(last)).to_be_visible()
    expect(desk.part("filter-step")).to_have_value("")
    desk.open("queue?case=late-buses&subtask=gone")
    expect(desk.part("filter-step")).to_have_value("gone")


def test_a_long_queue_comes_in_parts(desk: DeskPage, books: Books) -> None:
    for number in range(1, 121):
        books.put(material.escalation(material.item(number, f"learner-{number}", 5_000 - number)))
    desk.open()
    rows = desk.part("queue-row")
    expect(rows).to_have_count(50)
    expect(desk.part("queue-total")).to_contain_text("120 questions")
    desk.part("more").click()
    expect(rows).to_have_count(100)
    rows.last.locator("a").focus()
    desk.press("j")
    expect(rows).to_have_count(120)
    expect(desk.part("more")).to_have_count(0)


def test_what_is_new_appears_by_itself_and_is_said(desk: DeskPage, books: Books) -> None:
    books.some()
    desk.open()
    expect(desk.part("queue-row")).to_have_count(4)
    books.put(material.escalation(material.item(9, "fred", 1)))
    expect(desk.part("queue-row")).to_have_count(5, timeout=30_000)
    desk.said("1 new question in the queue.")


def test_loading_failing_and_trying_again_are_told(desk: DeskPage, books: Books) -> None:
    books.some()
    books.held = "queue"
    desk.open()
    expect(desk.part("loading")).to_contain_text("Loading the queue")
    books.held = ""
    expect(desk.part("queue-row")).to_have_count(4)
    books.broken = {"queue"}
    desk.page.reload()
    expect(desk.part("problem")).to_contain_text("Mentoring does not answer.")
    expect(desk.part("problem")).to_contain_text("r-1")
    books.broken = set()
    desk.part("retry").click()
    expect(desk.part("queue-row")).to_have_count(4)
    expect(desk.part("problem")).to_have_count(0)


def test_the_list_of_keys_opens_by_a_key_and_gives_the_focus_back(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    desk.open()
    expect(desk.row(first)).to_be_visible()
    desk.press("j", "?")
    keys = desk.part("shortcuts-help")
    expect(keys).to_contain_text("Take the most urgent question")
    desk.press("n")  # keys of the page beneath do nothing meanwhile
    desk.press("Escape")
    expect(keys).to_have_count(0)
    expect(desk.row(first).locator("a")).to_be_focused()


def test_signing_out_ends_the_session(desk: DeskPage, books: Books) -> None:
    desk.open()
    expect(desk.part("signed-in")).to_have_text("mona")
    desk.part("sign-out").click()
    expect(desk.part("signed-out")).to_contain_text("You are signed out")
    assert not books.signed_in
    desk.page.reload()
    expect(desk.part("problem")).to_contain_text("Sign in again")
