"""Literals, letters, other codes and canaries."""

import base64
import codecs
import gzip
import html
import urllib.parse
from collections.abc import Callable

import pytest

from feedback.firewall import NOBODY, Firewall, canary_for
from feedback.firewall.encoded import MAX_DECODED, TooMuch, decoded
from feedback.firewall.letters import Letters
from feedback.firewall.literals import Literals
from feedback.firewall.secrets import Piece
from tests.unit.feedback.firewall.conftest import bakery

SECRET = "amount.replace(comma, point).strip().lower().removesuffix(kilogram)"


class TestLetters:
    @pytest.fixture
    def letters(self) -> Letters:
        return Letters.of([("s", SECRET)], ["import numpy"])

    @pytest.mark.parametrize(
        "text",
        [
            SECRET[::-1],
            codecs.encode(SECRET, "rot13"),
            "".join(chr((ord(c) - 97 + 3) % 26 + 97) if c.islower() else c for c in SECRET),
            "".join(chr(219 - ord(c)) if c.islower() else c for c in SECRET),
            "".join(chr(219 - ord(c)) if c.islower() else c for c in SECRET[::-1]),
        ],
    )
    def test_turned(self, letters: Letters, text: str) -> None:
        assert letters.turned_in(f"Read this: {text}") == "s"

    def test_the_text_as_it_is_is_not_turned(self, letters: Letters) -> None:
        assert letters.turned_in(SECRET) is None

    @pytest.mark.parametrize("gap", [" ", "-", ". ", "\n", "_|_"])
    def test_spelled_with_gaps(self, letters: Letters, gap: str) -> None:
        assert letters.spelled_in(gap.join(c for c in SECRET if c.isalpha())) == "s"

    def test_first_letters_of_lines_and_words(self, letters: Letters) -> None:
        spelled = [c for c in SECRET if c.isalpha()]
        assert letters.spelled_in("\n".join(f"{c}bout this line" for c in spelled)) == "s"
        assert letters.spelled_in(" ".join(f"{c}xyz" for c in spelled)) == "s"
        assert letters.spelled_in(" ".join(f"xyz{c}" for c in spelled)) == "s"

    def test_ordinary_prose_spells_nothing(self, letters: Letters) -> None:
        text = "The quick brown fox jumps over the lazy dog, again and again, until both of them are tired of it. " * 5
        assert letters.turned_in(text) is None
        assert letters.spelled_in(text) is None

    def test_what_is_public_is_left_out(self) -> None:
        assert Letters.of([("s", SECRET)], [SECRET]).rows == {}


CODED = {
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 without its end": base64.b64encode(SECRET.encode()).decode().rstrip("="),
    "base64 for addresses": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "base64 in lines": base64.encodebytes(SECRET.encode() * 2).decode(),
    "base32": base64.b32encode(SECRET.encode()).decode(),
    "base85": base64.b85encode(SECRET.encode()).decode(),
    "ascii85": base64.a85encode(SECRET.encode()).decode(),
    "zipped": base64.b64encode(gzip.compress(SECRET.encode())).decode(),
    "hexadecimal": SECRET.encode().hex(),
    "hexadecimal with blanks": SECRET.encode().hex(" "),
    "hexadecimal escapes": "".join(f"\\x{ord(c):02x}" for c in SECRET),
    "hexadecimal numbers": ", ".join(f"0x{ord(c):02x}" for c in SECRET),
    "numbers": " ".join(str(ord(c)) for c in SECRET),
    "bits": " ".join(f"{ord(c):08b}" for c in SECRET),
    "escapes": "".join(f"\\u{ord(c):04x}" for c in SECRET),
    "octal": "".join(f"\\{ord(c):03o}" for c in SECRET),
    "code points": " ".join(f"U+{ord(c):04X}" for c in SECRET),
    "address": "".join(f"%{ord(c):02X}" for c in SECRET),
    "quoted address": urllib.parse.quote(SECRET, safe=""),
    "entities": "".join(f"&#{ord(c)};" for c in SECRET),
    "named entities": html.escape(SECRET.replace(".", "&.")).replace(".", "&period;"),
    "tags": "".join(chr(0xE0000 + ord(c)) for c in SECRET),
    "variation selectors": "😀" + "".join(chr(0xE0100 + ord(c) - 16) for c in SECRET),
}


