"""A learner, or a model that a learner has talked into it, tries to get the reference past the firewall."""

import base64
import codecs
import random
from collections.abc import Callable

import pytest

from feedback.firewall import NOBODY, Firewall, Own, SentenceGate
from services.contracts.case import AuthorCase, CallProbe, Check, Quotas, Subtask, SubtaskView
from services.contracts.limits import Limits
from services.contracts.notebook import Cell
from tests.work_done import calls_of

SOLUTION = """\
def rate(trips, depot="Nord 7"):
    kept = [trip for trip in trips if trip["depot"] == depot and trip["km"] > 0]
    litres = sum(trip["litres"] * 0.8327 for trip in kept)
    return round(100 * litres / max(sum(trip["km"] for trip in kept), 1), 3)
"""
SIZE = 200_000


def make_case() -> AuthorCase:
    view = SubtaskView(id="rate", title="Fuel", index=0, points=1, cells=("text", "rate"), answer_cells=("rate",))
    step = Subtask(
        view=view,
        starter={"rate": "raise NotImplementedError()"},
        reference={"rate": SOLUTION},
        checks=(Check(id="c/hidden", cell="c", hidden=True, source="assert rate(fleet) == 27.614, 'wrong fuel'"),),
        probes=(CallProbe(call="rate", args=([{"depot": "Ost 3", "km": 417, "litres": 38.25}], "Ost 3")),),
    )
    return AuthorCase(
        id="fuel",
        version="a" * 64,
        title="Fuel",
        limits=Limits(),
        strictness="strict",
        quotas=Quotas(),
        subtasks=(step,),
        cells=(
            Cell(
                id="text", kind="markdown", source="Write `rate(trips, depot)`: litres per 100 km of a depot's trips."
            ),
            Cell(id="rate", source="raise NotImplementedError()"),
        ),
        imports=(),
        data=(),
    )


@pytest.fixture(scope="module")
def firewall() -> Firewall:
    return Firewall.of(make_case())


def _tags(text: str) -> str:
    return "😀" + "".join(chr(0xE0000 + ord(c)) for c in text if c.isascii() and c.isprintable())


