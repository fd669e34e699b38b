from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.firewall import NOBODY, Firewall, Leaked, Own, SentenceGate
from feedback.firewall.gate import HELD_CHARS
from feedback.firewall.leak import Leak
from services.contracts.notebook import Cell
from tests.unit.feedback.firewall.conftest import ROUND, WASTE, bakery

FIREWALL = Firewall.of(bakery())
LINE = 'labels = pd.read_csv("data/labels.csv", sep="|", dtype=str, encoding="latin-1")'
TALK = (
    "Look at one label first, e.g. the third one. What stands in front of the unit? It is 3.5 kg, isn't it!\n\n"
    "1. Read it aloud.\n2. Ask what `a.b. c` means.\n\n```python\nprice = 3\n\nprint(price)\n```\nNow go on… and "
    '(if you like) try another."  Done?'
)


def streamed(gate: SentenceGate, pieces: list[str]) -> list[str]:
    out = [unit for piece in pieces for unit in gate.push(piece)]
    return out + gate.end()


def chunks(text: str, cuts: list[int]) -> list[str]:
    places = sorted({cut % (len(text) + 1) for cut in cuts} | {0, len(text)})
    return [text[a:b] for a, b in pairwise(places)]


class Overheard(Firewall):
    """Lets everything pass, and keeps what it was asked."""

    def __init__(self) -> None:
        self.judged: list[tuple[str, list[str]]] = []

    def examine(self, text: str, own: Own, before: Sequence[str] = ()) -> Leak | None:
        self.judged.append((text, list(before)))
        return None


class TestUnits:
    def test_a_sentence_is_released_when_it_is_over(self) -> None:
        gate = SentenceGate(FIREWALL, NOBODY)
        assert gate.push("Look at it") == []
        assert gate.push(".") == []
        assert gate.push(" And") == ["Look at it."]
        assert gate.end() == [" And"]

    def test_a_sentence_is_released_with_its_last_word_where_words_come_whole(self) -> None:
        gate = SentenceGate(FIREWALL, NOBODY)
        assert gate.push("Look at it.", whole_words=True) == ["Look at it."]
        assert gate.push(" See e.g.", whole_words=True) == []
        assert gate.push(" `a.", whole_words=True) == []
        assert gate.push(" b`, it says.", whole_words=True) == [" See e.g. `a. b`, it says."]

    @pytest.mark.parametrize("text", ["See e.g. the third", "It is 3.5 kg", "Nr. 4 is", "use `a. b` here", "1. Read"])
    def test_not_every_dot_ends_a_sentence(self, text: str) -> None:
        gate = SentenceGate(FIREWALL, NOBODY)
        assert gate.push(text) == []
        assert gate.end() == [text]

    def test_a_line_end_ends_a_unit(self) -> None:
        assert SentenceGate(FIREWALL, NOBODY).push("- one\n- two") == ["- one\n"]

    def test_code_is_held_until_its_fence_closes(self) -> None:
        gate = SentenceGate(FIREWALL, NOBODY)
        assert gate.push("```python\na = 1.\nb = 2\n") == []
        assert gate.push("```\nand") == ["```python\na = 1.\nb = 2\n```\n"]

    def test_no_more_than_a_bounded_amount_is_held_back(self) -> None:
        gate = SentenceGate(FIREWALL, NOBODY)
        released = "".join(gate.push("word " * 400))
        assert len(released) >= 2000 - HELD_CHARS
        assert released.endswith(" ")

    def test_a_word_without_end_is_cut(self) -> None:
        assert sum(map(len, SentenceGate(FIREWALL, NOBODY).push("w" * 2000))) >= 2000 - HELD_CHARS

    def test_an_open_fence_is_cut_at_a_line(self) -> None:
        released = SentenceGate(FIREWALL, NOBODY).push("```\n" + "price = price\n" * 100)
        assert released
        assert all(unit.endswith("\n") for unit in released)


