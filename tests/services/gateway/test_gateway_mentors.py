"""When a mentor is offered, what a mentor is told, and that all of it is the learner's own."""

import json
from typing import Any

import httpx
import pytest

from services.contracts.escalation import AnswerEscalation
from tests.services.gateway.conftest import SECRET_FACT

Fixture = Any


def error_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


@pytest.fixture
def check(check_of: Fixture, checked: Fixture) -> Fixture:
    """Check a source and return the feedback event's data."""

    async def run(lab: httpx.AsyncClient, source: str, subtask: str = "mean") -> dict[str, Any]:
        events = await checked(lab, check_of(source, subtask))
        return dict(events[-1][1])

    return run


async def offer(lab: httpx.AsyncClient, subtask: str = "mean") -> dict[str, Any]:
    answer = await lab.get("/api/escalations/offer", params={"subtask": subtask})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def fail_thrice(lab: httpx.AsyncClient, check: Fixture, remark: str = "") -> str:
    """Three versions with the same mistake; the newest one's id."""
    for number in range(3):
        last = await check(lab, f"mean = {number}{remark}")
    return str(last["submission"])


async def unhelpful_hint(lab: httpx.AsyncClient) -> None:
    cells = [{"id": "mean-answer", "source": "mean = 1"}]
    hint = (await lab.post("/api/hints", json={"subtask": "mean", "kind": "debug", "cells": cells})).json()
    await lab.post(f"/api/hints/{hint['id']}/rating", json={"helpful": False})


class TestOffer:
    async def test_not_before_something_was_tried(self, lab: Fixture, check: Fixture) -> None:
        assert await offer(lab) == {"subtask": "mean", "reasons": [], "open": None}
        await check(lab, "mean = 1")
        await check(lab, "mean = 2")
        assert (await offer(lab))["reasons"] == []

    async def test_after_the_same_failure_three_times(self, lab: Fixture, check: Fixture) -> None:
        await fail_thrice(lab, check)
        assert (await offer(lab))["reasons"] == ["repeated_failure"]
        assert (await offer(lab, "median"))["reasons"] == []

    async def test_not_after_three_different_failures(self, lab: Fixture, check: Fixture) -> None:
        for source in ("mean = 1", "other = 2", "mean = 3"):
            await check(lab, source)
        assert (await offer(lab))["reasons"] == []

    async def test_what_lies_before_an_approval_is_over(self, lab: Fixture, check: Fixture) -> None:
        await fail_thrice(lab, check)
        await check(lab, "right")
        assert (await offer(lab))["reasons"] == []

    async def test_what_was_never_judged_counts_for_nothing(self, lab: Fixture, check: Fixture) -> None:
        await check(lab, "mean = 1")
        await check(lab, "mean = 2")
        for number in range(3):
            await check(lab, f"unjudgeable {number}")
        assert (await offer(lab))["reasons"] == []

    async def test_on_doubt_about_the_newest_version(self, lab: Fixture, check: Fixture) -> None:
        await check(lab, "doubtful = 1")
        assert (await offer(lab))["reasons"] == ["low_confidence"]
        await check(lab, "mean = 2")
        assert (await offer(lab))["reasons"] == []

    async def test_after_a_hint_that_did_not_help_until_one_does(self, lab: Fixture, world: Fixture) -> None:
        await unhelpful_hint(lab)
        assert (await offer(lab))["reasons"] == ["unhelpful_hint"]
        cells = [{"id": "mean-answer", "source": "mean = 2"}]
        hint = (await lab.post("/api/hints", json={"subtask": "mean", "kind": "plan", "cells": cells})).json()
        assert (await offer(lab))["reasons"] == ["unhelpful_hint"]
        await lab.post(f"/api/hints/{hint['id']}/rating", json={"helpful": True})
        assert (await offer(lab))["reasons"] == []

    async def test_each_version_is_looked_at_once(self, lab: Fixture, check: Fixture, world: Fixture) -> None:
        await fail_thrice(lab, check)
        await offer(lab)
        world.outage.calls.clear()
        await offer(lab)
        assert world.outage.calls == ["GET /history"]

    async def test_an_unknown_step_has_none(self, lab: Fixture) -> None:
        answer = await lab.get("/api/escalations/offer", params={"subtask": "mode"})
        assert error_of(answer) == (404, "subtask_not_found")


