import asyncio
from typing import Any

import httpx
import pytest

from services.contracts.case import LearnerCase
from services.contracts.feedback import Verdict
from services.contracts.progress import SubtaskState
from services.kit.app import running
from tests.services.gateway.conftest import patient_while

Fixture = Any


def names(events: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [data["name"] if name == "stage" else name for name, data in events]


async def until(condition: Fixture) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


class TestTheWayOfACheck:
    async def test_recorded_judged_saved_and_only_then_shown(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        events = await checked(lab, check_of("right"))
        assert names(events) == ["recorded", "restoring", "running", "comparing", "saving", "feedback"]
        answer = events[-1][1]
        assert (answer["number"], answer["repeated"]) == (1, False)
        assert answer["feedback"]["verdict"] == Verdict.APPROVED
        assert answer["progress"]["state"] == SubtaskState.APPROVED
        assert (await world.progress.version(answer["submission"], world.scope())).verdict is Verdict.APPROVED

    async def test_the_verdict_is_in_progress_before_the_learner_sees_it(
        self, world: Fixture, lab: Fixture, check_of: Fixture, stream: Fixture
    ) -> None:
        async with stream(lab, check_of("right")) as events:
            async for name, data in events:
                if name == "feedback":
                    known = await world.progress.version(data["submission"], world.scope())
                    assert known.feedback is not None
                    return
        pytest.fail("no feedback came")

    async def test_the_learner_never_sees_the_facts_behind_a_finding(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        first = await checked(lab, check_of("wrong"))
        again = await checked(lab, check_of("wrong"))
        submission = first[-1][1]["submission"]
        restored = (await lab.get(f"/api/history/{submission}")).text
        assert "expected 42" not in f"{first} {again} {restored}"
        kept = await world.progress.version(submission, world.scope())
        assert kept.feedback.findings[0].evidence[0].fact == "expected 42"

    async def test_the_same_code_again_is_answered_at_once(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        first = await checked(lab, check_of("wrong"))
        again = await checked(lab, check_of("wrong"))
        assert names(again) == ["recorded", "feedback"]
        assert again[-1][1]["repeated"] is True
        assert again[-1][1]["feedback"] == first[-1][1]["feedback"]
        assert again[-1][1]["progress"]["attempts"] == 1
        assert len(world.judge.requests) == 1

    async def test_inner_services_hear_who_and_what_from_a_scope_token(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        await checked(lab, check_of("wrong"))
        (scope,) = world.judge.scopes
        assert (scope.user, scope.case, scope.case_version, scope.subtask) == ("ada", "numbers", "1" * 64, "mean")
        assert (scope.role, scope.ai_mode, scope.strictness, scope.topics) == (
            "learner",
            "lead_and_reveal",
            "strict",
            ("statistics",),
        )

    async def test_an_unknown_subtask_is_refused_with_the_known_ones(self, lab: Fixture, check_of: Fixture) -> None:
        response = await lab.post("/api/check", json=check_of("right", subtask="mode"))
        assert (response.status_code, response.json()["error"]) == (404, "subtask_not_found")
        assert "mean, median" in response.json()["detail"]

    async def test_a_silent_judge_is_covered_by_heartbeats(
        self, world: Fixture, lab: Fixture, check_of: Fixture, stream: Fixture
    ) -> None:
        async with stream(lab, check_of("hang right")) as events:
            seen = [name async for name, _ in _until_comment(events, 3)]
            world.judge.release.set()
            seen += [name async for name, _ in events]
        assert seen.count("comment") >= 3
        assert seen[-1] == "feedback"


async def _until_comment(events: Fixture, many: int) -> Fixture:
    async for event in events:
        yield event
        many -= event[0] == "comment"
        if not many:
            return


class TestQuota:
    @pytest.fixture
    def limited(self, world: Fixture) -> LearnerCase:
        case = world.shelf.versions["1" * 64]
        limited = case.model_copy(update={"quotas": case.quotas.model_copy(update={"checks": 2})})
        world.shelf.versions["1" * 64] = limited
        return limited

    @pytest.mark.usefixtures("limited")
    async def test_a_spent_quota_is_an_error_event_and_old_answers_stay(
        self, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        assert (await checked(lab, check_of("wrong 1")))[-1][1]["progress"]["checks_left"] == 1
        assert (await checked(lab, check_of("wrong 2")))[-1][1]["progress"]["checks_left"] == 0
        events = await checked(lab, check_of("right"))
        assert names(events) == ["error"]
        assert events[0][1]["error"] == "quota_spent"
        assert set(events[0][1]) == {"error", "detail", "request_id"}
        assert (await checked(lab, check_of("wrong 1")))[-1][1]["repeated"] is True

    @pytest.mark.usefixtures("limited")
    async def test_fifty_checks_at_once_from_fifty_windows_do_not_pass_the_quota(
        self, world: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        labs = [world.lab() for _ in range(50)]
        all_events = await asyncio.gather(*(checked(lab, check_of(f"wrong {n}")) for n, lab in enumerate(labs)))
        ends = [events[-1][1].get("error", "feedback") for events in all_events]
        assert ends.count("feedback") <= 2
        assert set(ends) <= {"feedback", "quota_spent", "superseded"}
        progress = await world.progress.progress(world.scope())
        assert progress.subtasks[0].attempts <= 2


class TestWhatGoesWrong:
    @pytest.mark.parametrize("how", ["refuse", "break", "silent"])
    async def test_a_failing_judge_costs_nothing(
        self, how: str, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        answer = (await checked(lab, check_of(how)))[-1][1]
        assert answer["feedback"]["verdict"] == Verdict.COULD_NOT_JUDGE
        assert answer["feedback"]["fault"] == "platform"
        assert "not your code's fault" in answer["feedback"]["headline"]
        assert (answer["progress"]["attempts"], answer["progress"]["state"]) == (0, SubtaskState.IN_PROGRESS)

    async def test_what_could_not_be_judged_is_judged_again(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        first = await checked(lab, check_of("unjudgeable"))
        second = await checked(lab, check_of("unjudgeable"))
        assert first[-1][1]["submission"] == second[-1][1]["submission"]
        assert second[-1][1]["repeated"] is False
        assert len(world.judge.requests) == 2

    async def test_without_progress_nothing_is_judged(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        world.outage.away = lambda _: True
        events = await checked(lab, check_of("right"))
        assert (names(events), events[0][1]["error"]) == (["error"], "service_unavailable")
        assert world.judge.requests == []

    @patient_while(save_patience=30)
    async def test_a_short_outage_while_saving_is_waited_out(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        failures = iter([True, False])
        world.outage.away = lambda request: request.url.path == "/conclusions" and next(failures, False)
        events = await checked(lab, check_of("right"))
        assert names(events)[-1] == "feedback"
        assert world.outage.calls.count("POST /conclusions") == 2

    async def test_a_verdict_that_cannot_be_saved_is_not_shown(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        world.outage.away = lambda request: request.url.path == "/conclusions"
        events = await checked(lab, check_of("right"))
        assert "feedback" not in names(events)
        assert events[-1][1]["error"] == "not_saved"
        world.outage.away = lambda _: False
        assert (await checked(lab, check_of("right")))[-1][1]["feedback"]["verdict"] == Verdict.APPROVED


class TestDisconnecting:
    async def test_a_check_goes_on_and_is_concluded(
        self, world: Fixture, lab: Fixture, check_of: Fixture, stream: Fixture, checked: Fixture
    ) -> None:
        async with stream(lab, check_of("hang right")) as events:
            await anext(events)
        await until(lambda: world.judge.running == 1)
        world.judge.release.set()
        desk = world.gateway.state.service.checks._desk
        await until(lambda: desk.under_way == 0)
        (version,) = await world.progress.history(world.scope())
        assert version.verdict is Verdict.APPROVED
        assert (await checked(lab, check_of("hang right")))[-1][1]["repeated"] is True

    async def test_coming_back_joins_the_check_under_way(
        self, world: Fixture, lab: Fixture, check_of: Fixture, stream: Fixture
    ) -> None:
        async with stream(lab, check_of("hang right")) as events:
            await anext(events)
        async with stream(world.lab(), check_of("hang right")) as events:
            first = await anext(events)
            world.judge.release.set()
            rest = [event async for event in events if event[0] != "comment"]
        assert first[1]["name"] == "recorded"
        assert rest[-1][0] == "feedback"
        assert len(world.judge.requests) == 1


class TestOneAtATime:
    async def test_the_same_code_twice_is_one_check_with_two_listeners(
        self, world: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        tasks = [asyncio.create_task(checked(world.lab(), check_of("hang right"))) for _ in range(5)]
        joined = world.gateway.state.metrics.registry.get_sample_value
        await until(lambda: joined("caseloop_checks_joined_total") == 4 and world.judge.running == 1)
        world.judge.release.set()
        all_events = await asyncio.gather(*tasks)
        assert all(events == all_events[0] for events in all_events)
        assert len(world.judge.requests) == 1

    async def test_other_code_waits_for_the_running_check(
        self, world: Fixture, check_of: Fixture, checked: Fixture, stream: Fixture
    ) -> None:
        first = asyncio.create_task(checked(world.lab(), check_of("hang right")))
        await until(lambda: world.judge.running == 1)
        async with stream(world.lab(), check_of("wrong")) as second:
            waiting = await anext(second)
            assert len(world.judge.requests) == 1
            world.judge.release.set()
            rest = [event async for event in second if event[0] != "comment"]
        assert names(await first)[-1] == "feedback"
        assert names([waiting, *rest])[:2] == ["waiting", "recorded"]
        assert world.judge.most_at_once == 1

    async def test_only_the_newest_waits_and_the_older_is_told(
        self, world: Fixture, check_of: Fixture, checked: Fixture, stream: Fixture
    ) -> None:
        running_ = asyncio.create_task(checked(world.lab(), check_of("hang right")))
        await until(lambda: world.judge.running == 1)
        async with stream(world.lab(), check_of("wrong 1")) as older:
            waiting = await anext(older)
            newer = asyncio.create_task(checked(world.lab(), check_of("wrong 2")))
            superseded = [waiting, *[event async for event in older if event[0] != "comment"]]
        assert (names(superseded), superseded[-1][1]["error"]) == (["waiting", "error"], "superseded")
        world.judge.release.set()
        await running_
        assert (await newer)[-1][1]["number"] == 2

    async def test_other_subtasks_and_other_learners_do_not_wait(
        self, world: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        held = asyncio.create_task(checked(world.lab(), check_of("hang right")))
        await until(lambda: world.judge.running == 1)
        other_subtask = await checked(world.lab(), check_of("wrong", subtask="median"))
        other_learner = await checked(world.lab("bob"), check_of("wrong"))
        assert names(other_subtask)[-1] == names(other_learner)[-1] == "feedback"
        world.judge.release.set()
        await held


class TestStopping:
    @patient_while(shutdown_grace=30)
    async def test_a_check_that_ends_in_the_grace_is_concluded(
        self, world: Fixture, lab: Fixture, check_of: Fixture, stream: Fixture
    ) -> None:
        async with running(world.gateway), stream(lab, check_of("hang right")) as events:
            await anext(events)
            asyncio.get_running_loop().call_later(0.05, world.judge.release.set)
        (version,) = await world.progress.history(world.scope())
        assert version.verdict is Verdict.APPROVED

    async def test_a_check_that_does_not_is_given_back(
        self, world: Fixture, lab: Fixture, check_of: Fixture, stream: Fixture, checked: Fixture
    ) -> None:
        async with running(world.gateway), stream(lab, check_of("hang right")) as events:
            await anext(events)
        (version,) = await world.progress.history(world.scope())
        assert (version.verdict, version.points) == (Verdict.COULD_NOT_JUDGE, 0)
        response = await lab.post("/api/check", json=check_of("right"))
        assert (response.status_code, response.json()["error"]) == (503, "shutting_down")


async def test_figures_about_checks(world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture) -> None:
    await checked(lab, check_of("right"))
    await checked(lab, check_of("right"))
    await checked(lab, check_of("refuse"))
    registry = world.gateway.state.metrics.registry
    assert registry.get_sample_value("caseloop_checks_total", {"case": "numbers", "verdict": "approved"}) == 1
    unjudged = {"case": "numbers", "verdict": "could_not_judge"}
    assert registry.get_sample_value("caseloop_checks_total", unjudged) == 1
    assert registry.get_sample_value("caseloop_checks_repeated_total") == 1
    assert registry.get_sample_value("caseloop_check_feedback_seconds_count") == 3
    assert registry.get_sample_value("caseloop_check_first_event_seconds_count") == 3


async def test_the_number_of_checks_at_once_is_bounded(
    world: Fixture, settings: Fixture, check_of: Fixture, checked: Fixture
) -> None:
    world.gateway.state.service.checks._desk._at_once = 2
    held = [asyncio.create_task(checked(world.lab(user), check_of("hang right"))) for user in ("ada", "bob")]
    await until(lambda: world.judge.running == 2)
    response: httpx.Response = await world.lab("eve").post("/api/check", json=check_of("right"))
    assert (response.status_code, response.json()["error"]) == (503, "busy")
    world.judge.release.set()
    await asyncio.gather(*held)
