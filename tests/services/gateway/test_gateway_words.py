"""A model's words for a judged version: streamed, kept and only then told; the rules' words whenever that fails."""

import asyncio
from typing import Any

import pytest

from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.identity import Role
from services.gateway.settings import GatewaySettings
from services.kit.app import running
from tests.services.gateway.assistant_double import HEADLINE, SENTENCE
from tests.services.gateway.conftest import SECRET_FACT, patient_while

Fixture = Any
Answer = dict[str, Any]


async def until(condition: Fixture) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
def answered(check_of: Fixture, checked: Fixture) -> Fixture:
    """Check cells with this source; the body that asks for words, and the feedback as it was shown."""

    async def run(lab: Fixture, source: str) -> tuple[dict[str, str], Answer]:
        answer = (await checked(lab, check_of(source)))[-1][1]
        return {"submission": answer["submission"]}, answer["feedback"]

    return run


def counted(world: Fixture, name: str, **labels: str) -> float:
    return world.gateway.state.metrics.registry.get_sample_value(f"caseloop_lab_{name}_total", labels) or 0


class TestTheWayOfWords:
    async def test_streamed_kept_and_told(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture
    ) -> None:
        body, before = await answered(lab, "wrong")
        events = await checked(lab, body, "/api/words")
        assert [name for name, _ in events] == ["words", "words", "worded"]
        assert (events[0][1]["text"], events[0][1]["finding"]) == (SENTENCE, "f1")
        after = events[-1][1]
        assert after["submission"] == body["submission"]
        assert (after["feedback"]["headline"], after["feedback"]["words_by"]) == (HEADLINE, "model")
        words = ("headline", "warnings", "remarks", "words_by")
        assert {k: v for k, v in after["feedback"].items() if k not in words} == {
            k: v for k, v in before.items() if k not in words
        }
        kept = await world.progress.version(body["submission"], world.scope())
        assert kept.feedback.headline == HEADLINE
        assert counted(world, "words", words_by="model") == 1

    async def test_they_are_in_progress_before_the_learner_has_them_all(
        self, world: Fixture, lab: Fixture, answered: Fixture, stream: Fixture
    ) -> None:
        body, _ = await answered(lab, "wrong")
        async with stream(lab, body, "/api/words") as events:
            async for name, _ in events:
                if name == "worded":
                    kept = await world.progress.version(body["submission"], world.scope())
                    assert kept.feedback.words_by == "model"

    async def test_feedback_hears_the_facts_and_the_learner_does_not(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture
    ) -> None:
        body, _ = await answered(lab, "wrong")
        events = await checked(lab, body, "/api/words")
        (request,) = world.judge.assistant.worded
        assert request.feedback.findings[0].evidence[0].fact == SECRET_FACT
        assert [cell.source for cell in request.cells] == ["# Mean", "wrong"]
        assert SECRET_FACT not in str(events)

    async def test_what_the_case_sets_comes_from_the_scope_token(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture
    ) -> None:
        body, _ = await answered(lab, "wrong")
        await checked(lab, body, "/api/words")
        (scope,) = world.judge.assistant.scopes
        assert (scope.user, scope.case, scope.subtask, scope.role) == ("ada", "numbers", "mean", Role.LEARNER)
        assert (scope.ai_mode, scope.strictness, scope.topics) == ("lead_and_reveal", "strict", ("statistics",))
        assert (scope.scope_mode, scope.languages) == ("strict", ("en", "de"))

    async def test_worded_once_for_all_time(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture
    ) -> None:
        body, _ = await answered(lab, "wrong")
        first = await checked(lab, body, "/api/words")
        again = await checked(world.lab(), body, "/api/words")
        assert again == [first[-1]]
        assert len(world.judge.assistant.worded) == 1

    @pytest.mark.parametrize("source", ["right", "unjudgeable"])
    async def test_only_what_needs_work_is_worded(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture, source: str
    ) -> None:
        body, before = await answered(lab, source)
        ((name, told),) = await checked(lab, body, "/api/words")
        assert (name, told["feedback"]) == ("worded", before)
        assert world.judge.assistant.worded == []

    async def test_a_version_without_a_verdict_is_refused(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        world.outage.away = lambda request: request.url.path == "/conclusions"
        await checked(lab, check_of("wrong"))
        world.outage.away = lambda _: False
        (row,) = (await lab.get("/api/history")).json()
        refused = await lab.post("/api/words", json={"submission": row["submission"]})
        assert (refused.status_code, refused.json()["error"]) == (409, "not_judged")
        assert "Press Check" in refused.json()["detail"]


class TestTheRulesWordsStay:
    @pytest.mark.parametrize(
        ("how", "reason"),
        [
            ("explode", "exploded"),
            ("snap", "service_unavailable"),
            ("mute", "unfinished"),
            ("garbled", "unreadable"),
        ],
    )
    async def test_when_wording_fails(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture, how: str, reason: str
    ) -> None:
        body, before = await answered(lab, f"wrong, {how}")
        events = await checked(lab, body, "/api/words")
        assert (events[-1][0], events[-1][1]["feedback"]) == ("worded", before)
        kept = await world.progress.version(body["submission"], world.scope())
        assert kept.feedback.words_by == "rules"
        assert counted(world, "words", words_by="rules") == 1
        assert counted(world, "words_failed", error=reason) == 1

    async def test_when_the_model_gave_something_away(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture
    ) -> None:
        body, before = await answered(lab, "wrong, leaky")
        events = await checked(lab, body, "/api/words")
        assert events[-1][1]["feedback"] == before
        assert "POST /rewordings" not in world.outage.calls
        assert counted(world, "words", words_by="rules") == 1

    async def test_when_they_cannot_be_kept(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture
    ) -> None:
        body, before = await answered(lab, "wrong")
        world.outage.away = lambda request: request.url.path == "/rewordings"
        events = await checked(lab, body, "/api/words")
        assert events[-1][1]["feedback"] == before
        assert counted(world, "words_failed", error="not_saved") == 1
        world.outage.away = lambda _: False
        assert (await checked(lab, body, "/api/words"))[-1][1]["feedback"]["words_by"] == "model"

    @patient_while(save_patience=30)
    async def test_a_short_outage_while_keeping_is_waited_out(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture
    ) -> None:
        body, _ = await answered(lab, "wrong")
        failures = iter([True, False])
        world.outage.away = lambda request: request.url.path == "/rewordings" and next(failures, False)
        assert (await checked(lab, body, "/api/words"))[-1][1]["feedback"]["words_by"] == "model"
        assert world.outage.calls.count("POST /rewordings") == 2


class TestTooLate:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(words_seconds=1, shutdown_grace=0.1)

    async def test_the_rules_words_are_told_in_time(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture
    ) -> None:
        body, before = await answered(lab, "wrong, dawdle")
        events = await checked(lab, body, "/api/words")
        assert [name for name, _ in events] == ["words", "worded"]
        assert events[-1][1]["feedback"] == before
        assert counted(world, "words_failed", error="late") == 1
        await until(lambda: world.judge.assistant.running == 0)


class TestWhoListens:
    async def test_two_browsers_that_ask_at_once_share_one_wording(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture
    ) -> None:
        body, _ = await answered(lab, "wrong, dawdle")
        tasks = [asyncio.create_task(checked(world.lab(), body, "/api/words")) for _ in range(5)]
        await until(lambda: world.judge.assistant.running == 1)
        late = asyncio.create_task(checked(world.lab(), body, "/api/words"))
        await until(lambda: counted(world, "words_joined") == 5)
        world.judge.assistant.release.set()
        all_events = await asyncio.gather(*tasks, late)
        assert all(events == all_events[0] for events in all_events)
        assert len(world.judge.assistant.worded) == 1

    async def test_words_are_finished_and_kept_for_a_learner_who_left(
        self, world: Fixture, lab: Fixture, answered: Fixture, stream: Fixture, checked: Fixture
    ) -> None:
        body, _ = await answered(lab, "wrong, dawdle")
        async with stream(lab, body, "/api/words") as events:
            assert (await anext(events))[0] == "words"
        world.judge.assistant.release.set()
        await until(lambda: world.gateway.state.service.wordings.under_way == 0)
        kept = await world.progress.version(body["submission"], world.scope())
        assert kept.feedback.words_by == "model"
        ((name, told),) = await checked(lab, body, "/api/words")
        assert (name, told["feedback"]["headline"]) == ("worded", HEADLINE)

    async def test_a_silent_model_is_covered_by_heartbeats(
        self, world: Fixture, lab: Fixture, answered: Fixture, stream: Fixture
    ) -> None:
        body, _ = await answered(lab, "wrong, dawdle")
        async with stream(lab, body, "/api/words") as events:
            seen = []
            async for name, _ in events:
                seen.append(name)
                if seen.count("comment") == 3:
                    world.judge.assistant.release.set()
        assert seen[0] == "words"
        assert seen[-1] == "worded"


class TestStopping:
    @patient_while(shutdown_grace=30)
    async def test_words_that_end_in_the_grace_are_kept(
        self, world: Fixture, lab: Fixture, answered: Fixture, stream: Fixture
    ) -> None:
        body, _ = await answered(lab, "wrong, dawdle")
        async with running(world.gateway), stream(lab, body, "/api/words") as events:
            await anext(events)
            asyncio.get_running_loop().call_later(0.05, world.judge.assistant.release.set)
        kept = await world.progress.version(body["submission"], world.scope())
        assert kept.feedback.words_by == "model"

    async def test_of_others_the_rules_words_stay_and_are_told(
        self, world: Fixture, lab: Fixture, answered: Fixture, stream: Fixture
    ) -> None:
        body, before = await answered(lab, "wrong, dawdle")
        async with stream(lab, body, "/api/words") as events:
            await anext(events)
            async with running(world.gateway):
                pass
            name, told = [event async for event in events if event[0] != "comment"][-1]
        assert (name, told["feedback"]) == ("worded", before)
        assert counted(world, "words_failed", error="shutting_down") == 1
        refused = await lab.post("/api/words", json=body)
        assert (refused.status_code, refused.json()["error"]) == (503, "shutting_down")


class TestWhoseWords:
    async def test_anothers_version_does_not_exist(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture
    ) -> None:
        body, _ = await answered(lab, "wrong")
        for other in (world.lab("eve", "mentors", "admins"), world.lab(case="other-case")):
            refused = await other.post("/api/words", json=body)
            assert refused.status_code in (403, 404)
            assert refused.json()["error"] in ("submission_not_found", "case_mismatch")
        assert world.judge.assistant.worded == []

    async def test_nor_while_it_is_being_worded(
        self, world: Fixture, lab: Fixture, answered: Fixture, stream: Fixture
    ) -> None:
        body, _ = await answered(lab, "wrong, dawdle")
        async with stream(lab, body, "/api/words") as events:
            await anext(events)
            refused = await world.lab("eve", "admins").post("/api/words", json=body)
        assert (refused.status_code, refused.json()["error"]) == (404, "submission_not_found")

    async def test_headers_and_bodies_change_nothing(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture
    ) -> None:
        body, _ = await answered(lab, "wrong")
        for extra in ({"subtask": "median"}, {"feedback": {"verdict": "approved"}}, {"ai_mode": "full"}):
            refused = await lab.post("/api/words", json=body | extra)
            assert (refused.status_code, refused.json()["error"]) == (422, "invalid_request")
        lab.headers[SCOPE_HEADER] = world.minter.mint(
            user="bob", role=Role.ADMIN, case="numbers", case_version="1" * 64, ai_mode="full"
        )
        lab.headers["X-Forwarded-User"] = "bob"
        assert (await checked(lab, body, "/api/words"))[-1][0] == "worded"
        (scope,) = world.judge.assistant.scopes
        assert (scope.user, scope.ai_mode) == ("ada", "lead_and_reveal")


class TestLimits:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(
            shutdown_grace=0.1, heartbeat=0.05, check_burst=50, request_burst=200,
            assists_per_second=0.001, assist_burst=3, assists_at_once=2,
        )  # fmt: skip

    async def test_words_have_a_rate_of_their_own(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture
    ) -> None:
        body, _ = await answered(lab, "wrong")
        for _ in range(3):
            await checked(lab, body, "/api/words")
        refused = await lab.post("/api/words", json=body)
        assert (refused.status_code, refused.json()["error"]) == (429, "too_many_requests")
        assert (await answered(lab, "still wrong"))[1]["verdict"] == "needs_work", "checks are not held up by it"
        others, _ = await answered(world.lab("bob"), "wrong")
        assert (await checked(world.lab("bob"), others, "/api/words"))[-1][0] == "worded"

    async def test_one_learner_waits_for_so_many_at_once(
        self, world: Fixture, lab: Fixture, answered: Fixture, checked: Fixture
    ) -> None:
        bodies = [(await answered(lab, f"wrong {n}, dawdle"))[0] for n in range(3)]
        tasks = [asyncio.create_task(checked(lab, body, "/api/words")) for body in bodies[:2]]
        await until(lambda: world.judge.assistant.running == 2)
        ((name, refusal),) = await checked(lab, bodies[2], "/api/words")
        assert (name, refusal["error"]) == ("error", "too_many_requests")
        world.judge.assistant.release.set()
        assert [events[-1][0] for events in await asyncio.gather(*tasks)] == ["worded", "worded"]
