"""Remembered answers, the class, the measures: what they show and what can be done there."""

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard import dashboard_material as material
from tests.e2e.dashboard.dashboard_double import Books
from tests.e2e.dashboard.dashboard_page import DeskPage

pytestmark = pytest.mark.browser


def test_remembered_answers_are_found_edited_and_withdrawn(desk: DeskPage, books: Books) -> None:
    books.memory = [material.remembered(500, "Try a **median**."), material.remembered(501, "Sort them first.")]
    desk.open("memory")
    entries = desk.part("memory-entry")
    expect(entries).to_have_count(2)
    expect(entries.first.locator("[data-caseloop='usefulness']")).to_have_text("Shown14Helped11Did not1")
    desk.press("/")
    desk.page.keyboard.type("median")
    expect(entries).to_have_count(1)
    desk.part("edit-memory").click()
    expect(desk.part("memory-text")).to_be_focused()
    desk.part("memory-text").fill("Try a median, which no absurd price moves.")
    desk.page.get_by_label("For its version of the case only").check()
    desk.part("save-memory").click()
    desk.said("Saved.")
    expect(entries.first).to_contain_text("for one version only")
    assert books.memory[0].text == "Try a median, which no absurd price moves."
    desk.part("withdraw").click()
    expect(desk.part("confirm-withdraw")).to_be_visible()
    desk.part("really-withdraw").click()
    desk.said("Withdrawn")
    expect(entries.first).to_have_attribute("data-withdrawn", "true")
    assert books.memory[0].withdrawn is not None


def test_remembered_answers_come_in_parts_and_are_narrowed_by_case_and_step(desk: DeskPage, books: Books) -> None:
    books.entries_at_once = 2
    books.memory = [material.remembered(500 + n, f"Answer {n}.", subtask="mean" if n else "total") for n in range(5)]
    desk.open("memory")
    entries = desk.part("memory-entry")
    expect(entries).to_have_count(2)
    expect(desk.part("memory-total")).to_have_text("5 answers")
    desk.part("more").click()
    expect(entries).to_have_count(4)
    desk.part("more").click()
    expect(entries).to_have_count(5)
    expect(desk.part("more")).to_have_count(0)
    desk.part("filter-case").select_option(material.CASE)
    desk.part("filter-step").select_option("total")
    expect(entries).to_have_count(1)
    desk.part("search").fill("nothing of the kind")
    expect(desk.part("empty")).to_contain_text("Nothing fits")
    desk.page.reload()
    expect(desk.part("search")).to_have_value("nothing of the kind")
    expect(desk.part("filter-step")).to_have_value("total")


