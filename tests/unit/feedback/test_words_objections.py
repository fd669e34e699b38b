"""What a model may not say about work that is not right yet, and what it may."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.prose.plain import plain, sentences
from feedback.words.ground import CaseGround, Ground, expressions, numbers
from feedback.words.objections import objection_to
from services.contracts.case import AuthorCase
from services.contracts.feedback import Feedback, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.notebook import Cell, Place

FINDING = Finding(
    id="1-0a1b2c3d4e",
    kind="exception",
    severity="error",
    subtask="step-1",
    message="There is no entry called `'Price'` here: neither a column nor a key has that name.",
    place=Place(cell="id-answer-1", line=3, end_line=5),
    evidence=(Evidence(kind="exception", subject="KeyError", fact="KeyError: 'Price' of 987654"),),
    signature="step-1|exception|x",
)
FEEDBACK = Feedback(
    verdict=Verdict.NEEDS_WORK, headline="2 of 7 checks do not hold yet.", findings=(FINDING,), max_points=13
)
CODE = 'a = b = 0\ntable = load("x.csv")\nclass TooShort(Exception): ...\ntable["Price"].mean_of(1_500, 0.25)\n'


@pytest.fixture
def ground(case: AuthorCase) -> Ground:
    own = [Cell(id="id-answer-1", source=CODE)]
    return CaseGround.of(case).joined_by("step-1", own, [FINDING], FEEDBACK.headline).about([FINDING])


MAY = [
    "Nothing in this table is called `Price`, so every number built on it is missing.",
    "Python stops with `KeyError` in the middle of the cell.",
    "`TooShort` is raised before anything is added up.",
    "2 of 7 checks still wait for that column.",
    "A quarter, 0.25, of 1500 rows is easy to lose.",
    "1,500 rows hang on it.",
    "Lines 3 to 5 ask for something that is not there.",
    "In line 4 the name is spelled in another way.",
    "The table stops there because no column has that name.",
    "The total is wrong because `table` holds something else.",
    "What would the total be if the column were not there?",
    "Is your result right for an empty table?",
    "The result is not right for every table.",
    "It only looks as if every row had a price.",
    "Whoever pays by that total pays too much.",
    "`table` still holds what was read, and `print(table)` would show it.",
    "Das Ergebnis zeigt noch nicht, was im Text gemeint ist.",
    "There are more rows than columns here, `a < b` and `b > a`.",
    "The change that you see is no change of the data.",
]
MAY_NOT = [
    ("Well done!", "verdict"),
    ("Great work so far, only one thing is left.", "verdict"),
    ("Your code is correct.", "verdict"),
    ("The solution is now completely right.", "verdict"),
    ("This check passes.", "verdict"),
    ("All checks hold.", "verdict"),
    ("The step is approved.", "verdict"),
    ("You get full points.", "verdict"),
    ("Dein Code ist richtig.", "verdict"),
    ("Gut gemacht, weiter so.", "verdict"),
    ("Отлично, решение верное.", "verdict"),
    ("Votre code est correct.", "verdict"),
    ("As 1-0a1b2c3d4e says, a column is missing.", "finding"),
    ("Finding 3-ffffffffff is about the rest.", "finding"),
    ("Line 9 asks for another column.", "place"),
    ("Lines 3 to 99999 ask for it.", "place"),
    ("Zeile 1 fragt nach einer Spalte.", "place"),
    ("Python stops with a ValueError.", "exception"),
    ("A `ZeroDivisionError` comes next.", "exception"),
    ("The mean is 42.", "number"),
    ("It should have 987654 rows.", "number"),
    ("99.5 percent of rows are gone.", "number"),
    ("`groupby` knows these columns.", "name"),
    ("With `table.fillna(0.25)` nothing is lost.", "name"),
    ("A call of drop_duplicates shows it.", "name"),
    ("Ask isna() for the gaps.", "name"),
    ("Rows vanish because the moon shines.", "cause"),
    ("The total differs due to rounding during import.", "cause"),
    ("Das liegt an fehlenden Rundungen beim Einlesen.", "cause"),
    ("Use the other name.", "repair"),
    ("Then replace the name.", "repair"),
    ("You should read the header first.", "repair"),
    ("The name must be changed.", "repair"),
    ("The fix is easy to see.", "repair"),
    ("Verwende den anderen Namen.", "repair"),
    ("Нужно взять другой столбец.", "repair"),
    ("Look at <b>table</b>.", "markup"),
    ("<script>alert(1)</script> It stops.", "markup"),
    ("It stops <img src=x onerror=alert(1)> here.", "markup"),
    ("It `<script>alert(1)</script>` stops.", "markup"),
    ("It stops &lt;b&gt; here.", "markup"),
    ("Read [this](https://example.org).", "markup"),
    ("![x](y) stops.", "markup"),
    ("Read example.org/help again.", "markup"),
    ("Read https://x.y again.", "markup"),
    ("It stops ```table``` here.", "markup"),
    ("javascript:alert(1) stops.", "markup"),
]


@pytest.mark.parametrize("sentence", MAY)
def test_may_be_said(sentence: str, ground: Ground) -> None:
    assert objection_to(sentence, ground, FEEDBACK) is None


@pytest.mark.parametrize(("sentence", "reason"), MAY_NOT)
def test_may_not_be_said(sentence: str, reason: str, ground: Ground) -> None:
    assert objection_to(sentence, ground, FEEDBACK) == reason


def test_a_fact_of_the_evidence_is_no_ground(ground: Ground) -> None:
    """It may quote what only a hidden check knows."""
    assert Decimal(987654) not in ground.numbers


def test_what_the_reference_does_too_is_no_flaw(case: AuthorCase) -> None:
    own = [Cell(id="id-answer-1", source="parts = [1, 2, 3]\ntotal = sum(parts)")]
    ground = CaseGround.of(case).joined_by("step-1", own, [FINDING], "").about([FINDING])
    assert objection_to("`total = sum( parts )` loses rows.", ground, FEEDBACK) == "reference"
    assert objection_to("`sum(parts)` loses rows.", ground, FEEDBACK) == "reference"
    assert objection_to("`total` loses rows.", ground, FEEDBACK) is None


def test_expressions_of_code_that_does_not_parse_are_none() -> None:
    assert expressions(["def (", "x" * 60_000]) == frozenset()


@given(st.integers(0, 10**9))
def test_a_number_is_found_however_it_is_written(number: int) -> None:
    for written in (f"{number}", f"{number:,}", f"{number:_}", f"about {number} rows.", f"({number})"):
        assert Decimal(number).normalize() in numbers(written)


@given(st.text(max_size=200))
def test_any_sentence_is_judged(text: str) -> None:
    ground = Ground(frozenset(), frozenset(), frozenset(), frozenset())
    objection_to(text, ground, FEEDBACK)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "unit", ["a", "a ", "<", "1", "1,", "because ", "the ", "`a` ", "line 1 ", "so, ", "a_", "f(", "не "]
)
def test_a_long_sentence_is_judged_in_no_time(unit: str, ground: Ground) -> None:
    for sentence in sentences(plain(unit * (2_000 // len(unit)) + ".")):
        objection_to(sentence, ground, FEEDBACK)
