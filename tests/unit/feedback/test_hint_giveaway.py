"""What a hint must not say."""

import pytest

from feedback.hints.giveaway import Giveaway

MINE = (
    'table = pd.DataFrame({"name": names, "price": prices})\n'
    "table = table.fillna(0.0)\n"
    'mean_price = table["price"].mean()'
)
RIGHT = (
    'table = pd.DataFrame({"name": names, "price": prices})\n'
    'table = table[table["price"].notna()].reset_index(drop=True)\n'
    'table = table[table["kind"] != "unheard of"]\n'
    'mean_price = round(table["price"].mean(), 37)'
)
JUDGE = Giveaway((MINE,), frozenset({"shop", "mean", "price", "table", "mean_price"}), (RIGHT,), sentences=2)

FINE = [
    "What does a price that nobody knows add to the mean?",
    "Does `mean_price` say what a thing costs, e.g. on average, or what it would cost if some were free (i.e. zero)?",
    "Look at `table.fillna(0.0)`: what does it claim about a thing without a price?",
    "Think of a list of five things, one of which has no price. Which of them belong into `table`?",
    "Would 2 things without a price change the mean price?",
    "What would table.fillna(0.0) do to a shop in which nothing has a price?",
    "Is it true (for every row) that the price is known?",
    "¿Qué significa un precio que falta?",
]
GIVING = {
    "code": [
        "Use ```python\ntable = 1\n``` here.",
        "~~~\ntable",
        "Try `table.dropna()` instead?",
        "Try `dropna` instead?",
        "Have you thought of table.dropna() here?",
        "Have you tried table.dropna here?",
        "What if table = table[keep]?",
        "Would price >= 0 help?",
        "What about table[keep] here?",
        "Could a lambda x help?",
    ],
    "name": ["Which rows are notna?", "You need reset_index afterwards."],
    "literal": ["What does the column kind say?", "Is anything unheard of among them?", "What about 37 digits?"],
    "long": ["One. Two. Three."],
}


@pytest.mark.parametrize("text", FINE)
def test_what_makes_think_is_no_giveaway(text: str) -> None:
    assert JUDGE.of(text) is None


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in GIVING.items() for text in texts])
def test_what_says_what_to_write_is_one(kind: str, text: str) -> None:
    assert JUDGE.of(text) == kind


def test_without_a_repair_only_code_and_length_count() -> None:
    judge = Giveaway((MINE,), frozenset())
    assert judge.of("Which rows are notna?") is None
    assert judge.of("Try table.dropna()?") == "code"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("What happens in line 2?", None),
        ("What happens in lines 2 to 3?", None),
        ("What happens in line 3?", None),
        ("What happens in line 1?", "line"),
        ("Compare lines 2-9.", "line"),
        ("Was passiert in Zeile 7?", "line"),
    ],
)
def test_where_a_case_is_strict_only_lines_of_the_findings_are_named(text: str, kind: str | None) -> None:
    assert Giveaway((MINE,), frozenset(), lines=frozenset({2, 3})).of(text) == kind
    assert Giveaway((MINE,), frozenset()).of(text) is None


HOSTILE = {
    "(" * 1_200: None,
    "a." * 600: None,
    "`" * 1_200: "code",
    "x = " * 300: "code",
    "[" * 1_200: None,
    "a(" * 600: None,
    "a " * 600: None,
}


@pytest.mark.parametrize(("text", "kind"), HOSTILE.items())
def test_hostile_text_is_judged(text: str, kind: str | None) -> None:
    """How long that takes: `python -m benchmarks.hostile`."""
    assert JUDGE.of(text) == kind
