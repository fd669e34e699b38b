import asyncio
import shutil

import pytest

from case_uploader.drafts import DraftStore
from case_uploader.errors import DataChanged, TrialsUnavailable
from case_uploader.format.case_folder import read_case_folder
from case_uploader.models import Base, ClaimRow
from case_uploader.steps import Passed, Published, Reading, Rejected, Storing, Trying
from services.contracts.errors import ServiceError
from services.contracts.feedback import CheckResult, Feedback, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.notebook import Place
from services.kit.migrations import differences
from tests.databases import ON_BOTH

pytestmark = ON_BOTH

APPROVED = Feedback(verdict=Verdict.APPROVED, headline="Fine.")


async def _empty(bench):
    return not await bench.clients["gateway"].published() and not await bench.objects()


async def test_the_tables_are_what_the_models_say(bench):
    assert await differences(bench.backends.database, "case_uploader", Base.metadata) == []


async def test_a_good_case_is_published_after_all_its_trials(bench, case_folder):
    steps = await bench.publish(case_folder)
    assert isinstance(steps[0], Reading)
    assert isinstance(steps[1], Storing)
    assert [step.what for step in steps if isinstance(step, Trying)] == [
        "reference",
        "starter of total-revenue",
        "starter of best-day",
        "variant variants/with-loops.ipynb",
        "flaw missing-counted-as-one",
        "flaw single-row-instead-of-day",
    ]
    published = steps[-1]
    assert isinstance(published, Published)
    assert (published.summary.number, published.fresh) == (1, True)
    assert await bench.clients["gateway"].published() == (published.summary,)


async def test_trials_are_the_whole_notebook_with_only_the_tried_answer_changed(bench, case_folder):
    await bench.publish(case_folder)
    reference, first_starter, second_starter, variant, flaw, _ = bench.feedback.trials[:6]
    sources = [{cell.id: cell.source for cell in trial.cells} for trial in bench.feedback.trials]
    assert reference.subtasks == variant.subtasks == ("total-revenue", "best-day")
    assert (first_starter.subtasks, flaw.subtasks) == (("total-revenue",), ("total-revenue",))
    assert "NotImplementedError" not in "".join(sources[0].values())
    assert "NotImplementedError" in sources[2]["best-day-answer"]
    # An earlier subtask's starter would hide that this one passes.
    assert sources[2]["total-revenue-answer"] == sources[0]["total-revenue-answer"]
    assert "fillna(1)" in sources[4]["total-revenue-answer"]
    assert "HIDDEN" not in "".join(sources[0].values())
    assert second_starter.version == reference.version


async def test_the_same_content_published_twice_is_one_version_and_not_tried_again(bench, case_folder):
    first = (await bench.publish(case_folder))[-1]
    tried = len(bench.feedback.trials)
    again = (await bench.publish(case_folder))[-1]
    assert again == first.model_copy(update={"fresh": False})
    assert len(bench.feedback.trials) == tried
    assert len(await bench.clients["gateway"].published()) == 1


async def test_the_same_content_published_at_once_is_one_version(bench, case_folder):
    ends = [steps[-1] for steps in await asyncio.gather(*(bench.publish(case_folder) for _ in range(4)))]
    assert {end.summary.version for end in ends} == {ends[0].summary.version}
    assert [end.summary.number for end in ends] == [1] * 4
    assert sorted(end.fresh for end in ends) == [False, False, False, True]


async def test_two_contents_published_at_once_are_numbers_1_and_2(bench, case_folder, retitle):
    other = case_folder.parent / "other"
    shutil.copytree(case_folder, other)
    retitle(other, "Another title")
    ends = [steps[-1] for steps in await asyncio.gather(bench.publish(case_folder), bench.publish(other))]
    assert sorted(end.summary.number for end in ends) == [1, 2]
    newest = max(ends, key=lambda end: end.summary.number)
    assert await bench.clients["gateway"].published() == (newest.summary,)


async def test_going_back_to_an_older_content_makes_it_the_newest(bench, case_folder, retitle):
    first = (await bench.publish(case_folder))[-1].summary
    before = (case_folder / "case.yaml").read_text()
    retitle(case_folder, "Another title")
    second = (await bench.publish(case_folder))[-1].summary
    (case_folder / "case.yaml").write_text(before)
    third = (await bench.publish(case_folder))[-1].summary
    assert (first.number, second.number, third.number) == (1, 2, 3)
    assert third.version == first.version
    assert (await bench.clients["gateway"].current("coffee-sales")).number == 3
    assert (await bench.clients["gateway"].learner(second.version)).number == 2


async def test_a_flaw_whose_words_nobody_would_hear_is_noted_and_stops_nothing(bench, case_folder):
    bench.feedback.forgets_words = True
    end = (await bench.publish(case_folder))[-1]
    assert isinstance(end, Published)
    assert [(p.rule, p.level, p.file) for p in end.notes] == [("flaw-words-unheard", "note", "flaws.yaml")] * 2


