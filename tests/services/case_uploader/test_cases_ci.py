"""The CI of a case around a scripted judge: what is asked, what is told, when the gate refuses."""

import re
from pathlib import Path

import pytest

from case_uploader.ci.html import report_html
from case_uploader.ci.mutants import plan_mutants
from case_uploader.errors import TrialsUnavailable
from case_uploader.format.case_folder import CaseDraft, read_case_folder
from case_uploader.steps import Mutating, Passed, Published, Rejected, Reported
from services.contracts.case_report import CaseReport
from services.contracts.errors import ServiceError
from services.contracts.feedback import Feedback, Verdict


def _draft(folder: Path) -> CaseDraft:
    draft = read_case_folder(folder).draft
    assert draft is not None
    return draft


def _report(steps) -> CaseReport:
    assert isinstance(steps[-2], Reported)
    return steps[-2].report


def _demand(folder: Path, lines: str) -> None:
    manifest = folder / "case.yaml"
    text = re.sub(r"^ci:\n(#? +.*\n)*", "", manifest.read_text(), flags=re.MULTILINE)
    manifest.write_text(f"{text}\nci:\n{lines}")


async def test_a_check_ends_with_a_report_of_trials_mutants_and_times(bench, case_folder):
    steps = await bench.check(case_folder)

    assert isinstance(steps[-1], Passed)
    report = _report(steps)
    assert {line.kind for line in report.trials} == {"reference", "starter", "variant", "flaw"}
    assert all(line.as_wanted for line in report.trials)
    assert report.false_alarms == 0
    assert report.counted("caught") == len(report.mutants) > 5
    assert {mutant.subtask for mutant in report.mutants} == {line.id for line in report.subtasks}
    assert all(line.seconds is not None and line.score == 1 for line in report.subtasks)
    told = [step for step in steps if isinstance(step, Mutating)]
    assert [step.done for step in told] == sorted({0, *(step.done for step in told)})
    assert told[-1].done == told[-1].count == len(report.mutants)


async def test_each_mutant_is_the_reference_with_one_cell_changed(bench, case_folder):
    await bench.check(case_folder)

    draft = _draft(case_folder)
    reference = {cell: text for subtask in draft.author.subtasks for cell, text in subtask.reference.items()}
    asked = [mutant.answer for request in bench.feedback.mutated for mutant in request.mutants]
    assert asked
    for answer in asked:
        assert len(answer) == 1
        assert all(text != reference[cell] for cell, text in answer.items())
    assert len({tuple(answer.items()) for answer in asked}) == len(asked)


async def test_a_missed_mutant_is_told_with_its_cell_and_line(bench, case_folder):
    bench.feedback.overlooked = ("idxmin",)

    report = _report(await bench.check(case_folder))

    missed = [mutant for mutant in report.mutants if mutant.outcome == "missed"]
    assert missed
    assert {(m.cell, m.subtask, m.operator) for m in missed} == {("best-day-answer", "best-day", "wrong-metric")}
    assert all("idxmax" in m.before and "idxmin" in m.after for m in missed)
    assert report.gate.score is not None
    assert 0 < report.gate.score < 1


async def test_a_case_below_its_threshold_is_refused_and_nothing_of_it_stays(bench, case_folder):
    bench.feedback.overlooked = ("idxmin",)
    _demand(case_folder, "  threshold: 1.0\n")

    steps = await bench.publish(case_folder)

    end = steps[-1]
    assert isinstance(end, Rejected)
    assert [(p.rule, p.cell) for p in end.problems if p.level == "error"] == [("ci-gate", "ci.threshold")]
    notes = [p for p in end.problems if p.rule == "mutant-missed"]
    assert notes
    assert notes[0].cell is not None
    assert notes[0].cell.startswith("best-day-answer, line ")
    assert not _report(steps).gate.passed
    assert await bench.objects() == set()
    assert await bench.service.published() == ()


