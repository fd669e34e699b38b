"""Expected answers that the pipeline was given are found, wherever they stand."""

import pytest

from evaluation.contamination import Contamination, given_by_case, held_out
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Expected, Problem, Sample
from feedback.firewall.firewall import Firewall
from services.contracts.case import AuthorCase, Check, Flaw, Quotas, Subtask, SubtaskView
from services.contracts.feedback import Feedback, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.limits import Limits
from services.contracts.notebook import Cell

WORDS = "A thing without a price is given away for nothing, and the shop never notices it."
OTHER = "The discount is taken off twice, so the customer pays less than the owner wanted."


def case(**step: object) -> AuthorCase:
    view = SubtaskView(id="mean", title="Mean", index=0, points=1, cells=("text", "answer"), answer_cells=("answer",))
    subtask = Subtask(
        view=view,
        starter={"answer": "raise NotImplementedError()"},
        reference={"answer": "mean = sum(rows) / len(rows)"},
        checks=(Check(id="check", cell="check", hidden=False, source="assert mean > 0"),),
    )
    return AuthorCase(
        id="shop",
        version="c" * 64,
        title="Shop",
        limits=Limits(),
        strictness="light",
        quotas=Quotas(),
        subtasks=(subtask.model_copy(update=step),),
        cells=(Cell(id="text", kind="markdown", source="Put the mean into `mean`."), Cell(id="answer", source="")),
        imports=(),
        data=(),
        flaws=(
            Flaw(id="gaps", subtask="mean", title="Gaps", answer={"answer": "mean = 0"}, words=WORDS),
            Flaw(id="twice", subtask="mean", title="Twice", answer={"answer": "mean = 1"}, words=OTHER),
        ),
    )


def sample(about: str = WORDS, code: str = "mean = 0") -> Sample:
    return Sample(
        id="shop/gaps",
        case="shop",
        subtask="mean",
        cells=(Cell(id="answer", source=code),),
        expected=Expected(problems=(Problem(about=about),)),
    )


def found(one: Sample, of: AuthorCase) -> str:
    return Contamination().contaminated(one, Ground(of, Firewall.of(of)))


def feedback(mentor: str | None) -> Feedback:
    finding = Finding(
        id="1-0a1b2c3d4e",
        kind="value",
        severity="error",
        subtask="mean",
        message="`mean` is not what this step leads to.",
        evidence=(Evidence(kind="value", subject="mean", fact="0 instead of 3"),),
        signature="mean|value",
        mentor=mentor,
    )
    return Feedback(verdict=Verdict.NEEDS_WORK, headline="Not yet.", findings=(finding,))


def test_the_words_of_a_known_mistake_are_held_out_of_its_own_sample_and_of_no_other() -> None:
    assert held_out(feedback(WORDS), sample()) == feedback(None)
    assert held_out(feedback(OTHER), sample()) == feedback(OTHER)
    assert held_out(feedback(None), sample()) == feedback(None)
    assert found(sample(), case()) == ""


@pytest.mark.parametrize(
    ("step", "where"),
    [
        ({"plan": f"Think: {WORDS.lower()}"}, "the prompt's profile of the step"),
        ({"example": WORDS}, "the step's example"),
        (
            {"checks": (Check(id="priced", cell="check", hidden=True, source="assert 1", hint=WORDS),)},
            "the warning of the check priced",
        ),
    ],
)
def test_it_is_said_where_an_expected_answer_stands(step: dict[str, object], where: str) -> None:
    assert found(sample(), case(**step)) == f"an expected answer stands in {where}"


def test_words_with_an_end_of_their_own_are_still_the_same_words() -> None:
    changed = WORDS.replace("and the shop never notices it", "which the shop sees too late")
    assert found(sample(changed), case(example=WORDS)) == "an expected answer stands in the step's example"


def test_a_learner_who_writes_the_answer_down_gives_it_to_the_pipeline() -> None:
    assert (
        found(sample(code=f"# {WORDS}\nmean = 0"), case()) == "an expected answer stands in the learner's cell answer"
    )


def test_an_example_in_a_prompt_is_found() -> None:
    prompt = next(one for one in given_by_case(case(), "mean") if one.where == "the prompt words")
    sentence = " ".join(prompt.text.split()[:30])
    assert "the prompt words" in found(sample(sentence), case())


@pytest.mark.parametrize(
    "about", ["Wrong type.", "The mean is wrong.", "Rows that hold no number at all make every later figure a guess."]
)
def test_what_is_short_or_said_nowhere_is_clean(about: str) -> None:
    assert found(sample(about), case()) == ""


def test_neither_the_reference_nor_a_hidden_check_counts_as_given() -> None:
    texts = "\n".join(one.text for one in given_by_case(case(), "mean"))
    assert "len(rows)" not in texts


def test_an_unknown_step_and_a_sample_that_expects_nothing_are_clean() -> None:
    assert found(sample().model_copy(update={"subtask": "gone", "expected": Expected()}), case()) == ""
    assert (
        found(sample("No text of this case says anything like it.").model_copy(update={"subtask": "gone"}), case())
        == ""
    )
