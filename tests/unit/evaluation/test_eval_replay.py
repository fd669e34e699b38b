"""Stored submissions become samples that say nothing about whose they were."""

import ast
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from typer.testing import CliRunner

from evaluation.bench import Bench
from evaluation.cli import build_eval_app
from evaluation.desk import EvalDesk
from evaluation.report.mentors import agreement
from evaluation.suites.jsonl import lines_of, read_suite, suite_of
from evaluation.suites.sample import Sample
from evaluation.suites.sources.submissions import pseudonymised, replayed
from feedback.findings.voice import Voice
from feedback.firewalls import KeptFirewalls
from feedback.pipeline import Checker
from services.contracts.case import AuthorCase
from services.contracts.feedback import Feedback
from services.contracts.notebook import Cell, Place
from services.progress.kept import KeptSubmission, KeptSubmissions
from tests.unit.evaluation.made_runs import feedback, result

CODE = """# Ada Lovelace, ada.lovelace@example.org, my name is Ada Lovelace
price = 3
password = "analytical-engine-1843"
"""


def with_cells(case: AuthorCase) -> AuthorCase:
    own = (
        Cell(id="intro", kind="markdown", source="The `price` of tea."),
        Cell(id="answer-1", source="price = 0", metadata={"nbgrader": {"grade_id": "step-1"}}),
    )
    return case.model_copy(update={"cells": own})


def kept(case: AuthorCase, *cells: Cell, said: Feedback | None = None, learner: str = "ada.lovelace") -> KeptSubmission:
    return KeptSubmission(
        learner=learner,
        case=case.id,
        version="1" * 64,
        subtask="step-1",
        cells=cells or (Cell(id="answer-1", source=CODE),),
        feedback=said or feedback("needs_work"),
        recorded=datetime(2026, 11, 25, tzinfo=UTC),
    )


def made(case: AuthorCase, submission: KeptSubmission) -> Sample:
    return pseudonymised(submission, case, Voice.of(case))


class Shelf:
    """Submissions in the order in which they are given."""

    def __init__(self, found: Sequence[KeptSubmission]) -> None:
        self._found = found

    async def judged(self, case: str, since: datetime | None = None) -> AsyncIterator[KeptSubmission]:
        for one in self._found:
            yield one


def test_names_addresses_and_keys_are_gone_and_the_code_still_runs(case: AuthorCase) -> None:
    case = with_cells(case)
    sample = made(case, kept(case))
    text = lines_of([sample], {case.id: case}).decode().replace("metadata", "")
    for personal in ("ada", "lovelace", "example.org", "analytical"):
        assert personal not in text.lower()
    ast.parse(sample.cells[0].source)
    assert "price = 3" in sample.cells[0].source
    assert sample.tags == ("redacted",)


def test_a_name_that_is_a_word_of_the_case_stays_code(case: AuthorCase) -> None:
    case = with_cells(case)
    sample = made(case, kept(case, Cell(id="answer-1", source="price = 3\n"), learner="price"))
    assert sample.cells[0].source == "price = 3\n"
    assert sample.tags == ()


def test_ids_and_metadata_of_a_learner_are_replaced_and_the_cases_own_stay(case: AuthorCase) -> None:
    case = with_cells(case)
    sample = made(
        case,
        kept(
            case,
            Cell(id="ada-lovelace-1", source="a = 1", metadata={"owner": "Ada"}),
            Cell(id="answer-1", source="b = 1", metadata={"nbgrader": {"grade_id": "step-1", "by": "Ada"}}),
            Cell(id="answer-1", source="c = 1", metadata={"nbgrader": {"grade_id": "ada"}}),
        ),
    )
    assert [cell.id for cell in sample.cells] == ["learner-1", "answer-1", "learner-3"]
    assert [cell.metadata for cell in sample.cells] == [{}, {"nbgrader": {"grade_id": "step-1"}}, {}]


def test_what_a_mentor_said_is_what_is_expected_and_nothing_else_is_known(case: AuthorCase) -> None:
    case = with_cells(case)
    told = feedback("needs_work", signature="step-1|value|price")
    remembered = told.findings[0].model_copy(
        update={
            "remembered": "e" * 32,
            "mentor": "Ask ada.lovelace@example.org how she counts.",
            "mentor_name": "grace",
            "place": Place(cell="answer-1", line=2),
        }
    )
    sample = made(case, kept(case, said=told.model_copy(update={"findings": (remembered, *told.findings)})))
    assert sample.expected.verdict is None
    [problem] = sample.expected.problems
    assert (problem.cell, problem.line, problem.signature) == ("answer-1", 2, "step-1|value|price")
    assert problem.about == "Ask [e-mail] how she counts."
    assert agreement(result(sample, told, {})) == 1.0
    assert agreement(result(sample, feedback("approved"), {})) == 0.0
    assert made(case, kept(case)).expected.known is False


async def test_the_same_code_of_several_learners_is_one_sample_of_the_same_name_each_time(case: AuthorCase) -> None:
    case = with_cells(case)
    alike = [
        kept(case, Cell(id="answer-1", source="price = 4  # by ada"), learner="ada"),
        kept(case, Cell(id="answer-1", source="price = 4  # by bob"), learner="bob"),
        kept(case, Cell(id="answer-1", source="price = 5")),
    ]
    first = [sample.id async for sample in replayed(case, Shelf(alike), 10)]
    again = [sample.id async for sample in replayed(case, Shelf(alike[::-1]), 10)]
    assert len(first) == 2
    assert set(first) == set(again)
    assert len([sample async for sample in replayed(case, Shelf(alike), 1)]) == 1


def test_the_command_writes_a_suite_that_can_be_run(case: AuthorCase, tmp_path: Path) -> None:
    case = with_cells(case)
    shelf = Shelf([kept(case), kept(case, Cell(id="answer-1", source="price = 5"))])

    @asynccontextmanager
    async def bench(cases: tuple[str, ...], with_model: bool) -> AsyncIterator[Bench]:
        yield Bench({case.id: case}, cast("Checker", None), KeptFirewalls(1), {})

    @asynccontextmanager
    async def submissions() -> AsyncIterator[KeptSubmissions]:
        yield cast("KeptSubmissions", shelf)

    app = build_eval_app(EvalDesk(bench, lambda: tmp_path, lambda: tmp_path, submissions))
    out = tmp_path / "tiny-replay.jsonl"
    said = CliRunner().invoke(app, ["suite", "replay", "tiny", "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert "2 samples" in said.stdout
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    suite = suite_of(read_suite(out), {case.id: case})
    assert [sample.source for sample in suite.samples] == ["submission", "submission"]
    printed = CliRunner().invoke(app, ["suite", "replay", "tiny"])
    assert printed.stdout.encode() == out.read_bytes()
    assert CliRunner().invoke(app, ["suite", "replay", "tiny", "--most", "1"]).stdout.count("\n") == 1