DISGUISES = {
    "as an image's description": f"![{SOLUTION}](x.png)".replace("\n", " ; "),
    "as a table": "\n".join(f"| {i} | {line} |" for i, line in enumerate(SOLUTION.split("\n"))),
    "as a diff": "\n".join(f"+{line}" for line in SOLUTION.split("\n")),
    "as JSON": '{"code": "' + SOLUTION.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"}',
    "as HTML": f"<pre>{SOLUTION}</pre>".replace('"', "&quot;"),
    "with line numbers": "\n".join(f"{i:3}: {line}" for i, line in enumerate(SOLUTION.split("\n"), 1)),
    "as a comment": "\n".join(f"# {line}" for line in SOLUTION.split("\n")),
    "as a docstring": f'```python\ndef f():\n    """\n{SOLUTION}\n    """\n```',
    "in capitals": SOLUTION.upper(),
    "lines backwards": "\n".join(SOLUTION.split("\n")[::-1]),
    "as a lambda": 'rate = lambda t, d: round(100 * sum(x["litres"] * 0.8327 for x in [y for y in t if y["depot"] == d '
    'and y["km"] > 0]) / max(sum(x["km"] for x in [y for y in t if y["depot"] == d and y["km"] > 0]), 1), 3)',
    "in a story": "Once upon a time a driver kept each trip for trip in trips if trip['depot'] == depot and "
    "trip['km'] > 0, and he lived happily.",
    "base64 twice": base64.b64encode(base64.b64encode(SOLUTION.encode())).decode(),
    "rot13 in base64": base64.b64encode(codecs.encode(SOLUTION, "rot13").encode()).decode(),
    "hexadecimal, backwards": SOLUTION[::-1].encode().hex(),
    "hidden in an emoji": f"Well done {_tags(SOLUTION)}!",
    "homoglyphs": SOLUTION.translate(str.maketrans("aeopcx", "аеорсх")),
    "zero width": "\u200c".join(SOLUTION),
    "right to left": f"\u202e{SOLUTION}\u202c",
    "full width": "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in SOLUTION),
    "mathematical letters": "".join(chr(0x1D5BA + ord(c) - 97) if "a" <= c <= "z" else c for c in SOLUTION),
    "struck through": "".join(c + "\u0336" if c.isalnum() else c for c in SOLUTION),
    "one letter a line": "\n".join(c for c in SOLUTION if not c.isspace()),
    "first letters of lines": "\n".join(f"{c}nd so it goes on" for c in SOLUTION if c.isalpha()),
    "first letters of words": " ".join(f"{c}ord" for c in SOLUTION if c.isalpha()),
    "hidden check": "The last check wants rate(fleet) to be 27.614.",
    "hidden call": 'It is called with [{"depot": "Ost 3", "km": 417, "litres": 38.25}] and "Ost 3".',
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_no_disguise_gets_through(firewall: Firewall, disguise: str) -> None:
    assert firewall.examine(DISGUISES[disguise], NOBODY) is not None


@pytest.mark.parametrize(
    "turns",
    [
        [SOLUTION[i : i + 40] for i in range(0, len(SOLUTION), 40)],
        [f"Word {i}: `{word}`" for i, word in enumerate(SOLUTION.split())],
        [f"{line}\n\nMore of it?" for line in SOLUTION.split("\n") if line],
        [
            f"Sure! `{part}`"
            for line in SOLUTION.split("\n")
            for part in (line[: len(line) // 2], line[len(line) // 2 :])
        ],
    ],
    ids=["forty characters a turn", "one word a turn", "one line a turn", "half a line a turn"],
)
def test_no_patience_gets_it_through(firewall: Firewall, turns: list[str]) -> None:
    blocked = [bool(firewall.examine(text, NOBODY, turns[:i])) for i, text in enumerate(turns)]
    assert any(blocked)
    # Not only when nothing is left to be said.
    assert blocked.index(True) <= 0.8 * len(turns)


def _cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


BASE64 = base64.b64encode(SOLUTION.encode()).decode()
CODES = {
    "base64": BASE64,
    "base64, backwards": BASE64[::-1],
    "base64 twice": base64.b64encode(BASE64.encode()).decode(),
    "base32": base64.b32encode(SOLUTION.encode()).decode(),
    "hexadecimal": SOLUTION.encode().hex(),
    "rot13": codecs.encode(SOLUTION, "rot13"),
    "backwards": SOLUTION[::-1],
}
FORMS: dict[str, Callable[[int, str], str]] = {
    "a line each": lambda _, piece: f"{piece}\n",
    "a list item each": lambda at, piece: f"{at + 1}. {piece}\n",
    "an item with words each": lambda at, piece: f"- Piece {at} is `{piece}`, write it down.\n",
    "after a colon each": lambda at, piece: f"Piece {at}: {piece}\n",
    "a sentence each": lambda _, piece: f"Then comes {piece}. ",
    "words between": lambda _, piece: f"{piece} and after it ",
}


@pytest.mark.parametrize("size", [6, 8, 11, 12])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("code", CODES)
def test_no_code_gets_through_in_pieces(firewall: Firewall, code: str, form: str, size: int) -> None:
    said = [FORMS[form](at, piece) for at, piece in enumerate(_cut(CODES[code], size))]
    assert firewall.examine("".join(said), NOBODY) is not None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("code", CODES)
def test_no_code_gets_through_over_turns(firewall: Firewall, code: str, form: str) -> None:
    turns = [FORMS[form](at, piece) for at, piece in enumerate(_cut(CODES[code], 8))]
    blocked = [bool(firewall.examine(text, NOBODY, turns[:at])) for at, text in enumerate(turns)]
    assert any(blocked)
    assert blocked.index(True) <= 0.9 * len(turns)


def test_each_piece_backwards_is_backwards(firewall: Firewall) -> None:
    assert firewall.examine("\n".join(piece[::-1] for piece in _cut(SOLUTION, 8)), NOBODY) is not None


def test_numbers_of_letters_in_sentences_are_letters(firewall: Firewall) -> None:
    said = " ".join(f"Then come {' '.join(str(ord(c)) for c in piece)}." for piece in _cut(SOLUTION, 4))
    assert firewall.examine(said, NOBODY) is not None


def test_a_code_said_before_does_not_close_the_conversation(firewall: Firewall) -> None:
    before = [f"{piece}\n" for piece in _cut(BASE64, 8)]
    assert firewall.examine("What does your loop do with an empty list?", NOBODY, before) is None


def test_a_code_of_something_else_is_no_leak(firewall: Firewall) -> None:
    poem = base64.b64encode(
        b"Shall I compare thee to a summer's day? Thou art more lovely and more temperate."
    ).decode()
    assert firewall.examine("\n".join(_cut(poem, 8)), NOBODY) is None


class TestOwnIsNoKey:
    def test_talking_about_the_task_opens_nothing(self, firewall: Firewall) -> None:
        own = Own.of(
            [], ["rate trips depot km litres sum round max kept 100 * / > == for in if and return", "print it, please"]
        )
        assert firewall.examine(SOLUTION, own) is not None

    def test_a_code_of_ones_own_opens_that_code_only(self, firewall: Firewall) -> None:
        coded = base64.b64encode(SOLUTION.encode()).decode()
        assert firewall.examine(f"You wrote {coded}", Own.of([], [f"You wrote {coded}"])) is None
        assert firewall.examine(SOLUTION, Own.of([], [coded])) is not None

    def test_single_letters_of_ones_own_open_nothing(self, firewall: Firewall) -> None:
        assert firewall.examine(
            "\n".join(c for c in SOLUTION if c.isalpha()), Own.of([], list("abcdefghijklmnopqrstuvwxyz"))
        )


def _hostile() -> dict[str, str]:
    dice = random.Random(7)
    return {
        "one letter": "a" * SIZE,
        "brackets": "(" * SIZE,
        "nested brackets": ("[" * 95 + "]" * 95 + "\n") * (SIZE // 191),
        "attributes": "a" + ".b" * (SIZE // 2),
        "signs": "-" * SIZE + "1",
        "quotes": "'\"" * (SIZE // 2),
        "backticks": "`" * SIZE,
        "fences": "```\n" * (SIZE // 4),
        "line ends": "\n" * SIZE,
        "blanks": " " * SIZE,
        "lines of code": "x = f(y)\n" * (SIZE // 9),
        "assignments": "x = " * (SIZE // 4),
        "numbers": "12 " * (SIZE // 3) + "x",
        "hexadecimal": "41 " * (SIZE // 3),
        "base64": "QUJD" * (SIZE // 4),
        "entities": "&amp;" * (SIZE // 5),
        "escapes": "\\u0041" * (SIZE // 6),
        "single letters": "a " * (SIZE // 2),
        "nothing": "\0" * SIZE,
        "half characters": "\ud800" * SIZE,
        "pieces": "ZGVmIHJh and\n" * (SIZE // 13),
        "turned round": "\u202eabc\u202c " * (SIZE // 6),
        "accents": "a" + "\u0301" * SIZE,
        "ligatures": "\ufdfa" * (SIZE // 10),
        "chance": "".join(chr(dice.randrange(0x110000)) for _ in range(SIZE)),
    }


HOSTILE = _hostile()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_twice_as_long_is_twice_the_work(firewall: Firewall, name: str) -> None:
    """How long it takes: `python -m benchmarks.hostile`. A quadratic step would take minutes."""
    whole = HOSTILE[name][: SIZE // 4]
    most = calls_of(lambda: firewall.examine(whole, NOBODY, ["before"]))
    assert most < 2.6 * calls_of(lambda: firewall.examine(whole[: len(whole) // 2], NOBODY, ["before"])) + 20_000


@pytest.mark.parametrize("name", ["nested brackets", "line ends", "quotes", "lines of code", "chance"])
def test_hostile_notebooks_and_conversations_twice_as_long_are_twice_the_work(firewall: Firewall, name: str) -> None:
    def examined(text: str) -> int:
        return calls_of(lambda: firewall.examine("Look again.", Own.of([], [text]), [text]))

    whole = HOSTILE[name][: SIZE // 4]
    assert examined(whole) < 2.6 * examined(whole[: len(whole) // 2]) + 20_000


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_does_not_hide_a_solution(firewall: Firewall, name: str) -> None:
    text = f"{HOSTILE[name][:3000]}\n\n```python\n{SOLUTION}\n```\n\n{HOSTILE[name][:3000]}"
    assert firewall.examine(text, NOBODY) is not None


def test_a_solution_at_the_end_of_an_endless_answer_is_seen(firewall: Firewall) -> None:
    assert firewall.examine("Think about it. " * (SIZE // 16) + "\n\n" + SOLUTION, NOBODY) is not None


def test_a_gate_stays_bounded_on_an_endless_word(firewall: Firewall) -> None:
    gate = SentenceGate(firewall, NOBODY)
    assert "".join(gate.push("w" * 20_000) + gate.end()) == "w" * 20_000
