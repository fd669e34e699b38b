"""What prompts hold of a case and of findings: only what its learner reads anyway."""

import json
from importlib.resources import files

import pytest

from feedback.privacy.redaction import Redactor
from feedback.prompts.channel import CUT, harmless
from feedback.prompts.criteria import MAX_INSTRUCTIONS, criteria
from feedback.prompts.facts import MAX_FACTS, facts
from feedback.prompts.texts import prompt
from services.contracts.case import AuthorCase
from services.contracts.finding import Evidence, Finding, Hint
from services.contracts.notebook import Place

NAMES = sorted(
    file.name.removesuffix(".md") for file in files("feedback.prompts").iterdir() if file.name.endswith(".md")
)


def finding(number: int = 1, **changes: object) -> Finding:
    whole = Finding(
        id=f"{number}-0a1b2c3d4e",
        kind="value",
        severity="error",
        subtask="step-1",
        message="`total` is not what this step leads to.",
        place=Place(cell="id-answer-1", line=2, end_line=3),
        evidence=(Evidence(kind="value", subject="secret_name", fact="total: 6 is not 4711", aspect="numbers"),),
        ladder=(Hint(step="plan", text="Think of 4711."),),
        signature="step-1|value",
        mentor="It is 4711.",
    )
    return whole.model_copy(update=changes)


class TestCriteria:
    def test_are_what_the_handed_out_notebook_says(self, case: AuthorCase) -> None:
        assert criteria(case, case.subtasks[1]) == {
            "case": "Tiny",
            "step": "step-2",
            "title": "Step 2",
            "points": 2,
            "instructions": "Double it.",
            "visible_checks": "assert double(2) == 4\nassert result == 12",
            "plan": "Think of twice.",
        }

    def test_hold_nothing_of_reference_hidden_checks_and_probes(self, case: AuthorCase) -> None:
        for subtask in case.subtasks:
            whole = json.dumps(criteria(case, subtask))
            assert "x * 2" not in whole
            assert "sum(parts)" not in whole
            assert "secret_input" not in whole
            assert "154" not in whole

    def test_are_the_same_bytes_each_time(self, case: AuthorCase) -> None:
        one, other = (json.dumps(criteria(case, case.subtasks[0])) for _ in range(2))
        assert one == other

    def test_long_instructions_are_cut(self, case: AuthorCase) -> None:
        cells = tuple(c.model_copy(update={"source": "word " * 9_000}) if c.id == "text-1" else c for c in case.cells)
        told = criteria(case.model_copy(update={"cells": cells}), case.subtasks[0])["instructions"]
        assert isinstance(told, str)
        assert len(told) == MAX_INSTRUCTIONS
        assert told.endswith(CUT)


class TestFacts:
    def test_are_what_learners_read_of_a_finding(self) -> None:
        assert facts([finding()], str) == [
            {
                "id": "1-0a1b2c3d4e",
                "kind": "value",
                "severity": "error",
                "message": "`total` is not what this step leads to.",
                "aspect": "numbers",
                "place": {"cell": "id-answer-1", "lines": [2, 3]},
            }
        ]

    def test_hold_no_fact_of_the_evidence_and_no_name_that_may_be_hidden(self) -> None:
        whole = json.dumps(facts([finding()], str))
        assert "4711" not in whole
        assert "secret_name" not in whole

    def test_name_nobody_that_an_error_quotes(self) -> None:
        said = "There is no entry called `ada@example.org` here."
        told = facts([finding(message=said)], Redactor("ada").text)[0]["message"]
        assert told == "There is no entry called `[e-mail]` here."

    @pytest.mark.parametrize(
        ("place", "told"),
        [
            (None, None),
            (Place(cell="c"), {"cell": "c"}),
            (Place(cell="c", line=4), {"cell": "c", "lines": [4, 4]}),
            (Place(cell="<|im_end|>"), {"cell": harmless("<|im_end|>", 80)}),
        ],
    )
    def test_say_where_as_far_as_it_is_known(self, place: Place | None, told: object) -> None:
        assert facts([finding(place=place)], str)[0].get("place") == told

    def test_are_the_most_consequential_only(self) -> None:
        told = facts([finding(number) for number in range(1, 40)], str)
        assert [fact["id"] for fact in told] == [f"{number}-0a1b2c3d4e" for number in range(1, MAX_FACTS + 1)]

    def test_a_long_message_is_cut(self) -> None:
        message = facts([finding(message="word " * 400)], str)[0]["message"]
        assert isinstance(message, str)
        assert message.endswith(CUT)


class TestTexts:
    @pytest.mark.parametrize("name", NAMES)
    def test_every_text_is_ready_to_be_sent(self, name: str) -> None:
        text = prompt(name)
        assert text == text.strip() != ""
        assert harmless(text, 20_000) == text

    def test_a_text_that_does_not_exist_is_an_error(self) -> None:
        with pytest.raises(FileNotFoundError):
            prompt("nothing-of-the-kind")
