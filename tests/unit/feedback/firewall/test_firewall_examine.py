import pytest

from feedback.firewall import NOBODY, Firewall, Own
from services.contracts.case import AuthorCase
from services.contracts.notebook import Cell
from tests.unit.feedback.firewall.conftest import HIDDEN, ROUND, ROUND_VARIANT, WASTE


def kind(firewall: Firewall, text: str, own: Own = NOBODY) -> str | None:
    leak = firewall.examine(text, own)
    return leak.kind if leak else None


class TestCode:
    def test_as_it_stands(self, firewall: Firewall) -> None:
        leak = firewall.examine(f"Try this:\n\n```python\n{WASTE}\n```", NOBODY)
        assert leak is not None
        assert (leak.kind, leak.where) == ("code", "waste")

    def test_without_a_fence(self, firewall: Firewall) -> None:
        assert kind(firewall, f"Try this:\n\n{WASTE}\nThat is all.") == "code"
        assert kind(firewall, f"Try this:\n\n{ROUND}\nThat is all.") is not None

    def test_a_variant_is_as_secret_as_the_reference(self, firewall: Firewall) -> None:
        leak = firewall.examine(ROUND_VARIANT, NOBODY)
        assert leak is not None
        assert leak.where == "rounds"

    def test_renamed(self, firewall: Firewall) -> None:
        text = ROUND.replace("best", "top").replace("loaves", "n").replace("ovens", "xs").replace("oven", "x")
        assert kind(firewall, f"```\n{text}```") == "structure"

    def test_one_telling_line(self, firewall: Firewall) -> None:
        line = 'labels = pd.read_csv("data/labels.csv", sep="|", dtype=str, encoding="latin-1")'
        assert kind(firewall, f"You want `{line}` here.") == "code"

    def test_rewritten_without_changing_anything(self, firewall: Firewall) -> None:
        text = "daily = (\n labels\n .groupby('day')['grams']\n .sum()\n .sort_values(\n  ascending=False,\n )\n)"
        assert kind(firewall, text) in ("code", "structure")

    def test_code_that_does_not_parse(self, firewall: Firewall) -> None:
        text = 'labels = pd.read_csv("data/labels.csv", sep="|", dtype=str, encoding="latin-1" <- and so on'
        assert kind(firewall, text) == "code"

    def test_hidden_check(self, firewall: Firewall) -> None:
        assert firewall.examine(HIDDEN, NOBODY) is not None

    def test_hidden_call(self, firewall: Firewall) -> None:
        leak = firewall.examine("What should `best_round([7, 31, 5, 18, 44, 2], 37)` give?", NOBODY)
        assert leak is not None
        assert leak.where == "rounds"


class TestWords:
    def test_steps_told_in_prose(self, firewall: Firewall) -> None:
        text = (
            "Read the csv with '|' as sep, dtype str, latin-1 as encoding. Map the weight column with to_grams, then "
            "group by day, take the sum of grams, and sort_values with ascending False."
        )
        assert kind(firewall, text) == "steps"

    def test_pseudo_code(self, firewall: Firewall) -> None:
        text = (
            "best <- 0; loaves <- 0\nFOR EACH oven IN ovens DO\n"
            "  IF loaves + oven <= limit THEN loaves <- loaves + oven\n  ELSE loaves <- oven\n"
            "  best <- max of best and loaves\nRETURN best"
        )
        assert kind(firewall, text) is not None

    def test_a_telling_number(self, firewall: Firewall) -> None:
        assert kind(firewall, "The heaviest day has 28417.75 grams.") == "number"

    def test_a_telling_number_in_another_spelling(self, firewall: Firewall) -> None:
        assert kind(firewall, "It comes to 2.841775e4 in the end.") == "number"

    def test_a_comment_of_the_reference(self, firewall: Firewall) -> None:
        assert kind(firewall, "Mind that pounds come from the old scale in the cellar.") == "text"

    def test_a_message_of_a_hidden_check(self, firewall: Firewall) -> None:
        assert kind(firewall, "The heaviest day is not the one that the scale would show, it seems.") == "text"


