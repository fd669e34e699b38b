import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.model.cutting import Cap, cut

PROSE = "One short sentence. Another one, a bit longer! Is this the third? It goes on and on"


def in_pieces(text: str, limit: int, size: int) -> tuple[str, bool]:
    cap = Cap(limit)
    given = "".join(cap.push(text[start : start + size]) for start in range(0, len(text), size))
    return given + cap.end(), cap.full


@pytest.mark.parametrize(
    ("text", "limit", "left"),
    [
        (PROSE, 200, PROSE),
        (PROSE, 70, "One short sentence. Another one, a bit longer! Is this the third?"),
        ("words without any end of a sentence go on here", 30, "words without any end of a"),
        ("He said „Stop it!“ and then some more words", 24, "He said „Stop it!“ and"),
        ("x" * 50, 20, "x" * 20),
        ("第一句话。第二句话。第三句话还没有完", 12, "第一句话。第二句话。"),
        ("- one\n- two\n- three", 14, "- one\n- two\n"),
        ("", 10, ""),
    ],
)
def test_a_text_is_cut_after_a_sentence_else_a_word(text: str, limit: int, left: str):
    assert cut(text, limit) == (left, left != text)


def test_a_version_number_is_no_end_of_a_sentence():
    assert cut("Use version 3.14 of it and", 18)[0] == "Use version 3.14"


@given(text=st.text(alphabet="ab .!\n?", max_size=120), limit=st.integers(8, 100), size=st.integers(1, 40))
def test_a_stream_never_passes_the_limit_and_short_texts_pass_whole(text: str, limit: int, size: int):
    passed, full = in_pieces(text, limit, size)
    assert text.startswith(passed)
    assert len(passed) <= limit
    assert full == (len(text) > limit)
    assert full or passed == text


def test_pieces_pass_at_once_while_the_limit_is_far():
    cap = Cap(2200)
    assert cap.push("Look at") == "Look at"
    assert cap.push(" the rows.") == " the rows."


def test_nothing_passes_after_the_cut():
    cap = Cap(24)
    passed = cap.push("A sentence to keep. A second one that is too long")
    assert passed == "A sentence to keep."
    assert (cap.push(" more."), cap.end()) == ("", "")