class TestAsking:
    async def test_a_mentor_sees_code_facts_and_the_help_so_far(
        self, lab: Fixture, check: Fixture, world: Fixture
    ) -> None:
        submission = await fail_thrice(lab, check)
        await unhelpful_hint(lab)
        body = {"subtask": "mean", "submission": submission, "notes": "Why?", "email": "ada@example.org"}
        asked = await lab.post("/api/escalations", json=body)
        assert asked.status_code == 200
        view = asked.json()
        assert (view["state"], view["reason"], [note["text"] for note in view["notes"]]) == (
            "waiting", "unhelpful_hint", ["Why?"],
        )  # fmt: skip
        assert SECRET_FACT not in asked.text
        full = await world.mentoring.full(view["id"], world.mentor())
        assert (full.item.learner, full.item.case, full.item.subtask_title) == ("ada", "numbers", "Mean")
        assert (full.item.signature, full.number, full.cells[-1].source) == ("mean:value", 3, "mean = 2")
        assert full.feedback.findings[0].evidence[0].fact == SECRET_FACT
        assert full.help["hints"]["hints"][0]["helpful"] is False
        assert full.help["conversation"]["subtask"] == "mean"

    async def test_what_the_notebook_shows_goes_along_made_harmless(
        self, lab: Fixture, check: Fixture, world: Fixture
    ) -> None:
        submission = await fail_thrice(lab, check)
        outputs = [
            {"output_type": "stream", "name": "stdout", "text": ["\x1b[31m42\x1b[0m\n", "half \ud800"]},
            {"output_type": "display_data", "data": {"text/html": "<script>hit</script>", "image/png": "PHN2Zz4="}},
            {"output_type": ["odd"], "data": 7},
        ]
        beneath = [
            {"cell": "mean-answer", "source": "mean = 2", "stale": False, "outputs": outputs},
            {"cell": "nobody", "source": "", "outputs": outputs},
        ]
        body = {"subtask": "mean", "submission": submission, "outputs": beneath}
        content = json.dumps(body).encode()
        asked = await lab.post("/api/escalations", content=content, headers={"Content-Type": "application/json"})
        assert asked.status_code == 200
        full = await world.mentoring.full(asked.json()["id"], world.mentor())
        (shown,) = full.outputs
        assert (shown.cell, shown.stale) == ("mean-answer", False)
        assert [(one.kind, one.text, one.left_out) for one in shown.outputs] == [
            ("stdout", "42\nhalf ?", ()),
            ("result", "", ("no_picture", "html")),
            ("result", "", ("other",)),
        ]
        assert "script" not in full.model_dump_json(include={"outputs"})

    async def test_a_question_has_the_signature_of_what_would_put_the_code_right(
        self, lab: Fixture, check: Fixture, world: Fixture
    ) -> None:
        submission = await fail_thrice(lab, check, "  # repairable")
        asked = await lab.post("/api/escalations", json={"subtask": "mean", "submission": submission})
        full = await world.mentoring.full(asked.json()["id"], world.mentor())
        assert full.item.signature == "mean:repair"
        assert full.feedback.findings[0].signature == "mean:value"
        assert world.judge.scopes[-1].user == "ada"

    async def test_a_mentor_can_be_asked_while_the_assistant_is_away(
        self, lab: Fixture, check: Fixture, world: Fixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        submission = await fail_thrice(lab, check)
        away = httpx.ASGITransport(app=world.gateway)

        async def gone(*_: Any) -> httpx.Response:
            raise httpx.ConnectError("gone")

        monkeypatch.setattr(away, "handle_async_request", gone)
        assistant = world.gateway.state.service.mentors._asking.feedback
        monkeypatch.setattr(assistant._http, "_transport", away)
        asked = await lab.post("/api/escalations", json={"subtask": "mean", "submission": submission})
        assert asked.status_code == 200
        full = await world.mentoring.full(asked.json()["id"], world.mentor())
        assert full.help == {}
        assert full.item.signature == "mean:value"

    async def test_not_offered_means_not_asked(self, lab: Fixture, check: Fixture) -> None:
        submission = (await check(lab, "mean = 1"))["submission"]
        refused = await lab.post("/api/escalations", json={"subtask": "mean", "submission": submission})
        assert error_of(refused) == (409, "not_offered")

    async def test_one_question_at_a_time_about_a_step(self, lab: Fixture, check: Fixture) -> None:
        submission = await fail_thrice(lab, check)
        body = {"subtask": "mean", "submission": submission}
        first, again = [(await lab.post("/api/escalations", json=body)).json() for _ in range(2)]
        assert first["id"] == again["id"]
        assert (await offer(lab))["open"] == first["id"]

    async def test_what_is_asked_in_addition_reaches_the_mentor_once(
        self, lab: Fixture, check: Fixture, world: Fixture
    ) -> None:
        submission = await fail_thrice(lab, check)
        body = {"subtask": "mean", "submission": submission, "notes": "Why?", "request": "a" * 32}
        first = (await lab.post("/api/escalations", json=body)).json()
        later = body | {"notes": "It is about row 3.", "request": "b" * 32}
        for _ in range(2):
            assert (await lab.post("/api/escalations", json=later)).json()["id"] == first["id"]
        await world.mentoring.lease(first["id"], world.mentor())
        await world.mentoring.answer(first["id"], AnswerEscalation(text="Divide once."), world.mentor())
        await lab.post(f"/api/escalations/{first['id']}/rating", json={"helpful": True})
        last = body | {"notes": "By what?", "request": "c" * 32}
        for _ in range(2):
            seen = (await lab.post("/api/escalations", json=last)).json()
            assert (seen["id"], seen["state"]) == (first["id"], "waiting")
        told = [note["text"] for note in seen["notes"]]
        assert told == ["Why?", "It is about row 3.", "Divide once.", "By what?"]

    async def test_nobody_asks_about_somebody_elses_version(self, lab: Fixture, check: Fixture, world: Fixture) -> None:
        submission = await fail_thrice(lab, check)
        eve = world.lab("eve")
        await fail_thrice(eve, check)
        refused = await eve.post("/api/escalations", json={"subtask": "mean", "submission": submission})
        assert error_of(refused) == (404, "submission_not_found")

    async def test_a_version_of_another_step_is_refused(self, lab: Fixture, check: Fixture) -> None:
        await fail_thrice(lab, check)
        other = (await check(lab, "median = 1", "median"))["submission"]
        refused = await lab.post("/api/escalations", json={"subtask": "mean", "submission": other})
        assert error_of(refused) == (422, "other_subtask")


class TestConversation:
    async def test_from_the_question_to_the_rating(self, lab: Fixture, check: Fixture, world: Fixture) -> None:
        submission = await fail_thrice(lab, check)
        asked = (await lab.post("/api/escalations", json={"subtask": "mean", "submission": submission})).json()
        path = f"/api/escalations/{asked['id']}"
        assert (await lab.post(f"{path}/notes", json={"text": "It is about row 3."})).status_code == 200
        await world.mentoring.lease(asked["id"], world.mentor())
        await world.mentoring.answer(asked["id"], AnswerEscalation(text="Divide once."), world.mentor())
        view = (await lab.get(path)).json()
        assert (view["state"], view["mentor"], view["notes"][-1]["text"]) == ("answered", "mona", "Divide once.")
        rated = (await lab.post(f"{path}/rating", json={"helpful": False, "text": "Still not."})).json()
        assert (rated["state"], rated["reopened"]) == ("waiting", 1)
        gone = (await lab.post(f"{path}/cancellation")).json()
        assert gone["state"] == "cancelled"
        listed = (await lab.get("/api/escalations", params={"subtask": "mean"})).json()
        assert [one["id"] for one in listed] == [asked["id"]]

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "", None),
            ("POST", "/notes", {"text": "Hello."}),
            ("POST", "/rating", {"helpful": True}),
            ("POST", "/cancellation", None),
        ],
    )
    async def test_somebody_elses_is_not_there(
        self, lab: Fixture, check: Fixture, world: Fixture, method: str, path: str, body: Any
    ) -> None:
        submission = await fail_thrice(lab, check)
        asked = (await lab.post("/api/escalations", json={"subtask": "mean", "submission": submission})).json()
        eve = world.lab("eve", "mentors")
        refused = await eve.request(method, f"/api/escalations/{asked['id']}{path}", json=body)
        assert error_of(refused) == (404, "escalation_not_found")