class TestRefusal:
    async def test_a_folder_with_errors_is_refused_before_anything_is_stored(self, bench, case_folder):
        (case_folder / "solution.ipynb").write_text("{")
        (case_folder / "flaws.yaml").write_text("5")
        end = (await bench.publish(case_folder))[-1]
        assert isinstance(end, Rejected)
        assert ("solution.ipynb", "not-json") in {(p.file, p.rule) for p in end.problems}
        assert not bench.feedback.trials
        assert await _empty(bench)

    @pytest.mark.parametrize(
        ("piece", "told", "rule", "file"),
        [
            ("earned.sum()", Feedback(verdict=Verdict.NEEDS_WORK, headline="No."), "reference-fails", "solution.ipynb"),
            ("NotImplementedError", APPROVED, "starter-passes", "solution.ipynb"),
            ("row.quantity", Feedback(verdict=Verdict.NEEDS_WORK, headline="No."), "variant-fails", "variants/"),
            ("fillna(1)", APPROVED, "flaw-passes", "flaws.yaml"),
            (
                "fillna(1)",
                Feedback(verdict=Verdict.COULD_NOT_JUDGE, fault="case", headline="No."),
                "could-not-judge",
                "flaws.yaml",
            ),
        ],
    )
    async def test_a_trial_that_comes_out_wrong_refuses_the_case(self, bench, case_folder, piece, told, rule, file):
        bench.feedback.verdicts[piece] = told
        end = (await bench.publish(case_folder))[-1]
        assert isinstance(end, Rejected)
        assert rule in {p.rule for p in end.problems if p.file.startswith(file)}
        assert await _empty(bench)

    async def test_all_trials_are_told_at_once(self, bench, case_folder):
        bench.feedback.verdicts |= {"NotImplementedError": APPROVED, "fillna(1)": APPROVED}
        end = (await bench.publish(case_folder))[-1]
        assert [p.rule for p in end.problems] == ["starter-passes", "starter-passes", "flaw-passes"]
        assert end.problems[2].cell == "missing-counted-as-one (total-revenue-answer)"

    async def test_the_message_names_cell_line_and_fact(self, bench, case_folder):
        place = Place(cell="best-day-answer", line=4)
        fact = Evidence(kind="exception", subject="KeyError", fact="KeyError: 'day'", place=place)
        finding = Finding(
            id="f", kind="exception", severity="error", subtask="best-day", message="m", place=place,
            evidence=(fact,), signature="s",
        )  # fmt: skip
        bench.feedback.verdicts["earned.sum()"] = Feedback(
            verdict=Verdict.NEEDS_WORK,
            headline="It stopped.",
            findings=(finding,),
            checks=(CheckResult(label="c", passed=False, hidden=True),),
        )
        problem = (await bench.publish(case_folder))[-1].problems[0]
        assert problem.cell == "best-day-answer, line 4"
        assert "It stopped; KeyError: 'day'" in problem.message

    async def test_a_published_version_stays_when_its_successor_is_refused(self, bench, case_folder, retitle):
        first = (await bench.publish(case_folder))[-1].summary
        objects = await bench.objects()
        retitle(case_folder, "Another title")
        bench.feedback.verdicts["NotImplementedError"] = APPROVED
        assert isinstance((await bench.publish(case_folder))[-1], Rejected)
        assert await bench.clients["gateway"].published() == (first,)
        assert await bench.objects() == objects

    @pytest.mark.parametrize(
        "failure",
        [
            ServiceError("feedback", 503, "service_unavailable", "feedback could not be reached"),
            Feedback(verdict=Verdict.COULD_NOT_JUDGE, fault="platform", headline="No sandbox."),
        ],
    )
    async def test_a_failing_platform_is_not_the_cases_fault_and_leaves_nothing(self, bench, case_folder, failure):
        if isinstance(failure, ServiceError):
            bench.feedback.error = failure
        else:
            bench.feedback.verdicts["earned"] = failure
        with pytest.raises(TrialsUnavailable, match="reference could not be judged"):
            await bench.publish(case_folder)
        assert await _empty(bench)

    async def test_a_reader_who_goes_away_in_the_middle_leaves_nothing(self, bench, case_folder):
        steps = bench.publisher.publish(case_folder)
        async for step in steps:
            if isinstance(step, Trying) and step.index == 3:
                break
        assert await bench.objects()
        await steps.aclose()
        assert await _empty(bench)

    async def test_one_who_fails_does_not_take_the_draft_from_one_who_succeeds(self, bench, case_folder):
        # Both try the same version; the first gives up while the second is still at it.
        bench.feedback.gate.clear()
        first = asyncio.create_task(bench.publish(case_folder))
        second = asyncio.create_task(bench.publish(case_folder))
        while len(bench.feedback.trials) < 2:
            await asyncio.sleep(0.005)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        bench.feedback.gate.set()
        assert isinstance((await second)[-1], Published)
        assert await bench.clients["gateway"].published()

    async def test_what_a_killed_process_left_is_swept_later(self, bench, case_folder, retitle):
        store = DraftStore(bench.backends.database, bench.backends.objects)
        left = await store.keep(read_case_folder(case_folder).draft)
        async with bench.backends.database.write() as session:
            claim = await session.get(ClaimRow, left.id)
            claim.claimed = claim.claimed.replace(year=2020)
        retitle(case_folder, "Another title")
        await bench.publish(case_folder)
        assert await store._objects.exists(left.version) is False
        async with bench.backends.database.read() as session:
            assert await session.get(ClaimRow, left.id) is None
        assert len(await bench.objects()) == 3  # two views and the data of the published version

    async def test_data_that_changes_while_it_is_stored_is_refused(self, bench, case_folder):
        draft = read_case_folder(case_folder).draft
        (case_folder / "data" / "sales.csv").write_text("day,product,price,quantity\n")
        with pytest.raises(DataChanged, match=r"data/sales\.csv"):
            await DraftStore(bench.backends.database, bench.backends.objects).keep(draft)
        assert await _empty(bench)


async def test_a_check_publishes_nothing_and_leaves_nothing(bench, case_folder):
    end = (await bench.check(case_folder))[-1]
    assert isinstance(end, Passed)
    assert (end.case, end.trials) == ("coffee-sales", 6)
    assert await _empty(bench)
