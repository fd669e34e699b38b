"""The class view over what learners really did."""

import json
from typing import Any

import pytest

from services.contracts.classroom import ClassView
from services.contracts.feedback import Verdict
from services.contracts.progress import Conclude, SubtaskState
from services.contracts.session import RecordingChoice
from tests.databases import ON_BOTH

pytestmark = ON_BOTH

Fixture = Any


@pytest.fixture
def check(desk: Fixture, submit_of: Fixture, feedback_of: Fixture) -> Fixture:
    """Let a learner check a source and get this verdict."""

    async def checked(user: str, source: str, verdict: Verdict, subtask: str = "mean", case: str = "numbers") -> None:
        scope = desk.scope(user, case)
        submission = (await desk.client.submit(submit_of(source, subtask), scope)).submission
        await desk.client.conclude(Conclude(submission=submission, feedback=feedback_of(verdict)), scope)

    return checked


async def _view(desk: Fixture, **asked: Fixture) -> ClassView:
    view = await desk.mentor.class_view("numbers", desk.mentor_scope(), **asked)
    assert isinstance(view, ClassView)
    return view


async def test_a_case_nobody_opened_has_an_empty_class(desk: Fixture) -> None:
    view = await _view(desk)
    assert (view.rows, view.total, view.learners, view.next) == ((), 0, 0, None)


async def test_everybody_of_the_case_is_there_and_nobody_else(
    desk: Fixture, check: Fixture, batch_of: Fixture, event_of: Fixture
) -> None:
    await check("bob", "x = 1", Verdict.NEEDS_WORK)
    await check("ada", "x = 1", Verdict.APPROVED)
    await check("ada", "x = 2", Verdict.NEEDS_WORK, subtask="sum")
    await check("eve", "x = 1", Verdict.APPROVED, case="another-case")
    await desk.client.choose_recording(RecordingChoice(record=True), desk.scope("carl"))
    await desk.client.record(batch_of(event_of(0, "focus")), desk.scope("carl"))
    view = await _view(desk)
    assert [row.user for row in view.rows] == ["ada", "bob", "carl"]
    ada = view.rows[0]
    assert (ada.current, ada.approved, ada.attempts) == ("sum", 1, 2)
    assert [(one.subtask, one.state) for one in ada.subtasks] == [
        ("mean", SubtaskState.APPROVED),
        ("sum", SubtaskState.IN_PROGRESS),
    ]
    assert view.rows[2].subtasks == ()
    assert view.at == desk.clock()


async def test_the_watch_list_has_those_who_are_stuck_or_silent(desk: Fixture, check: Fixture) -> None:
    await check("silent", "x = 1", Verdict.APPROVED)
    await check("finished", "x = 1", Verdict.APPROVED)
    await check("finished", "x = 1", Verdict.APPROVED, subtask="sum")
    desk.clock.move(days=6)
    await check("long", "x = 1", Verdict.NEEDS_WORK)
    desk.clock.move(days=2, minutes=1)
    await check("long", "x = 2", Verdict.NEEDS_WORK)
    await check("fine", "x = 1", Verdict.NEEDS_WORK)
    for number in range(5):
        await check("many", f"x = {number}", Verdict.NEEDS_WORK)
        await check("unlucky", f"x = {number}", Verdict.COULD_NOT_JUDGE)
    view = await _view(desk, steps=2, watch=True)
    found = {row.user: [(watch.rule, watch.subtask) for watch in row.watch] for row in view.rows}
    assert found == {
        "long": [("long_in_one_step", "mean")],
        "many": [("many_attempts", "mean")],
        "silent": [("silent", None)],
    }
    assert (view.total, view.learners, view.stuck, view.silent, view.finished) == (3, 6, 2, 1, 1)


async def test_parts_of_a_class_follow_one_another(desk: Fixture, check: Fixture) -> None:
    names = [f"learner-{number}" for number in range(7)]
    for name in names:
        await check(name, "x = 1", Verdict.NEEDS_WORK)
    seen, after = [], None
    while True:
        view = await _view(desk, after=after, limit=3)
        assert (view.total, view.learners) == (7, 7)
        seen += [row.user for row in view.rows]
        after = view.next
        if after is None:
            break
    assert seen == names


async def test_files_hold_the_whole_class(desk: Fixture, check: Fixture) -> None:
    await check("=HYPERLINK(1)", "x = 1", Verdict.NEEDS_WORK)
    for number in range(120):
        await check(f"learner-{number:03}", "x = 1", Verdict.APPROVED)
    lines = (await desk.mentor.class_export("numbers", "csv", desk.mentor_scope())).decode().splitlines()
    assert len(lines) == 122
    assert lines[1].startswith('"\'=HYPERLINK(1)","numbers","mean","in_progress",1,')
    whole = json.loads(await desk.mentor.class_export("numbers", "json", desk.mentor_scope()))
    assert len(whole["rows"]) == 121
    assert ClassView.model_validate(whole).next is None
