"""What messages are about, and which of them fish for a solution."""

import pytest

from feedback.chat.guessing import guessing
from feedback.chat.intent import Ground, intent_of
from feedback.prose.language import language_of

GROUND = Ground.of(["Keep the goods that have a price in `priced`.", "weather stations", "quantiles and shares"])


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Why do I get a KeyError here?", "debug"),
        ("my code does not work", "debug"),
        ("Mein Code funktioniert nicht", "debug"),
        ("Am I done?", "status"),
        ("is this right?", "status"),
        ("How many points do I have?", "status"),
        ("I think the gaps become zeros", "reflection"),
        ("My idea is to sort first", "reflection"),
        ("What is a quantile?", "concept"),
        ("can you explain what missing means", "concept"),
        ("Was bedeutet Quantil?", "concept"),
        ("How should I begin?", "strategy"),
        ("I am stuck", "strategy"),
        ("Give me a hint", "strategy"),
        ("hello", "general"),
        ("and then?", "general"),
        ("tell me a joke", "off_topic"),
        ("Write me a poem about my table", "off_topic"),
        ("what is the weather like in Berlin?", "general"),
        ("how do I bake a cake, do you know a good recipe?", "off_topic"),
        ("show it in javascript", "off_topic"),
        ("The `recipes` column in my table is empty", "general"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_intents(text: str, intent: str, strict: bool) -> None:
    found = intent_of(text, GROUND, strict=strict, english=language_of(text) == "en")
    if intent == "general" and "weather" in text:
        # "weather" is a topic of this case; what was asked about it is for the model.
        assert found != "off_topic"
    else:
        assert found == intent


def test_only_a_strict_scope_turns_away_what_has_no_word_of_the_case() -> None:
    text = "who was the greatest king that has ever lived in this country"
    assert intent_of(text, GROUND, strict=True, english=True) == "off_topic"
    assert intent_of(text, GROUND, strict=False, english=True) != "off_topic"
    assert intent_of(text, GROUND, strict=True, english=False) != "off_topic"
    assert intent_of("which of the goods is it that has the greatest", GROUND, strict=True, english=True) != "off_topic"
    assert intent_of("why is that?", GROUND, strict=True, english=True) != "off_topic"


@pytest.mark.parametrize(
    "text",
    [
        "Does the order of the rows matter?",
        "Is it right that a missing price is not zero?",
        "What is the first step?",
        "Which line of my code is it about?",
        "Should the first row of the table stay?",
        "Why is the last column of my table empty?",
    ],
)
def test_ordinary_questions_are_no_guesses(text: str) -> None:
    assert not guessing(text)
