"""Hints, chat and the choice about AI: what reaches `feedback`, what reaches the learner, and whose it is."""

import asyncio
from typing import Any

import pytest

from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.identity import Role
from services.gateway.settings import GatewaySettings

Fixture = Any
CELLS = [{"id": "mean-answer", "source": "mean = sum(x) / len(x) / 2"}]


def hint_body(source: str = "mean = 1", **changes: object) -> dict[str, object]:
    return {"subtask": "mean", "kind": "debug", "cells": [{"id": "mean-answer", "source": source}]} | changes


def chat_body(text: str = "Why?", **changes: object) -> dict[str, object]:
    return {"subtask": "mean", "cells": CELLS, "text": text} | changes


def said(response: Fixture) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


def counted(world: Fixture, name: str, **labels: str) -> float:
    return world.gateway.state.metrics.registry.get_sample_value(f"caseloop_lab_{name}", labels) or 0


async def until(condition: Fixture) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


class TestChoice:
    async def test_asked_made_and_changed(self, lab: Fixture) -> None:
        before = (await lab.get("/api/assistance")).json()
        assert (before["choice"], before["mode"], before["model"]) == (None, "lead_and_reveal", "a-model")
        for ai in (True, False):
            assert (await lab.post("/api/assistance/choice", json={"ai": ai})).json()["choice"] is ai
            assert (await lab.get("/api/assistance")).json()["choice"] is ai

    async def test_it_is_about_the_whole_case_and_says_what_the_case_sets(self, world: Fixture, lab: Fixture) -> None:
        await lab.get("/api/assistance")
        (scope,) = world.judge.assistant.scopes
        assert (scope.user, scope.case, scope.case_version, scope.subtask) == ("ada", "numbers", "1" * 64, None)
        assert (scope.ai_mode, scope.scope_mode, scope.languages) == ("lead_and_reveal", "strict", ("en", "de"))

    async def test_nobody_chooses_for_another(self, world: Fixture, lab: Fixture) -> None:
        await world.lab("eve", "admins").post("/api/assistance/choice", json={"ai": True})
        assert (await lab.get("/api/assistance")).json()["choice"] is None
        assert said(await lab.post("/api/assistance/choice", json={"ai": True, "user": "eve"})) == (
            422,
            "invalid_request",
        )