class TestLeaks:
    def test_nothing_of_a_leaking_sentence_comes_out(self) -> None:
        gate = SentenceGate(FIREWALL, NOBODY)
        assert gate.push("First look. Then ") == ["First look."]
        with pytest.raises(Leaked) as raised:
            gate.push(f"write {LINE}\n")
        assert raised.value.leak.where == "waste"
        assert "labels" not in str(raised.value)

    def test_after_a_leak_nothing_comes_out_any_more(self) -> None:
        gate = SentenceGate(FIREWALL, NOBODY)
        with pytest.raises(Leaked):
            gate.push(f"```\n{WASTE}\n```\n")
        with pytest.raises(Leaked):
            gate.push("All is well. Really. ")
        with pytest.raises(Leaked):
            gate.end()

    def test_the_rest_is_judged_too(self) -> None:
        gate = SentenceGate(FIREWALL, NOBODY)
        gate.push(LINE)
        with pytest.raises(Leaked):
            gate.end()

    def test_a_leak_over_sentences_is_seen(self) -> None:
        gate = SentenceGate(FIREWALL, NOBODY)
        lines = [f"The next line is `{line.strip()}`. " for line in ROUND.splitlines()]
        with pytest.raises(Leaked) as raised:
            streamed(gate, lines)
        assert raised.value.leak.where == "rounds"

    def test_what_was_said_before_counts(self) -> None:
        half = len(LINE) // 2
        gate = SentenceGate(FIREWALL, NOBODY, [LINE[:half]])
        with pytest.raises(Leaked):
            gate.push(LINE[half:] + "\n")

    def test_what_only_seemed_to_end_a_sentence_is_judged_with_what_follows(self) -> None:
        half = LINE.index("labels.csv") + len("labels.")
        gate = SentenceGate(FIREWALL, NOBODY)
        assert gate.push("Look at data.", whole_words=True) == ["Look at data."]
        assert gate.push(" Then data.", whole_words=True) == [" Then data."]
        assert gate.push("csv", whole_words=False) == []
        assert gate.push(" is read.", whole_words=True) == ["csv is read."]
        assert gate.push(f" {LINE[:half]}", whole_words=True) == [f" {LINE[:half]}"]
        with pytest.raises(Leaked):
            gate.push(LINE[half:] + "\n")

    def test_it_counts_as_one_text_with_what_follows(self) -> None:
        firewall = Overheard()
        gate = SentenceGate(firewall, NOBODY, ["Before."])
        gate.push("Read data.", whole_words=True)
        gate.push("csv now.", whole_words=True)
        gate.push(" Then look.", whole_words=True)
        assert firewall.judged == [
            ("Read data.", ["Before."]),
            ("Read data.csv now.", ["Before."]),
            (" Then look.", ["Before.", "Read data.csv now."]),
        ]

    def test_own_code_is_released(self) -> None:
        gate = SentenceGate(FIREWALL, Own.of([Cell(id="waste", source=WASTE)]))
        text = f"You wrote this:\n```\n{WASTE}```\nand `{LINE}` is right."
        assert "".join(streamed(gate, [text])) == text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10_000), max_size=60))
def test_innocent_text_comes_out_as_it_went_in_however_it_is_cut(cuts: list[int]) -> None:
    assert "".join(streamed(SentenceGate(FIREWALL, NOBODY), chunks(TALK, cuts))) == TALK


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet='ab.!?`\n 1"…~#', max_size=300), st.lists(st.integers(0, 10_000), max_size=20))
def test_nothing_is_lost_or_turned_round(text: str, cuts: list[int]) -> None:
    assert "".join(streamed(SentenceGate(FIREWALL, NOBODY), chunks(text, cuts))) == text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10_000), max_size=60))
def test_no_cut_lets_a_telling_line_through(cuts: list[int]) -> None:
    gate = SentenceGate(FIREWALL, NOBODY)
    released: list[str] = []
    leaked = False
    for piece in chunks(f"{TALK}\nWrite {LINE}\nand that is it.", cuts):
        try:
            released += gate.push(piece)
        except Leaked:
            leaked = True
            break
    assert leaked
    assert "read_csv" not in "".join(released)