INNOCENT = (
    "What does a label look like before you do anything with it?",
    "A pound is 453.59237 grams, the text says. Where does your code use that?",
    "`Series.map` calls a function for every value of a column.",
    "`read_csv` splits at commas; another separator is given with `sep`.",
    "```python\nprices = pd.read_csv('prices.csv', sep=';')\nprices.groupby('shop').mean()\n```",
    "`max(a, b)` returns the larger of two values.",
    "```python\ntotal = 0\nfor price in prices:\n    total = total + price\n```",
    "```python\ndf = df.copy()\nimport pandas as pd\n```",
    "An oven that does not fit begins a new round. What happens to it in your loop?",
    "The sum is made for each day, and the largest comes first: is that what you see?",
    "Decide what a label means before you add labels up.",
    "The oven that did not fit any more is in no round at all.",
    "Schau dir zuerst eine einzelne Zeile an: Was steht vor der Einheit, was dahinter?",
    "",
)


class TestInnocent:
    @pytest.mark.parametrize("text", INNOCENT)
    def test_passes(self, firewall: Firewall, text: str) -> None:
        assert firewall.examine(text, NOBODY) is None

    def test_all_that_is_handed_out_passes(self, firewall: Firewall, case: AuthorCase) -> None:
        shown = [cell.source for cell in case.cells] + [
            text for s in case.subtasks for text in (s.plan, s.example) if text
        ]
        assert [firewall.examine(text, NOBODY) for text in shown] == [None] * len(shown)

    def test_a_long_innocent_conversation_passes(self, firewall: Firewall) -> None:
        for turn, text in enumerate(INNOCENT):
            assert firewall.examine(text, NOBODY, INNOCENT[:turn]) is None


class TestOwn:
    @pytest.mark.parametrize("source", [WASTE, ROUND, ROUND_VARIANT])
    def test_own_code_may_be_quoted_though_it_is_the_reference(self, firewall: Firewall, source: str) -> None:
        own = Own.of([Cell(id="waste", source=source)])
        assert firewall.examine(f"You wrote:\n\n```python\n{source}\n```\n\nWhat is left to do?", own) is None

    def test_what_was_typed_may_be_quoted(self, firewall: Firewall) -> None:
        assert kind(firewall, "It comes to 28417.75 in the end.", Own.of([], ["is it 28417.75?"])) is None

    def test_own_of_one_subtask_does_not_open_another(self, firewall: Firewall) -> None:
        assert kind(firewall, ROUND, Own.of([Cell(id="waste", source=WASTE)])) is not None

    def test_the_correction_of_an_own_line_is_a_leak(self, firewall: Firewall) -> None:
        wrong = 'daily = labels.groupby("day")["grams"].sum().sort_values(ascending=True)'
        own = Own.of([Cell(id="waste", source=WASTE.replace("ascending=False", "ascending=True"))])
        assert kind(firewall, f"Write `{wrong.replace('True', 'False')}` instead.", own) == "code"
        assert kind(firewall, f"Look at `{wrong}` again.", own) is None

    def test_a_name_put_right_in_an_own_line_is_a_leak(self, firewall: Firewall) -> None:
        own = Own.of([Cell(id="waste", source=WASTE.replace("daily = labels.", "daily = raw."))])
        right = 'daily = labels.groupby("day")["grams"].sum().sort_values(ascending=False)'
        assert kind(firewall, f"Write `{right}` instead.", own) == "code"

    def test_own_names_in_place_of_the_references(self, firewall: Firewall) -> None:
        own = Own.of([Cell(id="rounds", source=ROUND.replace("limit)", "other)").replace("loaves", "n"))])
        assert kind(firewall, ROUND, own) is not None

    def test_empty_cells_are_nothing(self) -> None:
        assert Own.of([Cell(id="a", source="  \n")], [""]) == NOBODY


class TestLeak:
    def test_never_holds_the_text(self, firewall: Firewall) -> None:
        leak = firewall.examine(WASTE, NOBODY)
        assert leak is not None
        assert set(vars(leak)) == {"kind", "where"}
        assert leak.where in ("waste", "rounds", "")

    def test_a_trivial_reference_guards_nothing(self, case: AuthorCase) -> None:
        step = case.subtasks[1].model_copy(
            update={"reference": {"rounds": "def double(x):\n    return x * 2"}, "probes": ()}
        )
        tiny = case.model_copy(update={"subtasks": (step,), "variants": (), "flaws": ()})
        assert Firewall.of(tiny).examine("```\ndef double(x):\n    return x * 2\n```", NOBODY) is None
