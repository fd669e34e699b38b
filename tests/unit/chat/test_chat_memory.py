"""The window of a talk, its summary, and what is sent of changed code."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.chat.changes import change
from feedback.chat.memory import Caps, Turn, capped, newest, overfull, summary_by_rules

CAPS = Caps(messages=8, turn_chars=800, history_chars=2400, summary_chars=900)


def talk(*lengths: int) -> list[Turn]:
    """Question and answer in turn, of these lengths."""
    return [
        Turn(at + 1, "assistant" if at % 2 else "learner", "x" * length, "x" * length)
        for at, length in enumerate(lengths)
    ]


@pytest.mark.parametrize(
    ("turns", "full"),
    [
        (talk(), False),
        (talk(*[10] * 8), False),
        (talk(*[10] * 9), True),
        (talk(800, 800, 800), False),
        (talk(800, 800, 800, 1), True),
    ],
)
def test_a_window_is_full_by_messages_or_by_characters(turns: Sequence[Turn], full: bool) -> None:
    assert overfull(turns, CAPS) is full


def test_a_quarter_stays_and_begins_with_a_question() -> None:
    kept = newest(talk(*[10] * 10), CAPS)
    assert [turn.seq for turn in kept] == [9, 10]


def test_the_last_exchange_stays_when_it_fits_at_all() -> None:
    assert [turn.seq for turn in newest(talk(10, 10, 800, 800), CAPS)] == [3, 4]
    assert newest(talk(10, 10, 1300, 1300), CAPS) == ()


@given(st.lists(st.integers(0, 800), max_size=30))
def test_what_stays_never_overfills_the_window(lengths: list[int]) -> None:
    turns = talk(*lengths)
    kept = newest(turns, CAPS)
    assert not overfull(kept, CAPS)
    assert list(kept) == turns[len(turns) - len(kept) :]
    assert not kept or kept[0].role == "learner"


@given(st.text(max_size=2_000), st.lists(st.text(max_size=300), max_size=12), st.integers(10, 900))
def test_a_summary_by_rules_keeps_to_its_limit(before: str, texts: list[str], limit: int) -> None:
    dropped = [Turn(at, "learner", text, text) for at, text in enumerate(texts)]
    assert len(summary_by_rules(before, dropped, limit)) <= limit


def test_a_summary_by_rules_forgets_the_oldest_first() -> None:
    turns = [
        Turn(1, "learner", "Why? I do not know.", ""),
        Turn(2, "assistant", "Because of the rows. There are many.", ""),
    ]
    assert summary_by_rules("Learner: What?", turns, 900) == (
        "Learner: What?\nLearner: Why?\nAssistant: Because of the rows."
    )
    assert summary_by_rules("Learner: What?", turns, 50) == "Learner: Why?\nAssistant: Because of the rows."


@given(st.text(max_size=3_000), st.integers(2, 1_000))
def test_capped_text_is_a_beginning(text: str, limit: int) -> None:
    cut = capped(text, limit)
    assert len(cut) <= limit
    assert cut == text or text.startswith(cut[:-1])


def test_a_change_is_said_as_a_difference_when_that_is_shorter() -> None:
    before = "\n".join(f"line_{n} = {n}" for n in range(30))
    assert change(before, before) is None
    kind, diff = change(before, before.replace("line_7 = 7", "line_7 = 8")) or ("", "")
    assert kind == "code_change"
    assert "-line_7 = 7" in diff
    assert "+line_7 = 8" in diff
    assert "---" not in diff
    assert change(before, "other = 1") == ("code", "other = 1")
    assert change("", "first = 1") == ("code", "first = 1")
