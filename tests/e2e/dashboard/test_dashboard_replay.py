"""A session replayed: play, pause, speed, seek, jump; in parts; with events that never arrived."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.dashboard import dashboard_material as material
from tests.e2e.dashboard.dashboard_double import Books
from tests.e2e.dashboard.dashboard_page import DeskPage

pytestmark = pytest.mark.browser


def replay(desk: DeskPage, books: Books) -> Locator:
    """Open the replay; the code of the cell that is worked in."""
    first, *_ = books.some()
    desk.open(f"queue/{first}/replay/{material.SESSION}")
    expect(desk.part("timeline")).to_be_visible()
    return desk.cell("mean", "replay-cell").locator(".cm-content")


def test_it_plays_pauses_and_ends(desk: DeskPage, books: Books) -> None:
    code = replay(desk, books)
    expect(desk.part("clock")).to_have_text("0:00 of 12:00")
    expect(code).to_have_text("")
    desk.press("4")
    expect(desk.part("speed-4")).to_have_attribute("aria-pressed", "true")
    desk.press("Space")
    expect(code).to_contain_text("usual = sum(prices)")
    desk.press("Space")
    expect(desk.part("play")).to_have_attribute("aria-pressed", "false")
    stands = desk.part("clock").inner_text()
    desk.page.wait_for_timeout(500)
    assert desk.part("clock").inner_text() == stands


def test_a_long_pause_is_skipped_unless_told_otherwise(desk: DeskPage, books: Books) -> None:
    replay(desk, books)
    desk.part("seek").fill("30000")
    desk.press("Space")
    expect(desk.part("clock")).to_contain_text(re.compile("^(4:5|5:)"))
    desk.press("Space")
    desk.part("skip-pauses").uncheck()
    desk.part("seek").fill("30000")
    desk.part("play").click()
    desk.page.wait_for_timeout(1_500)
    expect(desk.part("clock")).to_contain_text(re.compile("^0:3"))


def test_seeking_rebuilds_the_notebook_at_any_instant_in_both_directions(desk: DeskPage, books: Books) -> None:
    code = replay(desk, books)
    desk.part("seek").fill("720000")
    expect(code).to_contain_text("def usual_price")
    desk.part("seek").fill("2000")
    expect(code).to_have_text("usual ")
    desk.press("ArrowRight")
    expect(desk.part("clock")).to_contain_text("0:0")
    desk.part("seek").fill("22000")
    expect(code).to_have_text("usual = sum(prices) / len(prices)print(usual)")
    cell = desk.cell("mean", "replay-cell")
    ran = cell.locator("[data-caseloop='replay-run']")
    expect(ran).to_have_text("ran in 1.0 s")
    expect(cell).to_have_attribute("data-ran", "ok")
    for moment, state, words in (
        ("330000", "running", "running"),
        ("400000", "failed", "failed after 1.0 s: NameError"),
        ("720000", "ok", "ran in 1.0 s"),
        ("21000", "ok", "ran in 1.0 s"),
        ("20000", "running", "running"),
    ):
        desk.part("seek").fill(moment)
        expect(ran).to_have_text(words)
        expect(cell).to_have_attribute("data-ran", state)
    desk.part("seek").fill("0")
    expect(code).to_have_text("")
    expect(ran).to_have_count(0)


def test_it_jumps_to_the_next_paste_question_run_and_check(desk: DeskPage, books: Books) -> None:
    replay(desk, books)
    clock = desk.part("clock")
    desk.press("p")
    desk.said(f"Paste of {len(material.CODE)} characters, at 5:20.")
    expect(clock).to_contain_text("5:20")
    expect(desk.part("next-paste")).to_be_disabled()
    desk.press("r")
    desk.said("Run that failed: NameError, at 5:30.")
    desk.press("i")
    desk.said("Wrote to the assistant, at 6:40.")
    desk.part("next-check").click()
    desk.said("Check: needs work, at 12:00.")
    expect(desk.part("next-check")).to_be_disabled()
    desk.press("Escape")
    expect(desk.part("escalation")).to_be_visible()


def test_parts_that_follow_are_joined(desk: DeskPage, books: Books) -> None:
    books.part = 10
    code = replay(desk, books)
    expect(desk.part("clock")).to_contain_text("of 12:00")
    desk.part("seek").fill("720000")
    expect(code).to_contain_text("def usual_price")


def test_events_that_never_arrived_are_told(desk: DeskPage, books: Books) -> None:
    del books.events[20:25]
    replay(desk, books)
    expect(desk.part("uncertain")).to_have_count(0)
    desk.part("seek").fill("22000")
    expect(desk.part("uncertain")).to_contain_text("never arrived")


def test_a_session_that_cannot_be_had_and_one_that_is_empty(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    path = f"queue/{first}/sessions/{material.SESSION}"
    books.broken = {path}
    desk.open(f"queue/{first}/replay/{material.SESSION}")
    expect(desk.part("problem")).to_be_visible()
    books.broken, books.events = set(), []
    desk.part("retry").click()
    expect(desk.part("empty")).to_contain_text("Nothing was recorded")
