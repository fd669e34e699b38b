"""What speaks against an answer: markup, language, contradiction, strictness."""

import pytest

from feedback.chat.objections import Bounds, objection_to
from services.contracts.feedback import Feedback, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.notebook import Place

FINDING = Finding(
    id="1-aa",
    kind="value",
    severity="error",
    subtask="s",
    message="Too many rows.",
    place=Place(cell="c", line=3, end_line=5),
    evidence=(Evidence(kind="value", subject="rows", fact=""),),
    signature="s",
)
NEEDS_WORK = Feedback(verdict=Verdict.NEEDS_WORK, headline="no", findings=(FINDING,))
APPROVED = Feedback(verdict=Verdict.APPROVED, headline="yes")


def bounds(feedback: Feedback | None = NEEDS_WORK, **changes: object) -> Bounds:
    known: dict[str, object] = {"feedback": feedback, "strictness": "light", "languages": (), "own_code": "a = b + 1"}
    return Bounds(**(known | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "A <b>bold</b> word",
        "<script>alert(1)</script>",
        "< img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "an open <iframe src",
        "[here](http://a.example)",
        "![](x)",
        "go to https://a.example",
        "javascript:alert(1)",
        "&lt;b&gt;",
        "&#60;b",
        "<!-- hidden -->",
        "<think>hm</think>",
        "www.example.org",
    ],
)
def test_markup_and_addresses(text: str) -> None:
    assert objection_to(text, bounds()) == "markup"


@pytest.mark.parametrize(
    "text",
    [
        "Is a < b and c > d here?",
        "`<class 'int'>` is what `type` shows.",
        "x -> y, and a <= b, a << 2",
        "Use `df[df['a'] > 3]` (a mask).",
        "See [1] and (2).",
        "AT&T; R&D",
    ],
)
def test_signs_of_a_comparison_are_no_markup(text: str) -> None:
    assert objection_to(text, bounds()) is None


@pytest.mark.parametrize(
    "text",
    [
        "Your code is correct.",
        "Great, the whole solution is now completely right!",
        "Everything looks fine.",
        "All tests pass.",
        "You have successfully solved it.",
        "You get full points for that.",
        "Nothing needs to be changed.",
        "Dein Code ist jetzt richtig.",
        "Votre solution est correcte.",
        "Tu código es correcto.",
        "Твой код правильный.",
    ],
)
def test_praise_for_what_is_not_right_contradicts(text: str) -> None:
    assert objection_to(text, bounds()) == "contradiction"
    assert objection_to(text, bounds(None)) == "contradiction"
    assert objection_to(text, bounds(APPROVED)) is None


@pytest.mark.parametrize(
    "text", ["Your code is still wrong.", "One check does not pass.", "Your solution does not work."]
)
def test_blame_for_what_is_right_contradicts(text: str) -> None:
    assert objection_to(text, bounds(APPROVED)) == "contradiction"
    assert objection_to(text, bounds()) is None


@pytest.mark.parametrize(
    "text",
    [
        "Once your code is correct, go on.",
        "How would you see that everything is right?",
        "Is your code correct?",
        "Your code is not correct yet.",
        "I cannot say whether all checks pass.",
        "The right column is the left one.",
        "It is right to look at the rows first.",
    ],
)
def test_what_claims_nothing_contradicts_nothing(text: str) -> None:
    if text.startswith("It is right to"):
        # Read as a claim: an answer by rules is the lesser evil.
        assert objection_to(text, bounds()) == "contradiction"
    else:
        assert objection_to(text, bounds()) is None


@pytest.mark.parametrize(
    ("text", "objection"),
    [
        ("Look at `rows` again.", None),
        ("What does `a = b + 1` do?", None),
        ("What does `a=b+1` do?", None),
        ("Try `a = c` then.", "strictness"),
        ("```\nx\n```", "strictness"),
        ("See lines 3 to 5.", None),
        ("See line 4.", None),
        ("See line 6.", "strictness"),
        ("See lines 4-6.", "strictness"),
    ],
)
def test_a_strict_case(text: str, objection: str | None) -> None:
    assert objection_to(text, bounds(strictness="strict")) == objection
    assert objection_to(text, bounds()) is None


def test_a_language_that_is_not_allowed() -> None:
    assert objection_to("表格中的一些行没有价格", bounds(languages=("en", "de"))) == "language"