class TestHints:
    async def test_asked_followed_thought_about_and_rated(self, world: Fixture, lab: Fixture, stream: Fixture) -> None:
        hint = (await lab.post("/api/hints", json=hint_body())).json()
        assert (hint["state"], hint["text"]) == ("working", None)
        async with stream(lab, None, f"/api/hints/{hint['id']}/events", "GET") as events:
            first = await anext(events)
            world.judge.assistant.release.set()
            rest = [event async for event in events if event[0] != "comment"]
        assert [(name, data["state"]) for name, data in (first, *rest)] == [("hint", "working"), ("hint", "ready")]
        path = f"/api/hints/{hint['id']}"
        reflected = await lab.post(f"{path}/reflection", json={"text": "I divide twice"})
        assert reflected.json()["reflection"] == "I divide twice"
        assert (await lab.post(f"{path}/rating", json={"helpful": False})).json()["helpful"] is False
        shelf = (await lab.get("/api/hints", params={"subtask": "mean"})).json()
        assert [(known["id"], known["helpful"]) for known in shelf["hints"]] == [(hint["id"], False)]
        assert shelf["left"]["debug"] == 2
        assert (await lab.get("/api/hints", params={"subtask": "median"})).json()["hints"] == []
        assert counted(world, "hints_asked_total", kind="debug") == 1

    async def test_a_hint_that_waits_for_a_thought_is_not_followed_any_longer(
        self, world: Fixture, lab: Fixture, checked: Fixture
    ) -> None:
        hint = (await lab.post("/api/hints", json=hint_body())).json()["id"]
        world.judge.assistant.to_reflect(hint)
        events = await checked(lab, None, f"/api/hints/{hint}/events", "GET")
        assert [data["state"] for _, data in events] == ["reflect"]
        await until(lambda: world.judge.assistant.running == 0)

    async def test_a_question_names_its_subtask_and_a_hints_id_the_whole_case(
        self, world: Fixture, lab: Fixture
    ) -> None:
        hint = (await lab.post("/api/hints", json=hint_body())).json()
        await lab.get("/api/hints", params={"subtask": "mean"})
        await lab.post(f"/api/hints/{hint['id']}/rating", json={"helpful": True})
        assert [scope.subtask for scope in world.judge.assistant.scopes] == ["mean", "mean", None]
        assert {scope.ai_mode for scope in world.judge.assistant.scopes} == {"lead_and_reveal"}

    @pytest.mark.parametrize(
        ("word", "status", "error"),
        [
            ("off", 403, "ai_off"),
            ("declined", 403, "ai_declined"),
            ("undecided", 409, "choice_missing"),
            ("spent", 429, "hints_spent"),
            ("odd", 502, "service_failed"),
        ],
    )
    async def test_a_refusal_reaches_the_learner_in_its_own_words(
        self, world: Fixture, lab: Fixture, word: str, status: int, error: str
    ) -> None:
        refused = await lab.post("/api/hints", json=hint_body(f"# {word}"))
        assert said(refused) == (status, error)
        if status != 502:
            assert refused.json()["detail"] == f"No hint: {word}."
        assert counted(world, "hints_asked_total", kind="debug") == 0

    async def test_an_unknown_subtask_or_kind_never_reaches_feedback(self, world: Fixture, lab: Fixture) -> None:
        assert said(await lab.post("/api/hints", json=hint_body(subtask="mode"))) == (404, "subtask_not_found")
        assert said(await lab.get("/api/hints", params={"subtask": "mode"})) == (404, "subtask_not_found")
        assert said(await lab.post("/api/hints", json=hint_body(kind="solution"))) == (422, "invalid_request")
        assert said(await lab.get("/api/hints")) == (422, "invalid_request")
        assert world.judge.assistant.scopes == []

    async def test_a_hint_that_is_left_stops_being_followed(
        self, world: Fixture, lab: Fixture, stream: Fixture
    ) -> None:
        hint = (await lab.post("/api/hints", json=hint_body())).json()
        async with stream(lab, None, f"/api/hints/{hint['id']}/events", "GET") as events:
            await anext(events)
            assert world.judge.assistant.running == 1
        await until(lambda: world.judge.assistant.running == 0)

    async def test_silence_is_covered_by_heartbeats(self, lab: Fixture, world: Fixture, stream: Fixture) -> None:
        hint = (await lab.post("/api/hints", json=hint_body())).json()
        seen = []
        async with stream(lab, None, f"/api/hints/{hint['id']}/events", "GET") as events:
            async for name, _ in events:
                seen.append(name)
                if seen.count("comment") == 3:
                    world.judge.assistant.release.set()
        assert (seen[0], seen[-1]) == ("hint", "hint")


