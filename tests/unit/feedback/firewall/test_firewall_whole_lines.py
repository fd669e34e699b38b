"""Single lines of a secret: as they stand, backwards, spelled out, and one after the other."""

import base64
import codecs
from collections.abc import Iterator

import pytest

from feedback.firewall import NOBODY, Firewall, Leaked, Own, SentenceGate
from services.contracts.notebook import Cell
from tests.unit.feedback.firewall.conftest import ROUND

LINE = "best = max(best, loaves)"
AROUND = ("Write `{}` here.", "The words are {} here.", "```python\n{}\n```", "{}")


def shown(firewall: Firewall, text: str) -> Iterator[str]:
    """What a learner sees of a text that arrives letter by letter."""
    gate = SentenceGate(firewall, NOBODY)
    try:
        for letter in text:
            yield from gate.push(letter)
        yield from gate.end()
    except Leaked:
        return


class TestAsItStands:
    @pytest.mark.parametrize("around", AROUND)
    def test_a_line_with_the_secrets_own_names_is_a_leak(self, firewall: Firewall, around: str) -> None:
        leak = firewall.examine(around.format(LINE), NOBODY)
        assert leak is not None
        assert (leak.kind, leak.where) == ("code", "rounds")

    def test_layout_and_quotes_do_not_matter(self, firewall: Firewall) -> None:
        assert firewall.examine("Write `best=max( best , loaves )` here.", NOBODY) is not None

    def test_other_names_make_it_anybodys_line(self, firewall: Firewall) -> None:
        assert firewall.examine("Write `top = max(top, price)` here.", NOBODY) is None

    def test_a_longer_word_is_another_word(self, firewall: Firewall) -> None:
        assert firewall.examine("A hint: `thebest = max(best, loaves)` is odd.", NOBODY) is None

    def test_what_the_learner_wrote_may_be_said_back(self, firewall: Firewall) -> None:
        own = Own.of([Cell(id="rounds", source=f"for oven in ovens:\n    {LINE}")])
        assert firewall.examine(f"What does `{LINE}` do with the first oven?", own) is None

    def test_a_line_that_says_next_to_nothing_passes(self, firewall: Firewall) -> None:
        assert firewall.examine("Begin with `loaves = 0` and see.", NOBODY) is None


class TestTurned:
    @pytest.mark.parametrize("line", ["return best", LINE, "for oven in ovens:"])
    def test_backwards(self, firewall: Firewall, line: str) -> None:
        leak = firewall.examine(f"Read it the other way: {line[::-1]}", NOBODY)
        assert leak is not None
        assert leak.kind == "encoded"

    @pytest.mark.parametrize("gap", [" ", "\n", " - ", ".", "_"])
    def test_spelled_with_gaps(self, firewall: Firewall, gap: str) -> None:
        text = gap.join("return best".replace(" ", ""))
        assert firewall.examine(f"It goes {text} in the end.".replace("\n in", "\nin"), NOBODY) is not None

    @pytest.mark.parametrize(
        "text",
        [codecs.encode(LINE, "rot13"), b"loaves = 0".hex(), base64.b64encode(b"for oven in ovens:").decode()],
        ids=["rot13", "hexadecimal", "base64"],
    )
    def test_in_a_code_a_line_that_says_little_is_enough(self, firewall: Firewall, text: str) -> None:
        leak = firewall.examine(text, NOBODY)
        assert leak is not None
        assert leak.kind == "encoded"

    def test_what_is_public_backwards_is_no_leak(self, firewall: Firewall) -> None:
        assert firewall.examine("import pandas as pd"[::-1], NOBODY) is None

    @pytest.mark.parametrize(
        "text", [ROUND[::-1], " ".join(ROUND), "\n".join(ROUND.replace("\n", "").replace(" ", ""))]
    )
    def test_not_one_line_is_streamed(self, firewall: Firewall, text: str) -> None:
        told = "".join("".join(shown(firewall, text)).split())
        lines = ["".join(line.split()) for line in ROUND.splitlines()[2:]]
        assert [line for line in lines if len(line) >= 10 and (line in told or line[::-1] in told)] == []


def test_lines_that_say_little_add_up_over_turns(firewall: Firewall) -> None:
    said = [f"Then comes `{line.strip()}`." for line in ROUND.splitlines()[2:] if line.strip() != LINE]
    blocked = [firewall.examine(text, NOBODY, said[:turn]) is not None for turn, text in enumerate(said)]
    assert True in blocked
    assert blocked.index(True) <= 2