class TestRemembered:
    async def test_an_answer_that_did_not_help_brings_a_mentor(
        self, lab: Fixture, check: Fixture, world: Fixture
    ) -> None:
        await _remembered(world, check)
        given = await check(lab, "known = 1")
        entry, submission = given["feedback"]["findings"][0]["remembered"], given["submission"]
        assert (await offer(lab))["reasons"] == []
        path = f"/api/remembered/{entry}/rating"
        rated = await lab.post(path, json={"helpful": False, "submission": submission})
        assert rated.json() == {"subtask": "mean", "reasons": ["unhelpful_answer"], "open": None}
        (kept,) = (await world.mentoring.memory(world.mentor())).items
        assert (kept.helpful, kept.unhelpful) == (0, 1)
        (item,) = (await world.mentoring.queue(world.mentor())).items
        assert (item.reason, item.learner) == ("unhelpful_answer", "nils")
        await world.restart()
        lab = world.lab()
        assert (await offer(lab))["reasons"] == ["unhelpful_answer"]
        asked = await lab.post("/api/escalations", json={"subtask": "mean", "submission": submission})
        assert asked.json()["reason"] == "unhelpful_answer"

    async def test_one_that_helped_brings_none(self, lab: Fixture, check: Fixture, world: Fixture) -> None:
        entry = await _remembered(world, check)
        submission = (await check(lab, "known = 1"))["submission"]
        rated = await lab.post(f"/api/remembered/{entry}/rating", json={"helpful": True, "submission": submission})
        assert rated.json()["reasons"] == []

    async def test_one_that_was_never_given_cannot_be_rated(self, lab: Fixture, check: Fixture, world: Fixture) -> None:
        entry = await _remembered(world, check)
        submission = (await check(lab, "mean = 1"))["submission"]
        refused = await lab.post(f"/api/remembered/{entry}/rating", json={"helpful": False, "submission": submission})
        assert error_of(refused) == (404, "not_remembered")
        (kept,) = (await world.mentoring.memory(world.mentor())).items
        assert kept.unhelpful == 0