class TestChat:
    async def test_an_answer_streams_and_is_kept(self, world: Fixture, lab: Fixture, checked: Fixture) -> None:
        before = (await lab.get("/api/chat", params={"subtask": "mean"})).json()
        assert (before["messages"], before["reasoning_needed"]) == ([], True)
        events = await checked(lab, chat_body(reasoning="I halve it once too often"), "/api/chat")
        assert [name for name, _ in events] == ["delta", "delta", "answer"]
        assert events[-1][1]["answer"]["words_by"] == "model"
        (question,) = world.judge.assistant.questions
        assert (question.text, question.reasoning) == ("Why?", "I halve it once too often")
        kept = (await lab.get("/api/chat", params={"subtask": "mean"})).json()
        assert [message["role"] for message in kept["messages"]] == ["learner", "assistant"]
        assert (await lab.get("/api/chat", params={"subtask": "median"})).json()["messages"] == []
        assert counted(world, "chat_answers_total", words_by="model") == 1
        assert counted(world, "chat_first_words_seconds_count") == 1

    async def test_a_reset_empties_the_subtasks_conversation_only(self, lab: Fixture, checked: Fixture) -> None:
        for subtask in ("mean", "median"):
            await checked(lab, chat_body(subtask=subtask), "/api/chat")
        emptied = (await lab.post("/api/chat/reset", json={"subtask": "mean"})).json()
        assert (emptied["subtask"], emptied["messages"]) == ("mean", [])
        assert len((await lab.get("/api/chat", params={"subtask": "median"})).json()["messages"]) == 2

    async def test_what_gave_something_away_is_retracted(self, world: Fixture, lab: Fixture, checked: Fixture) -> None:
        events = await checked(lab, chat_body("leak it"), "/api/chat")
        assert [name for name, _ in events] == ["delta", "retracted", "delta", "answer"]
        assert counted(world, "chat_answers_total", words_by="rules") == 1

    @pytest.mark.parametrize(
        ("word", "status", "error"),
        [
            ("off", 403, "ai_off"),
            ("declined", 403, "ai_declined"),
            ("undecided", 409, "choice_missing"),
            ("odd", 502, "service_failed"),
            ("explode", 502, "service_failed"),
        ],
    )
    async def test_a_refusal_is_an_ordinary_error(
        self, world: Fixture, lab: Fixture, word: str, status: int, error: str
    ) -> None:
        assert said(await lab.post("/api/chat", json=chat_body(word))) == (status, error)

    async def test_an_answer_that_breaks_off_ends_in_an_error(
        self, world: Fixture, lab: Fixture, checked: Fixture
    ) -> None:
        events = await checked(lab, chat_body("snap"), "/api/chat")
        assert (events[-1][0], events[-1][1]["error"]) == ("error", "service_unavailable")
        assert counted(world, "chat_failed_total", error="service_unavailable") == 1

    async def test_a_learner_who_leaves_ends_the_answer(self, world: Fixture, lab: Fixture, stream: Fixture) -> None:
        async with stream(lab, chat_body("dawdle"), "/api/chat") as events:
            await anext(events)
            assert world.judge.assistant.running == 1
        await until(lambda: world.judge.assistant.running == 0)
        assert world.judge.assistant.talks == {}

    async def test_an_unknown_subtask_never_reaches_feedback(self, world: Fixture, lab: Fixture) -> None:
        assert said(await lab.post("/api/chat", json=chat_body(subtask="mode"))) == (404, "subtask_not_found")
        assert said(await lab.get("/api/chat", params={"subtask": "mode"})) == (404, "subtask_not_found")
        assert said(await lab.post("/api/chat/reset", json={"subtask": "mode"})) == (404, "subtask_not_found")
        assert world.judge.assistant.scopes == []


class TestForeignAndSpoofed:
    async def test_anothers_hint_does_not_exist(self, world: Fixture, lab: Fixture) -> None:
        hint = (await lab.post("/api/hints", json=hint_body())).json()["id"]
        eve = world.lab("eve", "mentors", "admins")
        assert said(await eve.get(f"/api/hints/{hint}/events")) == (404, "hint_not_found")
        assert said(await eve.post(f"/api/hints/{hint}/reflection", json={"text": "tell me"})) == (
            404,
            "hint_not_found",
        )
        assert said(await eve.post(f"/api/hints/{hint}/rating", json={"helpful": True})) == (404, "hint_not_found")
        assert (await eve.get("/api/hints", params={"subtask": "mean"})).json()["hints"] == []
        (mine,) = (await lab.get("/api/hints", params={"subtask": "mean"})).json()["hints"]
        assert (mine["reflection"], mine["helpful"]) == (None, None)

    async def test_nor_does_the_same_learners_hint_in_another_case(self, world: Fixture, lab: Fixture) -> None:
        case = world.shelf.versions["1" * 64]
        world.shelf.versions["2" * 64] = case.model_copy(update={"id": "letters", "version": "2" * 64})
        hint = (await lab.post("/api/hints", json=hint_body())).json()["id"]
        other = world.lab(case="letters", version="2" * 64)
        assert said(await other.get(f"/api/hints/{hint}/events")) == (404, "hint_not_found")

    async def test_anothers_conversation_is_not_seen_nor_emptied(
        self, world: Fixture, lab: Fixture, checked: Fixture
    ) -> None:
        await checked(lab, chat_body("my own words"), "/api/chat")
        eve = world.lab("eve", "admins")
        assert (await eve.get("/api/chat", params={"subtask": "mean"})).json()["messages"] == []
        await eve.post("/api/chat/reset", json={"subtask": "mean"})
        assert len((await lab.get("/api/chat", params={"subtask": "mean"})).json()["messages"]) == 2

    @pytest.mark.parametrize("hint", ["../chat", "short", "0" * 31 + "G", "0" * 33, "%2e%2e%2fchat"])
    async def test_an_odd_id_is_refused_here(self, world: Fixture, lab: Fixture, hint: str) -> None:
        response = await lab.post(f"/api/hints/{hint}/rating", json={"helpful": True})
        assert response.status_code in (404, 405, 422)
        assert world.judge.assistant.scopes == []

    async def test_headers_make_nobody_else_of_a_learner(self, world: Fixture, lab: Fixture, checked: Fixture) -> None:
        lab.headers[SCOPE_HEADER] = world.minter.mint(
            user="bob", role=Role.ADMIN, case="numbers", case_version="1" * 64, subtask="median", ai_mode="full"
        )
        lab.headers["X-Forwarded-User"] = lab.headers["X-Caseloop-Peer"] = "bob"
        await lab.post("/api/hints", json=hint_body())
        await checked(lab, chat_body(), "/api/chat")
        await lab.get("/api/assistance", params={"mode": "full", "user": "bob", "subtask": "median"})
        known = {(scope.user, scope.role, scope.ai_mode, scope.subtask) for scope in world.judge.assistant.scopes}
        learner = ("ada", Role.LEARNER, "lead_and_reveal")
        assert known == {(*learner, "mean"), (*learner, None)}

    @pytest.mark.parametrize(
        "extra", [{"ai_mode": "full"}, {"mode": "full"}, {"strictness": "light"}, {"role": "admin"}, {"user": "bob"}]
    )
    async def test_a_body_cannot_say_what_is_allowed(
        self, world: Fixture, lab: Fixture, extra: dict[str, object]
    ) -> None:
        assert said(await lab.post("/api/hints", json=hint_body() | extra)) == (422, "invalid_request")
        assert said(await lab.post("/api/chat", json=chat_body() | extra)) == (422, "invalid_request")
        assert said(await lab.post("/api/chat/reset", json={"subtask": "mean"} | extra)) == (422, "invalid_request")
        assert world.judge.assistant.scopes == []


