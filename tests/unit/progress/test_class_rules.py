"""The watch list's rules, each at its edge."""

from datetime import UTC, datetime, timedelta

import pytest

from services.contracts.classroom import Watch
from services.contracts.progress import SubtaskState
from services.progress.classroom.rules import Learner, Step, row_of, watch_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def step(
    name: str = "mean",
    state: SubtaskState = SubtaskState.IN_PROGRESS,
    attempts: int = 1,
    ago: timedelta = timedelta(hours=1),
    begun_ago: timedelta | None = None,
) -> Step:
    return Step(name, state, attempts, 0.0, NOW - ago, NOW - (ago if begun_ago is None else begun_ago))


def watched(
    *steps: Step, recorded: datetime | None = None, case_steps: int | None = None
) -> list[tuple[str, str | None]]:
    return [(watch.rule, watch.subtask) for watch in watch_of(Learner("ada", steps, recorded), NOW, case_steps)]


def test_five_attempts_in_a_step_are_many_and_four_are_not() -> None:
    assert watched(step(attempts=4)) == []
    assert watched(step(attempts=5)) == [("many_attempts", "mean")]


@pytest.mark.parametrize("state", [SubtaskState.APPROVED, SubtaskState.POLISHED, SubtaskState.NOT_STARTED])
def test_only_a_step_in_progress_makes_somebody_stuck(state: SubtaskState) -> None:
    assert watched(step(state=state, attempts=50, begun_ago=timedelta(days=6))) == []


def test_more_than_two_days_in_one_step_are_long_and_only_after_a_try() -> None:
    two_days = timedelta(days=2)
    assert watched(step(begun_ago=two_days)) == []
    assert watched(step(begun_ago=two_days + SECOND)) == [("long_in_one_step", "mean")]
    assert watched(step(begun_ago=two_days + SECOND, attempts=0)) == []


def test_more_than_seven_days_without_a_sign_are_silence_of_who_has_not_finished() -> None:
    week = timedelta(days=7)
    approved = SubtaskState.APPROVED
    assert watched(step(state=approved, ago=week), case_steps=2) == []
    assert watched(step(state=approved, ago=week + SECOND), case_steps=2) == [("silent", None)]
    assert watched(step(state=approved, ago=week + SECOND), case_steps=1) == []
    assert watched(step(state=approved, ago=week + SECOND)) == []
    assert watched(step(attempts=0, ago=week + SECOND)) == [("silent", None)]


def test_a_recorded_event_is_a_sign() -> None:
    old = step(attempts=0, ago=timedelta(days=30))
    assert watched(old, recorded=NOW - timedelta(days=6)) == []
    assert watched(recorded=NOW - timedelta(days=8)) == [("silent", None)]


def test_a_line_says_where_somebody_is_and_since_when_they_are_watched() -> None:
    steps = (
        step("a", SubtaskState.POLISHED, attempts=2, ago=timedelta(minutes=1)),
        step("b", attempts=7, ago=timedelta(hours=3)),
        step("c", attempts=1, ago=timedelta(hours=2)),
    )
    learner = Learner("ada", steps, None)
    row = row_of(learner, watch_of(learner, NOW, None))
    assert (row.current, row.approved, row.attempts) == ("c", 1, 10)
    assert row.last_seen == NOW - timedelta(minutes=1)
    assert row.watch == (Watch(rule="many_attempts", subtask="b", since=NOW - timedelta(hours=3)),)
    assert row_of(Learner("ada", steps[:1], None), ()).current is None