async def test_what_an_author_declares_equivalent_counts_nowhere(bench, case_folder):
    bench.feedback.overlooked = ("idxmin",)
    missed = [m.id for m in _report(await bench.check(case_folder)).mutants if m.outcome == "missed"]
    lines = "".join(f"    - {{mutant: '{id_}', reason: the days are all the same here}}\n" for id_ in missed)
    _demand(case_folder, f"  threshold: 1.0\n  equivalent:\n{lines}")

    steps = await bench.publish(case_folder)

    assert isinstance(steps[-1], Published)
    report = _report(steps)
    assert report.counted("declared") == len(missed)
    assert report.gate.score == 1
    assert {m.reason for m in report.mutants if m.outcome == "declared"} == {"the days are all the same here"}


async def test_a_declaration_that_fits_nothing_is_noted(bench, case_folder):
    caught = _report(await bench.check(case_folder)).mutants[0].id
    entries = f"{{mutant: '{caught}', reason: it looks harmless}}, {{mutant: 0123456789, reason: it is long gone}}"
    _demand(case_folder, f"  equivalent: [{entries.replace('0123456789', repr('0123456789'))}]\n")

    end = (await bench.check(case_folder))[-1]

    assert isinstance(end, Passed)
    assert [(p.rule, p.cell) for p in end.notes] == [
        ("ci-declared", "ci.equivalent[0]"),
        ("ci-declared", "ci.equivalent[1]"),
    ]


async def test_the_ci_section_makes_no_other_version(case_folder):
    before = _draft(case_folder).version
    _demand(case_folder, "  threshold: 0.5\n  max_mutants: 3\n")

    assert _draft(case_folder).version == before


async def test_the_most_mutants_are_shared_evenly(case_folder):
    draft = _draft(case_folder)
    everything, few = plan_mutants(draft, 1_000), plan_mutants(draft, 6)

    assert everything.left_out == 0
    assert len(few.mutants) == 6
    assert few.left_out == len(everything.mutants) - 6
    counts = [sum(m.subtask == s.view.id for m in few.mutants) for s in draft.author.subtasks]
    assert counts == [3, 3]
    assert {m.id for m in few.mutants} < {m.id for m in everything.mutants}
    assert len({m.id for m in everything.mutants}) == len(everything.mutants)


async def test_a_case_that_fails_a_trial_has_no_report(bench, case_folder):
    refused = Feedback(verdict=Verdict.NEEDS_WORK, headline="No.")
    bench.feedback.verdicts = {"total": refused}

    steps = await bench.check(case_folder)

    assert isinstance(steps[-1], Rejected)
    assert not [step for step in steps if isinstance(step, Mutating | Reported)]


async def test_a_platform_that_goes_away_among_mutants_leaves_nothing(bench, case_folder):
    async def publish() -> None:
        async for step in bench.publisher.publish(case_folder):
            if isinstance(step, Mutating):
                bench.feedback.error = ServiceError("feedback", 503, "unavailable", "It is away.")

    with pytest.raises(TrialsUnavailable, match="Mutants of total-revenue"):
        await publish()

    assert await bench.objects() == set()


async def test_the_page_escapes_what_an_author_wrote_and_fetches_nothing(bench, case_folder):
    bench.feedback.overlooked = ("idxmin",)
    report = _report(await bench.check(case_folder))
    mutant = report.mutants[0].model_copy(update={"before": "<script>alert(1)</script>", "outcome": "missed"})
    page = report_html(report.model_copy(update={"title": "A & <b>", "mutants": (mutant, *report.mutants[1:])}))

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "A &amp; &lt;b&gt;" in page
    assert "<svg" in page
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"""(src|href)\s*=|url\(|@import""", page)
    for line in report.subtasks:
        assert line.id in page


async def test_the_page_of_a_case_without_faults_to_catch_is_a_page(bench, case_folder):
    _demand(case_folder, "  threshold: 1.0\n  max_mutants: 0\n")

    steps = await bench.check(case_folder)

    assert isinstance(steps[-1], Passed)
    report = _report(steps)
    assert report.gate.score is None
    assert "There was no small fault to catch" in report_html(report)