async def _remembered(world: Fixture, check: Fixture) -> str:
    """Nils asked before, and his mentor's answer is remembered."""
    nils = world.lab("nils")
    submission = await fail_thrice(nils, check)
    asked = (await nils.post("/api/escalations", json={"subtask": "mean", "submission": submission})).json()
    await world.mentoring.lease(asked["id"], world.mentor())
    await world.mentoring.answer(asked["id"], AnswerEscalation(text="Once.", remember=True), world.mentor())
    (entry,) = (await world.mentoring.memory(world.mentor())).items
    return str(entry.id)


EVENTS = [
    {"seq": 0, "at": 0, "kind": "snapshot", "data": {"cells": [{"id": "a", "kind": "code", "source": ""}]}},
    {"seq": 1, "at": 700, "kind": "edit", "cell": "a", "data": {"at": 0, "removed": 0, "inserted": "x = 1"}},
]
BATCH = {"session": "5" * 32, "started": "2026-01-05T10:00:00Z", "events": EVENTS}


class TestRecording:
    async def test_nothing_without_consent(self, lab: Fixture) -> None:
        assert (await lab.get("/api/recording")).json()["record"] is None
        assert error_of(await lab.post("/api/events", json=BATCH)) == (409, "recording_not_chosen")

    async def test_recorded_seen_taken_and_deleted_by_the_learner_alone(self, lab: Fixture, world: Fixture) -> None:
        assert (await lab.post("/api/recording", json={"record": True})).json()["record"] is True
        assert (await lab.post("/api/events", json=BATCH)).json()["next_seq"] == 2
        (session,) = (await lab.get("/api/sessions")).json()
        assert (session["session"], session["events"]) == ("5" * 32, 2)
        export = await lab.get("/api/sessions/export")
        assert export.headers["content-type"] == "application/json"
        assert "x = 1" in str(export.json())
        eve = world.lab("eve")
        assert (await eve.get("/api/sessions")).json() == []
        assert "x = 1" not in (await eve.get("/api/sessions/export")).text
        await eve.delete("/api/sessions")
        assert len((await lab.get("/api/sessions")).json()) == 1
        assert (await lab.delete("/api/sessions")).json()["sessions"] == 0
        assert (await lab.get("/api/sessions")).json() == []
