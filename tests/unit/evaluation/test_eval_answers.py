"""Mentors' answers become samples that say nothing about who asked and who answered."""

import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from typer.testing import CliRunner

from evaluation.bench import Bench
from evaluation.cli import build_eval_app
from evaluation.desk import EvalDesk
from evaluation.report.mentors import agreement
from evaluation.suites.jsonl import lines_of, read_suite, suite_of
from evaluation.suites.sample import Sample
from evaluation.suites.sources.answers import answered_samples
from feedback.firewalls import KeptFirewalls
from feedback.pipeline import Checker
from services.contracts.case import AuthorCase
from services.contracts.escalation import LineComment
from services.contracts.notebook import Cell, Place
from services.mentoring.kept import KeptAnswers, SettledDispute
from services.mentoring.memory_repository import RegressionSample
from tests.unit.evaluation.made_runs import feedback, result

SIGNATURE = "step-1|value|price"
CODE = "# ada.lovelace, ada.lovelace@example.org\nprice = 3\n"
REMEMBERED = RegressionSample(
    seq=1,
    entry="e" * 32,
    case="tiny",
    case_version="1" * 64,
    subtask="step-1",
    signature=SIGNATURE,
    cells=(Cell(id="answer-1", source=CODE),),
    words="Count again.",
    made=datetime(2026, 11, 25, tzinfo=UTC),
    withdrawn=False,
    set_aside=False,
    text="Ask ada.lovelace how she counts. grace.hopper",
    mentor="grace.hopper",
    learner="ada.lovelace",
    feedback=feedback("needs_work", signature=SIGNATURE),
)
DISPUTE = SettledDispute(
    learner="ada.lovelace",
    mentor="grace.hopper",
    case="tiny",
    version="1" * 64,
    subtask="step-1",
    cells=(Cell(id="adas-cell", source=CODE), Cell(id="answer-1", source="price = 4\n")),
    text="You are right, ada.lovelace: the machine looks at the wrong row.",
    comments=(
        LineComment(place=Place(cell="adas-cell", line=2, end_line=1), text="This is the row."),
        LineComment(place=Place(cell="gone", line=9), text="And this was."),
    ),
    reason="unhelpful_hint",
)


class Shelf:
    """Answers in the order in which they are given."""

    def __init__(self, remembered: Sequence[RegressionSample], disputes: Sequence[SettledDispute] = ()) -> None:
        self._remembered, self._disputes = remembered, disputes

    async def remembered(self, case: str) -> AsyncIterator[RegressionSample]:
        for one in self._remembered:
            yield one

    async def disputes(self, case: str) -> AsyncIterator[SettledDispute]:
        for one in self._disputes:
            yield one


async def made(case: AuthorCase, shelf: Shelf, most: int = 10) -> list[Sample]:
    return await answered_samples(case, shelf, most)


async def test_nobody_is_named_in_code_words_or_ids(case: AuthorCase) -> None:
    samples = await made(case, Shelf([REMEMBERED], [DISPUTE]))
    text = lines_of(samples, {case.id: case}).decode().lower().replace("metadata", "")
    for personal in ("ada", "lovelace", "grace", "hopper", "example.org", "adas-cell"):
        assert personal not in text
    assert [sample.source for sample in samples] == ["memory", "dispute"]
    assert {sample.tags[0] for sample in samples} == {"redacted"}


async def test_a_remembered_answer_expects_the_finding_that_it_is_tied_to(case: AuthorCase) -> None:
    [sample] = await made(case, Shelf([REMEMBERED]))
    [problem] = sample.expected.problems
    assert (problem.signature, problem.about, problem.cell) == (
        SIGNATURE,
        "Ask [name] how she counts. [name]",
        None,
    )
    assert sample.expected.verdict is None
    assert agreement(result(sample, feedback("needs_work", signature=SIGNATURE), {})) == 1.0
    assert agreement(result(sample, feedback("approved"), {})) == 0.0