def test_a_remembered_answer_says_which_mistake_it_is_for_and_shows_the_code(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    books.memory = [
        material.remembered(500, "Use a median.", mistake="`usual` is pulled up by the outliers.", origin=first),
        material.remembered(501, "Sort them."),
    ]
    desk.open("memory")
    told, bare = desk.part("written-for").first, desk.part("written-for").last
    expect(told.locator("[data-caseloop='mistake']")).to_have_text("usual is pulled up by the outliers.")
    expect(told).to_contain_text(material.SIGNATURE)
    expect(bare.locator("[data-caseloop='mistake']")).to_have_count(0)
    expect(bare).to_contain_text("not kept any more")
    # Looking at a learner's code is written down: nobody looks by opening the page.
    assert books.looked == []
    told.locator("summary").click()
    expect(told.locator("[data-caseloop='code']")).to_have_text(material.CODE)
    assert books.looked == [first]
    told.get_by_role("link", name="The question").click()
    expect(desk.part("escalation")).to_have_attribute("data-id", first)


def test_an_answer_that_was_set_aside_is_confirmed_as_it_is(desk: DeskPage, books: Books) -> None:
    books.memory = [material.remembered(500, "Hm.", set_aside=material.NOW)]
    desk.open("memory")
    expect(desk.part("set-aside")).to_contain_text("it did not help several learners in a row")
    desk.part("confirm-memory").click()
    desk.said("Confirmed")
    expect(desk.part("set-aside")).to_have_count(0)
    assert books.memory[0].text == "Hm."
    assert books.memory[0].set_aside is None


def test_nothing_remembered_says_how_it_begins(desk: DeskPage, books: Books) -> None:
    desk.open("memory")
    expect(desk.part("empty")).to_contain_text("Nothing is remembered yet")
    books.broken = {"memory"}
    desk.page.reload()
    expect(desk.part("problem")).to_be_visible()


def test_the_class_shows_who_is_where_stuck_and_silent_and_is_exported(desk: DeskPage, books: Books) -> None:
    desk.open("class")
    rows = desk.part("class-row")
    expect(rows).to_have_count(5)
    ben = desk.page.locator("[data-caseloop='class-row'][data-user='ben']")
    expect(ben.locator("[data-rule='many_attempts']")).to_be_visible()
    expect(ben).to_contain_text("1 approved")
    expect(ben).to_contain_text("Find the usual price")
    expect(ben.get_by_role("link", name="ben, Add them up: approved, 1 attempt", exact=True)).to_be_visible()
    desk.part("watch-only").check()
    expect(rows).to_have_count(2)
    desk.page.reload()
    expect(rows).to_have_count(2)
    with desk.page.expect_download() as download:
        desk.part("export-csv").click()
    assert download.value.suggested_filename == "price-check.csv"
    books.class_rows = ()
    desk.page.reload()
    expect(desk.part("empty")).to_contain_text("Nobody is on the watch list")


def test_a_step_of_the_class_leads_to_the_learners_work_and_its_replay(desk: DeskPage, books: Books) -> None:
    desk.open("class")
    ben = desk.page.locator("[data-caseloop='class-row'][data-user='ben']")
    expect(ben.get_by_role("link", name="ben", exact=True)).to_have_attribute(
        "href", "#/learner/price-check/ben?step=mean"
    )
    ben.get_by_role("link", name="ben, Find the usual price: in progress, 4 attempts").click()
    learner = desk.part("learner")
    expect(learner).to_have_attribute("data-step", "mean")
    expect(learner).to_contain_text("A price check · Find the usual price")
    expect(desk.page.locator("[aria-current='page']")).to_have_text("Class")
    expect(desk.part("untouched-step")).to_contain_text("Report it")
    code = desk.part("learner-code")
    expect(code).to_contain_text("kept = [price for price in prices")
    code.get_by_text("kept = [price").click()
    desk.page.keyboard.type("changed")
    expect(code).not_to_contain_text("changed")
    expect(desk.part("finding")).to_contain_text("pulled up by the outliers")
    expect(desk.part("fact").first).to_contain_text("2323.75")
    assert books.looked == ["price-check/ben/mean"]
    options = desk.part("pick-version").locator("option")
    expect(options).to_have_count(3)
    desk.part("pick-version").select_option(index=1)
    expect(code).to_contain_text("usual = sum(prices) / len(prices)")
    expect(code).not_to_contain_text("kept =")
    desk.part("open-replay").click()
    expect(desk.part("timeline")).to_be_visible()
    desk.press("Escape")
    expect(learner).to_have_attribute("data-step", "mean")
    desk.part("learner-step").first.click()
    expect(learner).to_have_attribute("data-step", "total")
    expect(desk.part("empty")).to_contain_text("This step was never checked")
    desk.press("Escape")
    expect(desk.part("class")).to_be_visible()


def test_without_consent_there_is_nothing_to_replay_and_what_fails_is_said(desk: DeskPage, books: Books) -> None:
    books.events = []
    desk.open("learner/price-check/ben?step=mean")
    expect(desk.part("sessions")).to_contain_text("the learner has not agreed to it")
    expect(desk.part("open-replay")).to_have_count(0)
    books.broken = {"class/price-check/learners/ben"}
    desk.page.reload()
    expect(desk.part("problem")).to_be_visible()
    books.broken = set()
    desk.part("retry").click()
    expect(desk.part("learner-code")).to_be_visible()


def test_measures_are_told_and_nothing_is_made_up_where_there_are_none(desk: DeskPage, books: Books) -> None:
    desk.open("measures")
    cards = desk.part("measure")
    expect(cards.filter(has_text="Answered without a mentor")).to_contain_text("90 %")
    expect(cards.filter(has_text="Time to the first answer")).to_contain_text("21 min")
    expect(cards.filter(has_text="Remembered answers that helped")).to_contain_text("79 %")
    expect(cards.filter(has_text="Hints that helped")).to_contain_text("64 %")
    weeks = desk.part("week")
    expect(weeks.first).to_contain_text("21 min")
    assert weeks.count() == desk.part("week-bars").count() > 1
    books.judged = 0
    desk.part("period").select_option("30")
    expect(cards.filter(has_text="Answered without a mentor")).to_contain_text("–")
    expect(cards.filter(has_text="Time to the first answer")).to_contain_text("–")
    expect(desk.part("weeks")).to_have_count(0)


def test_an_address_that_leads_nowhere_leads_back(desk: DeskPage) -> None:
    desk.open("cellar")
    desk.page.get_by_role("link", name="Go to the queue").click()
    expect(desk.part("queue")).to_be_visible()
    desk.open("measures")
    expect(desk.part("measures")).to_be_visible()
    desk.press("q")
    expect(desk.part("queue")).to_be_visible()
