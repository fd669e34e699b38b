"""A model's words replace those of the rules, once, and nothing else of a submission."""

import asyncio
from typing import Any

import pytest

from services.contracts.clients.progress import ProgressClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import CheckResult, Feedback, LocalizedWarning, Verdict
from services.contracts.finding import Evidence, Finding, Hint
from services.contracts.notebook import Place
from services.contracts.progress import Conclude
from services.contracts.words import Reword, Words
from services.kit.http import in_process_client

Fixture = Any
"""Fixtures of this folder's conftest, which tests cannot import."""

HERE = Place(cell="answer", line=1, end_line=3)
WORDS = Words(
    headline="The mean is taken of other numbers than the step means.",
    warnings=(LocalizedWarning(place=HERE, message="This mean counts rows that are not there.", finding="1-mean"),),
    remarks=("A mean over the wrong rows misleads everybody who reads the report.",),
    words_by="model",
)


def finding(id_: str, place: Place | None) -> Finding:
    return Finding(
        id=id_,
        kind="value",
        severity="error",
        subtask="mean",
        message="`mean` is not what this step leads to.",
        place=place,
        evidence=(Evidence(kind="value", subject="mean", fact="mean: 3.5 is not 4.25", aspect="numbers", place=place),),
        ladder=(Hint(step="consequence", text="`mean` is not what this step leads to."),),
        signature="mean|value|mean|numbers",
        confidence=0.7,
        mentor="Have a look at the rows.",
    )


JUDGED = Feedback(
    verdict=Verdict.NEEDS_WORK,
    fault="learner",
    headline="1 of 2 checks do not hold yet.",
    warnings=(
        LocalizedWarning(place=HERE, message="`mean` is not what this step leads to.", finding="1-mean"),
        LocalizedWarning(place=Place(cell="answer", line=4, end_line=8), message="Long.", finding="3-long"),
    ),
    remarks=("It is not what this step leads to.",),
    findings=(
        finding("1-mean", HERE),
        finding("2-nowhere", None),
        finding("3-long", Place(cell="answer", line=4, end_line=40)),
    ),
    checks=(CheckResult(label="Hidden check", passed=False, hidden=True, points=1.5, earned=0),),
    points=1.25,
    max_points=4,
    repairs=("A locked cell was put back.",),
    wall_ms=12.345,
)
APART = {"headline", "warnings", "remarks", "words_by"}


@pytest.fixture
async def judged(desk: Fixture, submit_of: Fixture) -> str:
    """Id of a submission of Ada's that needs work."""
    return await concluded(desk, submit_of("x = 1"), JUDGED)


async def concluded(desk: Fixture, submit: Fixture, feedback: Feedback) -> str:
    recorded = await desk.client.submit(submit, desk.scope())
    await desk.client.conclude(Conclude(submission=recorded.submission, feedback=feedback), desk.scope())
    return str(recorded.submission)


async def kept(desk: Fixture, submission: str) -> Feedback:
    feedback = (await desk.client.version(submission, desk.scope())).feedback
    assert isinstance(feedback, Feedback)
    return feedback


async def refusal(desk: Fixture, submission: str, words: Words, **scope: str) -> tuple[int, str]:
    with pytest.raises(ServiceError) as refused:
        await desk.client.reword(Reword(submission=submission, words=words), desk.scope(**scope))
    return refused.value.status, refused.value.error


class TestReword:
    async def test_the_words_are_kept_and_returned(self, desk: Fixture, judged: str) -> None:
        feedback = await desk.client.reword(Reword(submission=judged, words=WORDS), desk.scope(subtask="mean"))
        assert (feedback.headline, feedback.warnings, feedback.remarks) == (
            WORDS.headline,
            WORDS.warnings,
            WORDS.remarks,
        )
        assert feedback.words_by == "model"
        assert await kept(desk, judged) == feedback
        (summary,) = await desk.client.history(desk.scope())
        assert summary.headline == WORDS.headline

    async def test_nothing_else_changes_by_a_bit(self, desk: Fixture, judged: str) -> None:
        before, standing = await kept(desk, judged), await desk.client.progress(desk.scope())
        version = await desk.client.version(judged, desk.scope())
        await desk.client.reword(Reword(submission=judged, words=WORDS), desk.scope())
        after = await kept(desk, judged)
        assert after.model_dump_json(exclude=APART) == before.model_dump_json(exclude=APART)
        assert await desk.client.progress(desk.scope()) == standing
        unlike = {"feedback", "headline"}
        again = await desk.client.version(judged, desk.scope())
        assert again.model_dump_json(exclude=unlike) == version.model_dump_json(exclude=unlike)

    async def test_the_same_again_is_fine_and_other_words_do_not_replace_them(self, desk: Fixture, judged: str) -> None:
        first = await desk.client.reword(Reword(submission=judged, words=WORDS), desk.scope())
        assert await desk.client.reword(Reword(submission=judged, words=WORDS), desk.scope()) == first
        other = WORDS.model_copy(update={"headline": "Something else."})
        assert await desk.client.reword(Reword(submission=judged, words=other), desk.scope()) == first
        assert await kept(desk, judged) == first

    async def test_of_many_at_once_one_set_of_words_stays(self, desk: Fixture, judged: str) -> None:
        many = [WORDS.model_copy(update={"headline": f"Words {n}."}) for n in range(20)]
        told = await asyncio.gather(
            *(desk.client.reword(Reword(submission=judged, words=w), desk.scope()) for w in many)
        )
        assert {f.headline for f in told} == {(await kept(desk, judged)).headline}

    async def test_a_warning_may_mark_what_the_rules_marked(self, desk: Fixture, judged: str) -> None:
        shorter = LocalizedWarning(place=Place(cell="answer", line=4, end_line=8), message="Long.", finding="3-long")
        words = WORDS.model_copy(update={"warnings": (shorter,)})
        feedback = await desk.client.reword(Reword(submission=judged, words=words), desk.scope())
        assert feedback.warnings == (shorter,)

    async def test_checking_the_same_cells_again_tells_the_models_words(
        self, desk: Fixture, judged: str, submit_of: Fixture
    ) -> None:
        feedback = await desk.client.reword(Reword(submission=judged, words=WORDS), desk.scope())
        assert (await desk.client.submit(submit_of("x = 1"), desk.scope())).feedback == feedback
        await desk.client.conclude(Conclude(submission=judged, feedback=JUDGED), desk.scope())
        assert await kept(desk, judged) == feedback