async def test_an_answer_that_is_tied_to_a_repair_expects_the_finding_that_would_carry_it(case: AuthorCase) -> None:
    by_repair = replace(REMEMBERED, signature="step-1|repair|total:Compare")
    [sample] = await made(case, Shelf([by_repair]))
    assert [problem.signature for problem in sample.expected.problems] == [SIGNATURE]
    [blurred] = await made(case, Shelf([replace(by_repair, feedback=feedback("approved"))]))
    assert [problem.signature for problem in blurred.expected.problems] == [None]


async def test_a_dispute_expects_the_mentors_words_at_their_lines_and_no_finding(case: AuthorCase) -> None:
    [sample] = await made(case, Shelf([], [DISPUTE]))
    whole, line, gone = sample.expected.problems
    assert whole.about == "You are right, [name]: the machine looks at the wrong row."
    assert {problem.signature for problem in sample.expected.problems} == {None}
    assert (line.cell, line.line, line.end_line) == ("learner-1", 2, None)
    assert (gone.about, gone.cell) == ("And this was.", None)
    assert sample.tags == ("redacted", "unhelpful-hint")
    assert agreement(result(sample, feedback("approved"), {})) is None


async def test_one_program_is_one_sample_and_its_latest_words_hold(case: AuthorCase) -> None:
    again = replace(REMEMBERED, seq=2, text="Look at the row.", learner="bob", cells=REMEMBERED.cells)
    told = feedback("needs_work", signature="step-1|value|type")
    other = replace(REMEMBERED, seq=3, text="It is a text.", signature="step-1|value|type", feedback=told)
    disputed = replace(DISPUTE, cells=REMEMBERED.cells)
    [sample] = await made(case, Shelf([REMEMBERED, replace(again, learner="ada.lovelace"), other], [disputed]))
    assert sample.source == "memory"
    assert {problem.signature: problem.about for problem in sample.expected.problems} == {
        SIGNATURE: "Look at the row.",
        "step-1|value|type": "It is a text.",
    }


async def test_the_newest_come_first_and_steps_that_are_gone_not_at_all(case: AuthorCase) -> None:
    def of(number: int, subtask: str = "step-1") -> RegressionSample:
        return replace(
            REMEMBERED, seq=number, subtask=subtask, cells=(Cell(id="answer-1", source=f"price = {number}"),)
        )

    samples = await made(case, Shelf([of(1), of(2), of(3, "gone"), of(4)]), most=2)
    assert [sample.cells[0].source for sample in samples] == ["price = 4", "price = 2"]


@pytest.mark.parametrize("there", [True, False])
def test_the_command_writes_a_suite_that_can_be_run_or_says_that_there_is_nothing(
    case: AuthorCase, tmp_path: Path, there: bool
) -> None:
    shelf = Shelf([REMEMBERED] if there else [], [DISPUTE] if there else [])

    @asynccontextmanager
    async def bench(cases: tuple[str, ...], with_model: bool) -> AsyncIterator[Bench]:
        yield Bench({case.id: case}, cast("Checker", None), KeptFirewalls(1), {})

    @asynccontextmanager
    async def kept() -> AsyncIterator[KeptAnswers]:
        yield cast("KeptAnswers", shelf)

    app = build_eval_app(EvalDesk(bench, lambda: tmp_path, lambda: tmp_path, open_answers=kept))
    out = tmp_path / "tiny-answers.jsonl"
    said = CliRunner().invoke(app, ["suite", "answers", "tiny", "--out", str(out)])
    if not there:
        assert (said.exit_code, "No mentor has answered anything about tiny" in said.stderr) == (2, True)
        assert not out.exists()
        return
    assert said.exit_code == 0, said.output
    assert "2 samples." in said.stdout
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    suite = suite_of(read_suite(out), {case.id: case})
    assert [sample.source for sample in suite.samples] == ["memory", "dispute"]
    assert CliRunner().invoke(app, ["suite", "answers", "tiny"]).stdout.encode() == out.read_bytes()
