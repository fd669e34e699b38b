"""What each scorer says of answers that are good, bad, or cannot be scored."""

from collections.abc import Callable
from typing import Any

import pytest

from evaluation.runs.result import Answer, Score
from evaluation.scorers import (
    brevity,
    consequence,
    ladder,
    leak,
    localisation,
    precision,
    readability,
    recall,
    unwanted,
    verdict,
)
from evaluation.scorers.port import Ground
from evaluation.scorers.rules import DETERMINISTIC, RuleScorers
from evaluation.suites.sample import Expected, Problem, Sample
from feedback.firewall.firewall import Firewall
from services.contracts.case import AuthorCase
from services.contracts.feedback import Feedback, LocalizedWarning, Verdict
from services.contracts.finding import Evidence, Finding, Hint
from services.contracts.notebook import Cell, Place

SECRET = "ranked = sorted(scores, key=lambda row: (-row['median_weight'], row['first_name']))[:17]"
HINTS = (
    Hint(step="plan", text="Think about what the step hands on."),
    Hint(step="consequence", text="The list has other members than it should."),
    Hint(step="location", text="Look at line 3."),
)


@pytest.fixture
def ground(case: AuthorCase) -> Ground:
    first, second = case.subtasks
    secret = first.model_copy(update={"reference": {"answer-1": SECRET}})
    whole = case.model_copy(update={"subtasks": (secret, second)})
    return Ground(whole, Firewall.of(whole))


def sample(*problems: Problem, verdict: Verdict | None = Verdict.NEEDS_WORK, unwanted: tuple[str, ...] = ()) -> Sample:
    return Sample(
        id="s/1",
        case="tiny",
        subtask="step-1",
        cells=(Cell(id="answer-1", source="ranked = []"),),
        expected=Expected(verdict=verdict, problems=problems, must_not_say=unwanted),
    )


def finding(line: int | None = 3, cell: str = "answer-1", **more: Any) -> Finding:
    place = Place(cell=cell, line=line, end_line=line)
    fields: dict[str, Any] = {
        "id": f"1-{cell}-{line}",
        "kind": "value",
        "severity": "error",
        "subtask": "step-1",
        "message": "The list has other members than it should.",
        "place": place,
        "evidence": (Evidence(kind="value", subject="ranked", fact=""),),
        "ladder": HINTS,
        "signature": "step-1|value|ranked",
    }
    return Finding(**(fields | more))


def answer(*findings: Finding, verdict: Verdict = Verdict.NEEDS_WORK, **more: Any) -> Answer:
    headline = more.pop("headline", "The check does not hold yet.")
    return Answer(feedback=Feedback(verdict=verdict, headline=headline, findings=findings, **more), wall_ms=1)


PROBLEM = Problem(about="It is not sorted.", cell="answer-1", line=3, end_line=4)
Scored = Callable[[Sample, Answer, Ground], Score]


def test_verdict_is_right_wrong_or_not_expected(ground: Ground) -> None:
    assert verdict.score(sample(), answer(), ground).value == 1
    wrong = verdict.score(sample(verdict=Verdict.APPROVED), answer(), ground)
    assert (wrong.value, wrong.why) == (0, "needs_work instead of approved")
    assert verdict.score(sample(verdict=None), answer(), ground).value is None


def test_a_problem_is_found_by_its_lines_its_cell_or_its_signature(ground: Ground) -> None:
    far = Problem(about="Elsewhere.", cell="answer-1", line=9)
    signed = Problem(about="By name.", signature="step-1|value|ranked")
    assert recall.score(sample(PROBLEM), answer(finding(2)), ground).value == 1
    assert recall.score(sample(PROBLEM), answer(finding(1)), ground).value == 0
    assert recall.score(sample(PROBLEM), answer(finding(None)), ground).value == 1
    assert recall.score(sample(PROBLEM), answer(finding(3, "other")), ground).value == 0
    assert recall.score(sample(signed), answer(finding(3, "other")), ground).value == 1
    half = recall.score(sample(PROBLEM, far), answer(finding(3)), ground)
    assert (half.value, half.why) == (0.5, "not said: Elsewhere.")


def test_recall_of_what_cannot_be_looked_for_is_not_zero(ground: Ground) -> None:
    assert recall.score(sample(), answer(finding()), ground).value is None
    assert recall.score(sample(Problem(about="Somehow.")), answer(finding()), ground).value is None


def test_findings_beside_the_point_cost_precision(ground: Ground) -> None:
    assert precision.score(sample(PROBLEM), answer(finding(3)), ground).value == 1
    assert precision.score(sample(PROBLEM), answer(finding(3), finding(9)), ground).value == 0.5
    assert precision.score(sample(PROBLEM), answer(finding(3), finding(9, severity="info")), ground).value == 1
    assert precision.score(sample(PROBLEM), answer(), ground).value is None


def test_any_finding_in_right_work_is_a_false_alarm(ground: Ground) -> None:
    right = sample(verdict=Verdict.APPROVED)
    alarm = precision.score(right, answer(finding(3)), ground)
    assert (alarm.value, "beside the point (cell answer-1, line 3)" in alarm.why) == (0, True)
    assert precision.score(right, answer(verdict=Verdict.APPROVED), ground).value == 1


