"""Whatever a model writes becomes plain sentences with code spans, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.prose.plain import CODE_SPAN, plain, prose_of, sentences


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  One\n\ttwo  three ", "One two three"),
        ("**One** and *two* and __three__.", "One and two and three."),
        ("- One", "One"),
        ("## One", "One"),
        ("1. One", "One"),
        ("a * b * c and `x ** 2`", "a * b * c and `x ** 2`"),
        ("my_name and `__init__`", "my_name and `__init__`"),
        ("``x`` is open", "`x` is open"),
        ("`x` is `open", "`x` is open"),
        ("zero\u200bwidth\u202e \x1b[31mred\x00", "zerowidth [31mred"),
    ],
)
def test_plain(text: str, line: str) -> None:
    assert plain(text) == line


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two? Three!", ["One.", "Two?", "Three!"]),
        ("One, e.g. two. Three.", ["One, e.g. two.", "Three."]),
        ("It is `x. y` there. Two.", ["It is `x. y` there.", "Two."]),
        ("He said: “no.” Then…", ["He said: “no.”", "Then…"]),
        ("Done 3.5 times.", ["Done 3.5 times."]),
        ("One. And then it was cut", ["One."]),
        ("No end at all", []),
        ("", []),
        ("一。二。", ["一。", "二。"]),
    ],
)
def test_sentences(text: str, found: list[str]) -> None:
    assert sentences(text) == found


@given(st.text(max_size=300))
def test_plain_text_is_one_line_without_anything_unseen(text: str) -> None:
    line = plain(text)
    assert "\n" not in line
    assert not any(ord(c) < 32 or "\u200b" <= c <= "\u200f" or "\u202a" <= c <= "\u202e" for c in line)
    assert line.count("`") % 2 == 0 or "```" in line


@given(st.text(alphabet="ab.?! `*_<>", max_size=200))
def test_sentences_are_parts_of_the_text_in_their_order(text: str) -> None:
    line, at = plain(text), 0
    for sentence in sentences(line):
        at = line.index(sentence, at) + len(sentence)


def test_prose_is_what_is_not_code() -> None:
    assert prose_of("a `b c` d") == "a   d"
    assert CODE_SPAN.findall("a `b c` d `e`") == ["b c", "e"]
