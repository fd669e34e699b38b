"""What «Your progress» makes of what the services know."""

from datetime import UTC, datetime, timedelta

from infra.hub.own_progress import OwnProgress, progress_of
from services.contracts.case import CaseOutline, SubtaskView
from services.contracts.escalation import EscalationState, OwnQuestion
from services.contracts.feedback import Verdict
from services.contracts.progress import OwnSubtask, SubtaskState

NOW = datetime(2026, 11, 20, 23, 50, tzinfo=UTC)


def outline(case: str, *subtasks: str, points: float = 2) -> CaseOutline:
    views = tuple(
        SubtaskView(id=one, title=one.title(), index=index, points=points, cells=(), answer_cells=())
        for index, one in enumerate(subtasks)
    )
    return CaseOutline(id=case, version="a" * 64, title=case.title(), subtasks=views)


def done(case: str, subtask: str, state: str = "approved", hours: float = 1, points: float = 2) -> OwnSubtask:
    checked = NOW - timedelta(hours=hours)
    return OwnSubtask(
        case=case,
        subtask=subtask,
        state=SubtaskState(state),
        attempts=2,
        points=points,
        checks_left=None,
        checked=checked,
        approved=checked,
        verdict=Verdict.APPROVED,
        headline="Yes.",
    )


def asked(case: str, subtask: str, state: EscalationState = "waiting", hours: float = 1) -> OwnQuestion:
    at = NOW - timedelta(hours=hours)
    return OwnQuestion(
        id="f" * 32,
        case=case,
        case_title=f"{case} as it was",
        subtask=subtask,
        subtask_title=f"{subtask} as it was",
        state=state,
        opened=at,
        updated=at,
        mentor=None,
        asked="",
        answer="",
        answered=None,
        helpful=None,
    )


def test_steps_come_in_the_cases_order_with_what_was_done_and_what_is_next() -> None:
    own = progress_of([outline("sales", "load", "clean", "model")], [done("sales", "load"), done("sales", "model")], [])
    (case,) = own.begun
    assert [(step.title, step.state.value) for step in case.steps] == [
        ("Load", "approved"),
        ("Clean", "not_started"),
        ("Model", "approved"),
    ]
    assert case.next is not None
    assert (case.next.id, case.approved, case.attempts, case.points, case.max_points) == ("clean", 2, 4, 4, 6)
    assert (own.approved, own.steps, own.next) == (2, 3, case)


def test_open_cases_come_first_the_newest_of_them_at_the_top() -> None:
    cases = [outline(name, "load", "more") for name in ("old", "new", "ready", "asked", "fresh")]
    subtasks = [
        done("old", "load", "in_progress", hours=50),
        done("new", "load", "in_progress", hours=2),
        done("ready", "load", hours=0.5),
        done("ready", "more", "polished", hours=0.5),
    ]
    own = progress_of(cases, subtasks, [asked("asked", "load", hours=10)])
    assert [case.id for case in own.begun] == ["new", "asked", "old", "ready"]
    assert [case.finished for case in own.begun] == [False, False, False, True]
    assert [case.id for case in own.untouched] == ["fresh"]
    assert own.next is own.begun[0]


def test_when_all_that_was_begun_is_approved_a_new_case_is_next() -> None:
    own = progress_of([outline("one", "load"), outline("two", "load")], [done("one", "load")], [])
    assert own.next is own.untouched[0]
    ready = progress_of([outline("one", "load")], [done("one", "load")], [])
    assert ready.next is None
    assert progress_of([], [], []) == OwnProgress(begun=(), untouched=())


def test_a_step_that_is_gone_is_shown_and_not_counted() -> None:
    own = progress_of([outline("sales", "load")], [done("sales", "load"), done("sales", "plot", points=9)], [])
    (case,) = own.begun
    assert [(step.id, step.gone) for step in case.steps] == [("load", False), ("plot", True)]
    assert (case.approved, case.points, case.max_points, case.finished) == (1, 2, 2, True)


def test_a_case_that_is_published_no_longer_is_not_what_comes_next() -> None:
    own = progress_of([], [done("sales", "load", "in_progress")], [asked("sales", "load")])
    (case,) = own.begun
    assert (case.title, case.steps[0].title, case.published) == ("sales as it was", "load as it was", False)
    assert own.next is None


def test_without_titles_or_questions_the_rest_is_there() -> None:
    own = progress_of(None, [done("sales", "load")], None)
    (case,) = own.begun
    assert (own.titles_known, own.questions_known, case.title, case.steps[0].gone) == (False, False, "sales", False)
    assert (case.approved, case.max_points) == (1, 0)


def test_questions_stand_at_their_step_and_are_counted() -> None:
    questions = [
        asked("sales", "load", "leased"),
        asked("sales", "load", "answered"),
        asked("sales", "load", "rated"),
        asked("sales", "load", "cancelled"),
    ]
    own = progress_of([outline("sales", "load")], [done("sales", "load")], questions)
    assert [question.state for question in own.begun[0].steps[0].questions] == [one.state for one in questions]
    assert (own.waiting, own.unrated) == (1, 1)