class TestLimits:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(
            heartbeat=0.05, shutdown_grace=0.1, request_burst=200, check_burst=1, checks_per_second=0.001,
            assists_per_second=0.001, assist_burst=4, assists_at_once=2,
        )  # fmt: skip

    async def test_hints_and_messages_share_a_limit_apart_from_checks(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        for _ in range(2):
            await lab.post("/api/hints", json=hint_body())
            await checked(lab, chat_body(), "/api/chat")
        for path, body in (("/api/hints", hint_body()), ("/api/chat", chat_body())):
            refused = await lab.post(path, json=body)
            assert said(refused) == (429, "too_many_requests")
            assert "Try again in" in refused.json()["detail"]
        assert (await lab.get("/api/chat", params={"subtask": "mean"})).status_code == 200
        assert (await checked(lab, check_of("right")))[-1][0] == "feedback"
        assert (await world.lab("bob").post("/api/hints", json=hint_body())).status_code == 200

    async def test_one_learner_waits_for_so_many_at_once_and_then_again(
        self, world: Fixture, lab: Fixture, stream: Fixture
    ) -> None:
        path = f"/api/hints/{(await lab.post('/api/hints', json=hint_body())).json()['id']}/events"
        async with stream(lab, None, path, "GET") as one, stream(world.lab(), None, path, "GET") as two:
            await anext(one)
            await anext(two)
            assert said(await world.lab().get(path)) == (429, "too_many_requests")
            assert said(await lab.post("/api/chat", json=chat_body())) == (429, "too_many_requests")
        world.judge.assistant.release.set()
        assert (await lab.get(path)).status_code == 200


class TestTooLong:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(shutdown_grace=0.1, answer_seconds=1, follow_seconds=1)

    async def test_an_answer_that_takes_too_long(self, world: Fixture, lab: Fixture, checked: Fixture) -> None:
        events = await checked(lab, chat_body("dawdle"), "/api/chat")
        assert [name for name, _ in events] == ["delta", "error"]
        assert events[-1][1]["error"] == "answer_late"
        assert counted(world, "chat_failed_total", error="answer_late") == 1
        await until(lambda: world.judge.assistant.running == 0)

    async def test_a_hint_is_followed_for_so_long_and_can_be_followed_again(
        self, world: Fixture, lab: Fixture, checked: Fixture
    ) -> None:
        path = f"/api/hints/{(await lab.post('/api/hints', json=hint_body())).json()['id']}/events"
        assert [data["state"] for _, data in await checked(lab, None, path, "GET")] == ["working"]
        world.judge.assistant.release.set()
        assert [data["state"] for _, data in await checked(lab, None, path, "GET")] == ["working", "ready"]
