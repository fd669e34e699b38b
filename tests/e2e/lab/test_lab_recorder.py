"""The record of a session: with consent only, complete, in order, not lost, and the learner's own."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from services.contracts.session import SessionEvent
from services.progress.sessions.replay import Notebook
from tests.e2e.lab.gateway_double import Desk, GatewayDouble
from tests.e2e.lab.lab_page import Lab, eventually
from tests.e2e.lab.mentor_double import Mentors
from tests.e2e.lab.test_lab_access import serious

pytestmark = pytest.mark.browser
SEND = 5_000
"""Milliseconds between two batches (web/labextension/src/recorder/recorder.ts)."""

_PASTE = """([index, text]) => {
  const data = new DataTransfer();
  data.setData('text/plain', text);
  const node = document.querySelector(`.jp-Notebook .jp-Cell[data-windowed-list-index='${index}'] .cm-content`);
  node.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
}"""
_SOURCES = """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
  .map(c => [c.id, c.sharedModel.getSource()])"""
# What the browser keeps of the record, for the next page.
_KEPT = """() => new Promise((done, failed) => {
  const opening = indexedDB.open('caseloop-recorder');
  opening.onerror = failed;
  opening.onsuccess = () => {
    const reading = opening.result.transaction('batches').objectStore('batches').getAll();
    reading.onerror = failed;
    reading.onsuccess = () => {
      opening.result.close();
      done(JSON.stringify(reading.result));
    };
  };
})"""
# What all that follows an edit costs, the editor's own work included: the median of many, in milliseconds.
_KEYSTROKE = """() => {
  const cell = window.jupyterapp.shell.currentWidget.content.widgets[3];
  const times = [];
  for (let i = 0; i < 400; i++) {
    const end = cell.model.sharedModel.getSource().length;
    const began = performance.now();
    cell.model.sharedModel.updateSource(end, end, i % 40 ? 'x' : '\\n');
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[200];
}"""


@pytest.fixture
def willing(lab: Lab, desk: Desk) -> Lab:
    """A learner who agreed to being recorded, and to AI."""
    desk.mentors.record = desk.assistant.choice = True
    lab.write(total="total = 1")
    lab.open()
    expect(lab.part("recording-standing")).to_have_attribute("data-record", "yes")
    return lab


def events(mentors: Mentors) -> list[SessionEvent]:
    """All that has arrived of the newest session."""
    return mentors.events(mentors.batches[-1].session) if mentors.batches else []


def kinds(mentors: Mentors, *wanted: str) -> list[str]:
    return [event.kind for event in events(mentors) if not wanted or event.kind in wanted]


def typed(told: Iterable[SessionEvent]) -> str:
    """All that was written, as events tell it."""
    return "".join(str(event.data["inserted"]) for event in told if event.kind == "edit")


def replayed(mentors: Mentors) -> list[list[str]]:
    """The notebook that the record leads to, by the product's own rules."""
    notebook = Notebook()
    for event in events(mentors):
        notebook.apply(event)
    return [[cell.id, cell.source] for cell in notebook.cells]


def sent(lab: Lab, condition: Callable[[], object]) -> None:
    """Wait for what the recorder sends, but not for the time between two batches."""

    def met() -> object:
        lab.passes(SEND)
        return condition()

    eventually(met, within=30)


def complete(lab: Lab, mentors: Mentors) -> None:
    """Wait until the record leads to the notebook as it is; nothing may be missing in it."""
    sent(lab, lambda: replayed(mentors) == lab.page.evaluate(_SOURCES))
    seqs = [event.seq for event in events(mentors)]
    assert seqs == list(range(len(seqs)))


def test_nothing_is_recorded_before_the_learner_has_agreed(lab: Lab, desk: Desk) -> None:
    mentors = desk.mentors
    lab.open()
    consent = lab.part("recording-consent")
    expect(consent).to_contain_text("mentors can replay it")
    expect(consent).to_contain_text("180 days")
    lab.type(3, "before = 1", replace=True)
    lab.passes(SEND)
    assert mentors.batches == []
    if folder := os.environ.get("CASELOOP_SHOTS"):
        lab.page.screenshot(path=f"{folder}/lab-consent.png", animations="disabled")
    lab.within(consent, "allow-recording").click()
    expect(lab.part("change-recording")).to_be_focused()
    lab.said("Your sessions are recorded.")
    eventually(lambda: kinds(mentors)[:1] == ["snapshot"])  # it goes by itself: this wait is a real one
    lab.type(3, "\nafter = 2")
    complete(lab, mentors)
    # the oldest is sent first, so that what was noted before would have come by now
    (session,) = {batch.session for batch in mentors.batches}
    snapshot, *later = mentors.events(session)
    assert "before = 1" in json.dumps(snapshot.data)
    assert "before" not in typed(later)
    assert mentors.choices == [True]


def test_who_declines_is_left_in_peace_and_may_change_that(lab: Lab, desk: Desk) -> None:
    mentors = desk.mentors
    lab.open()
    lab.part("decline-recording").click()
    expect(lab.part("recording-standing")).to_have_attribute("data-record", "no")
    lab.type(3, "mine = 1", replace=True)
    lab.passes(SEND)
    assert mentors.batches == []
    lab.part("change-recording").click()
    lab.part("allow-recording").click()
    sent(lab, lambda: kinds(mentors)[:1] == ["snapshot"])
    lab.part("change-recording").click()
    lab.part("decline-recording").click()
    expect(lab.part("recording-standing")).to_have_attribute("data-record", "no")
    known = len(mentors.batches)
    lab.type(3, "\nmine_again = 1")
    lab.passes(SEND)
    assert len(mentors.batches) == known
    lab.part("change-recording").click()
    lab.part("allow-recording").click()
    sent(lab, lambda: len({batch.session for batch in mentors.batches}) == 2)
    # the oldest is sent first, so that what was noted in between would have come by now
    for session in {batch.session for batch in mentors.batches}:
        assert "mine" not in typed(mentors.events(session))
    assert mentors.choices == [False, True, False, True]


def test_an_answer_that_comes_late_takes_nobody_away_from_what_they_write(lab: Lab, desk: Desk) -> None:
    lab.open()
    held: list[Route] = []
    lab.page.route("**/api/recording*", lambda route: held.append(route))
    with lab.page.expect_request("**/api/recording*"):
        lab.part("decline-recording").click()
    lab.type(3, "mine = 1", replace=True)
    held[0].continue_()
    expect(lab.part("recording-standing")).to_have_attribute("data-record", "no")
    lab.page.wait_for_timeout(200)
    expect(lab.cell(3).locator(".cm-content")).to_be_focused()
    lab.page.keyboard.insert_text(" + 2")
    expect(lab.cell(3).locator(".cm-content")).to_contain_text("mine = 1 + 2")
    assert desk.mentors.choices == [False]


def test_the_record_leads_to_the_notebook_whatever_was_done_to_it(willing: Lab, desk: Desk) -> None:
    lab, mentors = willing, desk.mentors
    lab.type(3, "total = 'é😀'", replace=True)
    lab.type(3, "\nmore = 2")
    complete(lab, mentors)
    lab.select(3)
    for command in ("insert-cell-below", "move-cell-down", "move-cell-down"):
        lab.command(f"notebook:{command}")
    complete(lab, mentors)
    lab.select(0)
    lab.command("notebook:delete-cell")
    lab.select(2)
    lab.command("notebook:move-cell-up")
    complete(lab, mentors)
    assert set(kinds(mentors)) >= {"snapshot", "edit", "cell_created", "cell_moved", "cell_deleted", "cursor"}
    # half a second of typing is one event: few of them, however many keys
    lab.page.keyboard.press("Enter")
    lab.page.keyboard.type("a_b_c_d_e_f_g_h_i_j", delay=40)
    complete(lab, mentors)
    assert kinds(mentors, "edit").__len__() < 20


def test_a_large_paste_is_flagged_and_a_small_one_is_not(willing: Lab, desk: Desk) -> None:
    lab, mentors = willing, desk.mentors
    lab.type(3, "total = 1", replace=True)
    lab.page.evaluate(_PASTE, [3, "\n# short"])
    lab.page.evaluate(_PASTE, [3, "\n" + "# long" * 20])
    sent(lab, lambda: len(kinds(mentors, "paste")) == 2)
    pasted = [event for event in events(mentors) if event.kind == "paste"]
    assert [event.data for event in pasted] == [{"length": 8, "large": False}, {"length": 121, "large": True}]
    assert {event.cell for event in pasted} == {"total"}
    complete(lab, mentors)


def test_runs_checks_hints_and_questions_are_told(willing: Lab, desk: Desk) -> None:
    lab, mentors = willing, desk.mentors
    lab.idle()
    lab.type(3, "total = missing", replace=True)
    lab.page.keyboard.press("Control+Enter")
    sent(lab, lambda: kinds(mentors, "run", "result") == ["run", "result"])
    (result,) = [event for event in events(mentors) if event.kind == "result"]
    assert (result.cell, result.data) == ("total", {"ok": False, "error": "NameError"})
    expect(lab.check("total")).to_have_attribute("data-verdict", "needs_work")  # what is asked later is told later
    lab.help("total")
    lab.part("ask-hint").first.click()
    expect(lab.part("hint-text")).to_be_visible()
    lab.part("tab-chat").click()
    lab.part("chat-text").fill("Why?")
    lab.part("send").click()
    sent(lab, lambda: kinds(mentors, "check", "hint", "chat") == ["check", "hint", "chat"])
    (check,) = [event for event in events(mentors) if event.kind == "check"]
    assert check.data == {"verdict": "needs_work"}
    # what was typed comes before the run of it
    told = [event.kind for event in events(mentors) if event.kind in {"edit", "run"}]
    assert told.index("edit") < told.index("run")


def test_what_was_done_while_caseloop_was_away_arrives_after_a_reload(
    willing: Lab, desk: Desk, gateway: GatewayDouble
) -> None:
    lab, mentors = willing, desk.mentors
    lab.type(3, "total = 1", replace=True)
    complete(lab, mentors)
    session = mentors.batches[-1].session
    gateway.stop()
    lab.type(3, "\naway = 2")
    with lab.page.expect_response("**/api/events*") as tried:
        lab.passes(SEND)
    assert tried.value.status == 503
    eventually(lambda: "away = 2" in lab.page.evaluate(_KEPT))
    lab.command("docmanager:save")
    lab.saved()
    written = lab.page.evaluate(_SOURCES)
    lab.page.reload()
    gateway.start()
    expect(lab.part("recording-standing")).to_be_visible(timeout=60_000)
    sent(lab, lambda: len({batch.session for batch in mentors.batches}) == 2)

    def earlier() -> list[list[str]]:
        notebook = Notebook()
        for event in mentors.events(session):
            notebook.apply(event)
        return [[cell.id, cell.source] for cell in notebook.cells]

    sent(lab, lambda: earlier() == written)
    seqs = [event.seq for event in mentors.events(session)]
    assert seqs == list(range(len(seqs)))


def test_a_learner_saves_a_copy_and_deletes_what_is_kept(willing: Lab, desk: Desk) -> None:
    lab, mentors = willing, desk.mentors
    sent(lab, lambda: kinds(mentors)[:1] == ["snapshot"])
    first = mentors.batches[-1].session
    lab.part("change-recording").click()
    with lab.page.expect_download() as waiting:
        lab.part("export-sessions").click()
    saved = json.loads(Path(waiting.value.path()).read_text())
    assert saved["sessions"][0]["events"][0]["kind"] == "snapshot"
    lab.part("delete-sessions").click()
    lab.page.locator(".jp-Dialog button.jp-mod-accept").click()
    lab.said("Your recorded sessions are deleted.")
    lab.type(3, "\nmore = 1")
    complete(lab, mentors)
    assert {batch.session for batch in mentors.batches}.isdisjoint({first})


def test_a_choice_that_was_changed_elsewhere_ends_the_recording(willing: Lab, desk: Desk) -> None:
    lab, mentors = willing, desk.mentors
    sent(lab, lambda: kinds(mentors)[:1] == ["snapshot"])
    mentors.record = False
    lab.type(3, "\nmine = 1")
    lab.passes(SEND)
    expect(lab.part("recording-standing")).to_have_attribute("data-record", "no", timeout=20_000)
    assert "mine" not in json.dumps([batch.model_dump(mode="json") for batch in mentors.batches])


def test_recording_costs_a_keystroke_less_than_a_millisecond(lab: Lab, desk: Desk) -> None:
    desk.mentors.record = False
    lab.open()
    expect(lab.part("recording-standing")).to_have_attribute("data-record", "no")
    lab.type(3, "x = 1", replace=True)
    without = lab.page.evaluate(_KEYSTROKE)
    lab.part("change-recording").click()
    lab.part("allow-recording").click()
    expect(lab.part("recording-standing")).to_have_attribute("data-record", "yes")
    lab.type(3, "x = 1", replace=True)
    recorded = lab.page.evaluate(_KEYSTROKE)
    print(f"an edit: {without:.3f} ms, recorded {recorded:.3f} ms")
    assert recorded - without < 1
    complete(lab, desk.mentors)


def test_axe_finds_nothing_serious_in_the_question(lab: Lab, desk: Desk) -> None:
    lab.open()
    expect(lab.part("recording-consent")).to_be_visible()
    assert serious(lab, "panel") == []
    lab.part("allow-recording").click()
    lab.part("change-recording").click()
    expect(lab.part("delete-sessions")).to_be_visible()
    assert serious(lab, "panel") == []