class TestDecoded:
    @pytest.mark.parametrize("code", CODED)
    def test_readable_again(self, code: str) -> None:
        text = f"Decode this: {CODED[code]} and you are done."
        assert any(SECRET in found.replace("&", "") for found in decoded(text, text))

    @pytest.mark.parametrize(
        "text", ["The mean of the column is 12.5.", "train_test_split and mean_absolute_error", "1, 2, 3"]
    )
    def test_ordinary_text_carries_nothing(self, text: str) -> None:
        assert list(decoded(text, text)) == []

    def test_an_endless_code_is_no_honest_text(self) -> None:
        text = base64.b64encode(b"words and words " * (MAX_DECODED // 8)).decode()
        with pytest.raises(TooMuch):
            list(decoded(text + " " + text, ""))


class TestLiterals:
    PIECE = Piece(
        "s", "limit = 4711.5\nname = 'Wagner and Ötzdemir'\n# keep the older price for every regular customer", "x"
    )

    def found(self, *public: str) -> Literals:
        return Literals.of([self.PIECE], public)

    @pytest.mark.parametrize("text", ["about 4711.5 in all", "4_711.5", "it is '4711.5'"])
    def test_number(self, text: str) -> None:
        assert self.found().number_in(text, frozenset()) == "s"

    def test_a_public_or_own_number_is_none(self) -> None:
        assert self.found("The limit is 4711.5").number_in("4711.5", frozenset()) is None
        assert self.found().number_in("4711.5", frozenset({"4711.5"})) is None

    def test_one_number_of_three_digits_is_chance_two_are_not(self) -> None:
        literals = Literals.of([Piece("s", "a = [468, 739]", "x")], ())
        assert literals.number_in("468 rows", frozenset()) is None
        assert literals.number_in("468 rows, 739 cells", frozenset()) == "s"

    def test_years_and_round_numbers_say_nothing(self) -> None:
        assert Literals.of([Piece("s", "a = [1999, 4096, 10000, 365]", "x")], ()).numbers == {}

    def test_text(self) -> None:
        assert self.found().text_in("ask wagner  and otzdemir", "", frozenset()) == "s"

    def test_sentence(self) -> None:
        text = "You should keep the older price for every regular customer here."
        assert self.found().text_in(text, "", frozenset()) == "s"
        assert self.found(text).text_in(text, "", frozenset()) is None


class TestCanary:
    def test_is_the_same_each_time_and_other_for_each_purpose_and_version(self) -> None:
        case, other = bakery(), bakery(version="1" * 64)
        assert canary_for(case, "hints") == canary_for(case, "hints")
        assert len({canary_for(case, "hints"), canary_for(case, "chat"), canary_for(other, "hints")}) == 3

    def test_cannot_be_had_from_what_is_public(self) -> None:
        case = bakery()
        step = case.subtasks[0].model_copy(update={"reference": {"waste": "x = 1"}})
        blind = case.model_copy(update={"subtasks": (step, *case.subtasks[1:])})
        assert canary_for(blind, "hints")[:8] != canary_for(case, "hints")[:8]

    @pytest.mark.parametrize(
        "change", [str, str.upper, "-".join, " ".join, lambda c: c[::-1], "\u200b".join, "**".join]
    )
    def test_is_seen_however_it_is_written(self, firewall: Firewall, change: Callable[[str], str]) -> None:
        leak = firewall.examine(f"My notes say {change(canary_for(bakery(), 'any'))}!", NOBODY)
        assert leak is not None
        assert leak.kind == "canary"

    def test_is_seen_in_a_code(self, firewall: Firewall) -> None:
        text = base64.b64encode(f"the secret word is {canary_for(bakery(), 'any')}".encode()).decode()
        leak = firewall.examine(text, NOBODY)
        assert leak is not None
        assert leak.kind == "canary"

    def test_is_seen_over_two_turns(self, firewall: Firewall) -> None:
        canary = canary_for(bakery(), "any")
        leak = firewall.examine(canary[7:], NOBODY, [canary[:7]])
        assert leak is not None
        assert leak.kind == "canary"
