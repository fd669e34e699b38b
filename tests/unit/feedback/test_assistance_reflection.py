import pytest

from feedback.assistance.reflection import enough


@pytest.mark.parametrize(
    "text",
    [
        "I think so",
        "the loop ends early",
        "ich weiß's nicht genau",
        "думаю дело в цикле",
        "循环没有结束",
        "価格が欠けている行",
    ],
)
def test_three_words_are_a_thought(text: str) -> None:
    assert enough(text)


@pytest.mark.parametrize(
    "text", [None, "", "no idea", "? ! …", "don't know-it", "... --- ...", "_ _ _", "没有", "   a   b   "]
)
def test_less_is_none(text: str | None) -> None:
    assert not enough(text)