def test_localisation_wants_the_very_lines_of_what_was_found(ground: Ground) -> None:
    assert localisation.score(sample(PROBLEM), answer(finding(4)), ground).value == 1
    beside = localisation.score(sample(PROBLEM), answer(finding(2)), ground)
    assert (beside.value, beside.why) == (0, "line 3 of answer-1, but marked: cell answer-1, line 2")
    assert localisation.score(sample(PROBLEM), answer(finding(None)), ground).value == 0
    assert localisation.score(sample(PROBLEM), answer(), ground).value is None


@pytest.mark.parametrize(
    "sentence", ["Use `sorted` for the list.", "You should sort it.", "Your solution is correct.", "Replace line 3."]
)
def test_a_repair_or_a_false_claim_is_no_consequence(sentence: str, ground: Ground) -> None:
    scored = consequence.score(sample(), answer(finding(), remarks=(sentence,)), ground)
    assert (scored.value, scored.why) == (0, sentence)


def test_consequences_pass_and_right_work_has_none(ground: Ground) -> None:
    remark = "The list then begins with somebody who lifted less than the others."
    assert consequence.score(sample(), answer(finding(), remarks=(remark,)), ground).value == 1
    assert consequence.score(sample(), answer(verdict=Verdict.APPROVED), ground).value is None


def test_brevity_counts_lines_and_words(ground: Ground) -> None:
    wide = LocalizedWarning(place=Place(cell="answer-1", line=1, end_line=6), message="Here.", finding="1")
    assert brevity.score(sample(), answer(warnings=(wide,)), ground).why == "a warning marks 6 lines"
    assert brevity.score(sample(), answer(remarks=("word " * 200,)), ground).value == 0
    assert brevity.score(sample(), answer(remarks=("word " * 100,)), ground).value == 1


@pytest.mark.parametrize(
    ("words", "value", "why"),
    [((79,), 0, "79 words of remarks"), ((40, 40), 1, ""), ((160,), 1, ""), ((100, 61), 0, "161 words of remarks")],
)
def test_length_is_that_of_a_models_remarks(ground: Ground, words: tuple[int, ...], value: int, why: str) -> None:
    beside = LocalizedWarning(place=Place(cell="answer-1", line=1), message="word " * 20, finding="1")
    remarks = tuple("word " * count for count in words)
    said = brevity.length(sample(), answer(warnings=(beside,), remarks=remarks, words_by="model"), ground)
    assert (said.value, said.why) == (value, why)


def test_nobody_is_asked_for_an_explanation_of_right_work_and_the_rules_give_none(ground: Ground) -> None:
    assert brevity.length(sample(), answer(verdict=Verdict.APPROVED, words_by="model"), ground).value is None
    by_rules = brevity.length(sample(), answer(remarks=("word " * 100,)), ground)
    assert (by_rules.value, by_rules.why) == (None, "the rules leave explaining to the hints")


def test_the_reference_in_a_remark_is_a_leak_and_the_learners_own_code_is_none(ground: Ground) -> None:
    told = answer(remarks=(f"It could be `{SECRET}`.",))
    assert leak.score(sample(), answer(), ground).value == 1
    assert leak.score(sample(), told, ground).value == 0
    own = sample().model_copy(update={"cells": (Cell(id="answer-1", source=SECRET),)})
    assert leak.score(own, told, ground).value == 1


def test_plain_words_read_more_easily_than_long_ones(ground: Ground) -> None:
    plain = (
        "The list is not in order. It has one name too few. So the last row is gone. Each run shows the same gap here."
    )
    heavy = (
        "Notwithstanding considerable computational sophistication, the implementation's characteristic aggregation "
        "inadvertently misrepresents distributional properties, consequently necessitating comprehensive "
        "reconsideration of methodological assumptions underlying subsequent interpretations throughout."
    )
    easy, hard = (readability.score(sample(), answer(headline=text), ground).value for text in (plain, heavy))
    assert easy is not None
    assert hard is not None
    assert easy > 0.8 > 0.1 > hard
    assert readability.score(sample(), answer(), ground).value is None


def test_hints_come_in_order_and_never_hold_the_reference(ground: Ground) -> None:
    assert ladder.score(sample(), answer(finding()), ground).value == 1
    turned = ladder.score(sample(), answer(finding(ladder=HINTS[::-1])), ground)
    assert turned.value == 0
    assert "hints come as location, consequence, plan" in turned.why
    assert "no consequence" in ladder.score(sample(), answer(finding(ladder=())), ground).why
    given = (*HINTS, Hint(step="example", text=f"For instance `{SECRET}`."))
    assert "the example gives away" in ladder.score(sample(), answer(finding(ladder=given)), ground).why
    assert ladder.score(sample(), answer(verdict=Verdict.APPROVED), ground).value is None


def test_unwanted_pieces_are_found_whatever_their_case_and_spacing(ground: Ground) -> None:
    asked = sample(unwanted=("Group By",))
    said = unwanted.score(asked, answer(remarks=("Think of group\n by.",)), ground)
    assert (said.value, said.why) == (0, "said: Group By")
    hidden = finding(ladder=(Hint(step="consequence", text="A groupBY would do."),))
    assert unwanted.score(asked, answer(hidden), ground).value == 0
    assert unwanted.score(asked, answer(), ground).value == 1
    assert unwanted.score(sample(), answer(), ground).value is None


async def test_all_scorers_score_an_empty_answer_without_raising(ground: Ground) -> None:
    empty = answer(headline="")
    scores = await RuleScorers().score(sample(verdict=None), empty, ground)
    assert len(scores) == len(DETERMINISTIC) == len({score.name for score in scores})
