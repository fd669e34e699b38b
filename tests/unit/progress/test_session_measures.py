"""What a session adds up to."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.session import SessionEvent
from services.progress.sessions.measures import Measures

KINDS = st.sampled_from(["edit", "cursor", "run", "result", "paste", "check", "hint", "chat", "blur"])
SESSIONS = st.lists(st.tuples(KINDS, st.integers(0, 200_000), st.integers(0, 300)), max_size=40)


def event(seq: int, at: int, kind: str, **data: Any) -> SessionEvent:
    return SessionEvent.model_validate({"seq": seq, "at": at, "kind": kind, "cell": "a", "data": data})


def of(*events: tuple[int, str]) -> Measures:
    return Measures().after(event(seq, at, kind) for seq, (at, kind) in enumerate(events))


def made(session: list[tuple[str, int, int]]) -> list[SessionEvent]:
    return [
        event(
            seq, at, kind, **({"length": size} if kind == "paste" else {"ok": size > 100} if kind == "result" else {})
        )
        for seq, (kind, at, size) in enumerate(session)
    ]


def test_time_before_an_edit_is_typing_unless_nothing_was_done_for_more_than_half_a_minute() -> None:
    measures = of(
        (0, "edit"), (1_000, "edit"), (31_000, "edit"), (61_001, "edit"), (62_000, "cursor"), (65_000, "edit")
    )
    assert measures.active == 1_000 + 30_000 + 3_000
    assert (measures.idle, measures.idle_stretches) == (30_001, 1)


def test_a_session_begins_with_its_first_event() -> None:
    assert of().seconds == 0
    assert of((40_000, "focus")).seconds == 0
    measures = of((40_000, "focus"), (50_000, "edit"))
    assert (measures.seconds, measures.active, measures.idle) == (10.0, 10_000, 0)


def test_a_clock_that_goes_back_takes_no_time_away() -> None:
    measures = of((10_000, "focus"), (0, "edit"), (5_000, "edit"), (12_000, "edit"))
    assert (measures.seconds, measures.active) == (2.0, 2_000)


def test_only_more_than_100_characters_are_a_large_paste_whatever_the_recorder_thinks() -> None:
    events = [event(0, 0, "paste", length=100, large=True), event(1, 0, "paste", length=101, large=False)]
    measures = Measures().after(events)
    assert (measures.pastes, measures.large_pastes, measures.pasted_chars) == (2, 1, 201)


@given(SESSIONS, st.integers(0, 40))
def test_counting_in_pieces_is_counting_at_once(session: list[tuple[str, int, int]], cut: int) -> None:
    events = made(session)
    assert Measures().after(events[:cut]).after(events[cut:]) == Measures().after(events)


@given(SESSIONS)
def test_typing_and_idling_never_take_longer_than_the_session(session: list[tuple[str, int, int]]) -> None:
    measures = Measures().after(made(session))
    assert measures.active + measures.idle <= round(1_000 * measures.seconds)
    assert measures.failed_runs == sum(kind == "result" and size <= 100 for kind, _, size in session)