class TestRefused:
    @pytest.mark.parametrize("verdict", [Verdict.APPROVED, Verdict.COULD_NOT_JUDGE])
    async def test_what_needs_no_work(self, desk: Fixture, submit_of: Fixture, verdict: Verdict) -> None:
        feedback = JUDGED.model_copy(update={"verdict": verdict})
        submission = await concluded(desk, submit_of("x = 2"), feedback)
        assert await refusal(desk, submission, WORDS) == (409, "not_reworded")
        assert await kept(desk, submission) == feedback

    async def test_what_was_never_judged(self, desk: Fixture, submit_of: Fixture) -> None:
        recorded = await desk.client.submit(submit_of("x = 3"), desk.scope())
        assert await refusal(desk, recorded.submission, WORDS) == (409, "not_reworded")

    @pytest.mark.parametrize("words_by", ["rules", "mentor"])
    async def test_words_that_are_not_a_models(self, desk: Fixture, judged: str, words_by: str) -> None:
        words = WORDS.model_copy(update={"words_by": words_by})
        assert await refusal(desk, judged, words) == (409, "not_reworded")
        assert await kept(desk, judged) == JUDGED

    @pytest.mark.parametrize(
        ("finding_id", "place"),
        [
            ("9-invented", HERE),
            ("1-mean", Place(cell="answer", line=2, end_line=3)),
            ("1-mean", Place(cell="another", line=1, end_line=3)),
            ("1-mean", Place(cell="answer")),
            ("2-nowhere", HERE),
        ],
    )
    async def test_warnings_without_their_finding_or_away_from_it(
        self, desk: Fixture, judged: str, finding_id: str, place: Place
    ) -> None:
        stray = LocalizedWarning(place=place, message="Look here.", finding=finding_id)
        words = WORDS.model_copy(update={"warnings": (*WORDS.warnings, stray)})
        assert await refusal(desk, judged, words) == (422, "words_out_of_place")
        assert await kept(desk, judged) == JUDGED

    @pytest.mark.parametrize("scope", [{"user": "eve"}, {"case": "another-case"}, {"version": "2" * 64}])
    async def test_what_is_somebody_elses_or_of_another_version(
        self, desk: Fixture, judged: str, scope: dict[str, str]
    ) -> None:
        assert await refusal(desk, judged, WORDS, **scope) == (404, "submission_not_found")
        assert await kept(desk, judged) == JUDGED

    async def test_a_scope_of_another_subtask(self, desk: Fixture, judged: str) -> None:
        assert await refusal(desk, judged, WORDS, subtask="median") == (403, "outside_scope")

    async def test_a_verdict_that_came_along(self, desk: Fixture, judged: str) -> None:
        """Nothing but words is accepted at all."""
        body = Reword(submission=judged, words=WORDS).model_dump(mode="json")
        body["words"]["verdict"] = "approved"
        async with in_process_client(desk.app, "gateway") as http:
            answer = await http.post("/rewordings", json=body, headers={"Caseloop-Scope": desk.scope()})
        assert answer.status_code == 422
        assert await kept(desk, judged) == JUDGED

    @pytest.mark.parametrize("peer", ["hub", "feedback", "learner"])
    async def test_anybody_but_the_gateway(self, desk: Fixture, judged: str, peer: str) -> None:
        async with in_process_client(desk.app, peer) as http:
            with pytest.raises(ServiceError) as refused:
                await ProgressClient(http).reword(Reword(submission=judged, words=WORDS), desk.scope())
        assert refused.value.status == 403
        assert await kept(desk, judged) == JUDGED
