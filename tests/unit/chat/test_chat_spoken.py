"""A model's answer while it arrives: marks and typography, whatever pieces it comes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.chat.cryptic import cryptic
from feedback.chat.spoken import Spoken

KNOWN = ["1-0a1b2c3d4e", "2-case"]


def heard(pieces: list[str]) -> tuple[str, Spoken]:
    spoken = Spoken(KNOWN)
    text = "".join(spoken.push(piece) for piece in pieces) + spoken.end()
    return text, spoken


@pytest.mark.parametrize(
    ("said", "text", "cited"),
    [
        ("Rows stay [1-0a1b2c3d4e]. Why?", "Rows stay. Why?", ["1-0a1b2c3d4e"]),
        ("[2-case] First [1-0A1B2C3D4E][2-case].", "First.", ["2-case", "1-0a1b2c3d4e"]),
        ("See [finding-2-case].", "See.", ["2-case"]),
        ("Not known [7-ffffffffff] here.", "Not known here.", []),
        ("Slices `x[0-9]` and [1-n] stay.", "Slices `x[0-9]` and [1-n] stay.", []),
        ("**Bold** and 2**3 and x ** 2.", "Bold and 2**3 and x ** 2.", []),
        ("# Title\nText.", "Title\nText.", []),
        ("A\n## B\nC # d", "A\nB\nC # d", []),
        ("```python\n# kept **too**\n```\n# gone", "```python\n# kept **too**\n```\ngone", []),
        ("zero\u200bwidth and \u202eturned", "zerowidth and turned", []),
        ("open [1-0a1b2c", "open [1-0a1b2c", []),
        ("  \n ", "", []),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
def test_marks_and_typography(said: str, text: str, cited: list[str], size: int) -> None:
    found, spoken = heard([said[at : at + size] for at in range(0, len(said), size)])
    assert found == text
    assert list(spoken.cited) == cited
    assert not spoken.off_topic


@pytest.mark.parametrize(
    ("pieces", "given"),
    [
        (["Rows", " stay", "."], ["", "Rows", " stay."]),
        (["Rows stay.", " [1-0a1b2c3d4e]", " Why?"], ["Rows stay.", "", " Why?"]),
        (["It is 3.", "5 kg,", " e.g.", " one"], ["It is", " 3.5", " kg,", " e.g."]),
        (["**Rows** stay.", " So"], ["Rows", " stay."]),
        (["Rows **stay.", "** So"], ["Rows", " stay."]),
    ],
)
def test_a_sentence_is_given_with_its_last_word_unless_stars_may_follow(pieces: list[str], given: list[str]) -> None:
    spoken = Spoken(KNOWN)
    assert [spoken.push(piece) for piece in pieces] == given


def test_off_topic_is_noted_and_not_said() -> None:
    found, spoken = heard(list("[off-topic] Paris."))
    assert (found, spoken.off_topic) == ("Paris.", True)


@given(st.text(alphabet="ab [1-0a2c3d4e]*#`\n.", max_size=200), st.integers(1, 20))
def test_pieces_make_no_difference(said: str, size: int) -> None:
    whole, _ = heard([said])
    cut, _ = heard([said[at : at + size] for at in range(0, len(said), size)])
    assert cut == whole


@pytest.mark.parametrize(
    "text",
    [
        "Some rows of `X_train` hold no price; `GridSearchCV` and `DataFrame.merge` do not mind. Is 1234567 a price?",
        "In 2024 the RMSLE was 0.12345, and float64 is a kind of number, as int32 and utf8 are not.",
        "Les élèves n'ont pas encore regardé les données, et les DataFrames sont vides.",
        "column_12, column_13 and column_14 differ; so do 10, 20, 30 and 40.",
    ],
)
def test_ordinary_sentences_are_no_code(text: str) -> None:
    assert not cryptic(text, "")


@pytest.mark.parametrize(
    "text",
    ["cHJpY2Vk\nPSBnb29k", "then 7072696365 and 6f76657274", "a1B2c3D4e5F6g7", "112 114 105 99 101 100 32 61 32 103"],
)
def test_codes_are_codes_unless_the_learner_wrote_them(text: str) -> None:
    assert cryptic(text, "")
    assert not cryptic(text, text) or text.startswith("112")
