"""What a mentor does at the desk, from the queue to the answer, and what nobody else can."""

import asyncio
import json
import sqlite3
from typing import Any

import pytest

from services.contracts.brief import Brief
from services.contracts.classroom import ClassView, LearnersWork
from services.contracts.escalation import EscalationFull, QueuePage, RateAnswer, RateMemory
from services.contracts.feedback import Feedback
from services.contracts.lint import LintReport
from services.contracts.measures import Measures
from services.contracts.progress import Version
from services.contracts.session import SessionPart
from tests.services.dashboard.conftest import SECRET_FACT, VERSION, failing

Fixture = Any
PREFIX = "/services/caseloop/"
CHANGES = [
    ("POST", "queue/next"),
    ("POST", "queue/{id}/lease"),
    ("DELETE", "queue/{id}/lease"),
    ("POST", "queue/{id}/notes"),
    ("POST", "queue/{id}/answer"),
    ("POST", "queue/{id}/run"),
    ("PUT", "memory/{id}"),
    ("DELETE", "memory/{id}"),
    ("POST", "phrases"),
    ("DELETE", "phrases/{id}"),
]


def error_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


class TestOneQuestion:
    async def test_from_the_queue_to_the_learner(self, world: Fixture, mona: Fixture) -> None:
        asked = await world.escalate()
        page = QueuePage.model_validate_json((await mona.api("GET", "queue")).content)
        assert [(item.id, item.learner, item.case) for item in page.items] == [(asked.id, "lena", "numbers")]
        taken = EscalationFull.model_validate_json((await mona.api("POST", "queue/next")).content)
        assert (taken.item.id, taken.item.mentor, taken.case_version) == (asked.id, "mona", VERSION)
        assert taken.feedback.findings[0].evidence[0].fact == SECRET_FACT
        said = await mona.api("POST", f"queue/{asked.id}/notes", json={"text": "Which rows did you count?"})
        assert said.status_code == 200
        answered = await mona.api(
            "POST", f"queue/{asked.id}/answer", json={"text": "Count them **once**.", "remember": True}
        )
        assert answered.status_code == 200
        seen = await world.mentoring.one(asked.id, world.scope())
        assert [(note.author, note.name, note.is_answer) for note in seen.notes] == [
            ("learner", "lena", False),
            ("mentor", "mona", False),
            ("mentor", "mona", True),
        ]
        assert seen.state == "answered"

    async def test_of_two_mentors_one_gets_it_and_the_other_hears_who(self, world: Fixture, mona: Fixture) -> None:
        asked = await world.escalate()
        theo = world.browser()
        await theo.sign_in("theo")
        outcomes = await asyncio.gather(*(one.api("POST", f"queue/{asked.id}/lease") for one in (mona, theo)))
        assert sorted(outcome.status_code for outcome in outcomes) == [200, 409]

    async def test_given_back_it_waits_again(self, world: Fixture, mona: Fixture) -> None:
        asked = await world.escalate()
        await mona.api("POST", f"queue/{asked.id}/lease")
        assert (await mona.api("DELETE", f"queue/{asked.id}/lease")).status_code == 204
        assert (await world.mentoring.one(asked.id, world.scope())).state == "waiting"

    async def test_the_brief_is_about_the_learners_code_in_the_mentors_name(
        self, world: Fixture, mona: Fixture
    ) -> None:
        asked = await world.escalate(notes="Why 42?")
        brief = Brief.model_validate_json((await mona.api("GET", f"queue/{asked.id}/brief")).content)
        assert brief.feedback.findings[0].evidence[0].fact == SECRET_FACT
        ask, scope = world.judge.briefs[-1], world.judge.scopes[-1]
        assert (ask.subtask, ask.learner, ask.question, ask.cells[-1].source) == (
            "mean",
            "lena",
            "Why 42?",
            "mean = 41",
        )
        assert (scope.user, scope.role, scope.case, scope.case_version, scope.subtask) == (
            "mona", "mentor", "numbers", VERSION, "mean",
        )  # fmt: skip

    async def test_the_style_of_the_code_can_be_reviewed(self, world: Fixture, mona: Fixture) -> None:
        asked = await world.escalate()
        report = LintReport.model_validate_json((await mona.api("GET", f"queue/{asked.id}/style")).content)
        assert [tool.tool for tool in report.tools] == ["ruff"]

    async def test_remarks_that_the_learner_left_are_shown_with_the_reasons(
        self, world: Fixture, mona: Fixture
    ) -> None:
        asked = await world.escalate()
        await world.leave_a_remark("Prices have no unit here.")
        (one,) = (await mona.api("GET", f"queue/{asked.id}/dismissals")).json()
        assert (one["rule"], one["reason"], one["subtask"]) == ("PLR2004", "Prices have no unit here.", "mean")

    async def test_earlier_versions_can_be_read(self, world: Fixture, mona: Fixture) -> None:
        asked = await world.escalate()
        (one,) = (await mona.api("GET", f"queue/{asked.id}/versions")).json()
        assert one["submission"] == asked.submission
        whole = await mona.api("GET", f"queue/{asked.id}/versions/{asked.submission}")
        assert Version.model_validate_json(whole.content).cells[-1].source == "mean = 41"

    async def test_somebody_elses_version_is_not_behind_this_question(self, world: Fixture, mona: Fixture) -> None:
        asked, other = await world.escalate("lena"), await world.escalate("nils")
        refused = await mona.api("GET", f"queue/{asked.id}/versions/{other.submission}")
        assert error_of(refused) == (404, "submission_not_found")

    async def test_recorded_sessions_can_be_followed(self, world: Fixture, mona: Fixture) -> None:
        asked, session = await world.escalate(), await world.record()
        (summary,) = (await mona.api("GET", f"queue/{asked.id}/sessions")).json()
        assert summary["session"] == session
        part = await mona.api("GET", f"queue/{asked.id}/sessions/{session}", params={"from": 1})
        assert [event.seq for event in SessionPart.model_validate_json(part.content).events][-1] == 1

    async def test_looking_on_is_one_look_in_the_audit_log(self, world: Fixture, mona: Fixture) -> None:
        asked = await world.escalate()
        for path in ("", "/brief", "/style", "/versions", "/sessions", "", "/versions", "/brief"):
            assert (await mona.api("GET", f"queue/{asked.id}{path}")).status_code == 200
        with sqlite3.connect(world.home / "mentoring.sqlite") as file:
            looks = file.execute("SELECT who, about FROM mentoring_audit").fetchall()
        assert looks == [("mona", asked.id)]

    async def test_what_a_notebook_hides_besides_its_code_is_in_no_answer(self, world: Fixture, mona: Fixture) -> None:
        spy = "spy-of-a-widget"
        hidden = {"widgets": {"state": spy}, "outputs": [{"data": {"text/html": spy}}], "path": f"{spy}.ipynb"}
        asked = await world.escalate(metadata=hidden)
        for path in ("", "/brief", "/style", "/versions", f"/versions/{asked.submission}"):
            answer = await mona.api("GET", f"queue/{asked.id}{path}")
            assert answer.status_code == 200
            assert spy not in answer.text
        assert spy not in world.judge.briefs[-1].model_dump_json()

    async def test_an_answer_that_came_back_is_told_from_a_question(self, world: Fixture, mona: Fixture) -> None:
        asked = await world.escalate()
        await mona.api("POST", f"queue/{asked.id}/lease")
        await mona.api("POST", f"queue/{asked.id}/answer", json={"text": "Count them once.", "remember": True})
        entry = await world.recalled("nils")
        await world.mentoring.rate_memory(entry, RateMemory(helpful=False, submission="a" * 32), world.scope("nils"))
        (item,) = QueuePage.model_validate_json((await mona.api("GET", "queue")).content).items
        assert (item.about_memory, item.reopened) == (entry, 1)
        full = EscalationFull.model_validate_json((await mona.api("GET", f"queue/{item.id}")).content)
        assert [(one.id, one.mentor, one.unhelpful) for one in full.remembered] == [(entry, "mona", 1)]
        await mona.api("POST", f"queue/{item.id}/lease")
        await mona.api("POST", f"queue/{item.id}/answer", json={"text": "Each of them counts once."})
        (kept,) = (await mona.api("GET", "memory")).json()["items"]
        assert (kept["id"], kept["text"]) == (entry, "Each of them counts once.")

    async def test_a_note_may_follow_the_answer_and_the_learners_rating(self, world: Fixture, mona: Fixture) -> None:
        asked = await world.escalate()
        await mona.api("POST", f"queue/{asked.id}/lease")
        await mona.api("POST", f"queue/{asked.id}/answer", json={"text": "Count them once."})
        said = await mona.api("POST", f"queue/{asked.id}/notes", json={"text": "And only rows that are whole."})
        assert (said.status_code, said.json()["item"]["state"]) == (200, "answered")
        await world.mentoring.rate(asked.id, RateAnswer(helpful=True), world.scope())
        said = await mona.api("POST", f"queue/{asked.id}/notes", json={"text": "Well done."})
        assert (said.status_code, said.json()["item"]["state"]) == (200, "rated")
        theo = world.browser()
        await theo.sign_in("theo")
        refused = await theo.api("POST", f"queue/{asked.id}/notes", json={"text": "I, too."})
        assert error_of(refused) == (409, "lease_needed")

    async def test_an_unknown_question_is_404_and_an_odd_id_422(self, world: Fixture, mona: Fixture) -> None:
        assert error_of(await mona.api("GET", f"queue/{'0' * 32}")) == (404, "escalation_not_found")
        assert error_of(await mona.api("GET", "queue/..%2Fmemory")) == (404, "not_found")
        assert (await mona.api("GET", "queue/nothing")).status_code == 422


class TestRuns:
    async def test_edited_code_runs_on_the_cases_checks_and_nothing_is_recorded(
        self, world: Fixture, mona: Fixture
    ) -> None:
        asked = await world.escalate()
        cells = [{"id": "mean-answer", "kind": "code", "source": "mean = 42"}]
        ran = await mona.api("POST", f"queue/{asked.id}/run", json={"cells": cells})
        events = [line for line in ran.text.splitlines() if line and not line.startswith(":")]
        assert events[0] == "event: stage"
        assert events[-2] == "event: feedback"
        feedback = Feedback.model_validate_json(events[-1].removeprefix("data: "))
        assert feedback.findings[0].evidence[0].fact == SECRET_FACT
        assert (world.judge.checks[-1].subtask, world.judge.checks[-1].cells[0].source) == ("mean", "mean = 42")
        assert world.judge.scopes[-1].role == "mentor"
        assert len(await world.progress.history(world.scope())) == 1

    async def test_two_at_a_time_and_leaving_ends_one(self, world: Fixture, mona: Fixture) -> None:
        asked = await world.escalate()
        body = {"cells": [{"id": "mean-answer", "kind": "code", "source": "hang"}]}
        waiting = [asyncio.create_task(mona.api("POST", f"queue/{asked.id}/run", json=body)) for _ in range(2)]
        async with asyncio.timeout(30):
            while world.judge.running < 2:
                await asyncio.sleep(0.01)
        third = await mona.api("POST", f"queue/{asked.id}/run", json=body)
        assert error_of(third) == (429, "too_many_requests")
        waiting[0].cancel()
        async with asyncio.timeout(30):
            while world.judge.running > 1:
                await asyncio.sleep(0.01)
        world.judge.hold.set()
        assert (await waiting[1]).status_code == 200

    async def test_a_mentor_cannot_keep_the_runner_busy(self, world: Fixture, mona: Fixture) -> None:
        asked = await world.escalate()
        body = {"cells": [{"id": "mean-answer", "kind": "code", "source": "mean"}]}
        answers = [await mona.api("POST", f"queue/{asked.id}/run", json=body) for _ in range(7)]
        assert error_of(answers[-1]) == (429, "too_many_requests")


class TestMemoryAndClass:
    async def test_a_remembered_answer_is_found_changed_and_withdrawn(self, world: Fixture, mona: Fixture) -> None:
        asked = await world.escalate()
        await mona.api("POST", f"queue/{asked.id}/lease")
        await mona.api("POST", f"queue/{asked.id}/answer", json={"text": "Count them once.", "remember": True})
        (entry,) = (await mona.api("GET", "memory", params={"case": "numbers", "q": "once"})).json()["items"]
        edited = await mona.api("PUT", f"memory/{entry['id']}", json={"text": "Count each of them once."})
        assert edited.json()["text"] == "Count each of them once."
        assert (await mona.api("DELETE", f"memory/{entry['id']}")).status_code == 204
        (entry,) = (await mona.api("GET", "memory")).json()["items"]
        assert entry["withdrawn"] is not None

    async def test_questions_are_searched_and_steps_have_names(self, world: Fixture, mona: Fixture) -> None:
        asked = await world.escalate("lena")
        fits = {"q": "numbers", "learner": "le", "subtask": asked.subtask, "reason": asked.reason, "state": "all"}
        page = QueuePage.model_validate_json((await mona.api("GET", "queue", params=fits)).content)
        assert [item.id for item in page.items] == [asked.id]
        for other in ({"q": "zebra"}, {"learner": "x"}, {"subtask": "other"}, {"reason": "low_confidence"}):
            answer = await mona.api("GET", "queue", params=fits | other)
            assert (answer.status_code, answer.json()["total"]) == (200, 0), other
        assert (await mona.api("GET", "queue", params={"reason": "boredom"})).status_code == 422
        assert (await mona.api("GET", f"queue/{asked.id}/same")).json() == {"items": [], "total": 0, "next": None}
        steps = (await mona.api("GET", "cases/numbers/steps")).json()
        assert steps[asked.subtask] == page.items[0].subtask_title

    async def test_a_comment_bank_is_ones_own(self, world: Fixture, mona: Fixture) -> None:
        kept = (await mona.api("POST", "phrases", json={"text": "Well begun."})).json()
        theo = world.browser()
        await theo.sign_in("theo")
        assert (await theo.api("GET", "phrases")).json() == []
        assert [phrase["text"] for phrase in (await mona.api("GET", "phrases")).json()] == ["Well begun."]
        assert (await mona.api("DELETE", f"phrases/{kept['id']}")).status_code == 204
        assert (await mona.api("GET", "phrases")).json() == []

    async def test_a_class_is_seen_and_taken_home(self, world: Fixture, mona: Fixture) -> None:
        await world.escalate("lena")
        assert [case["id"] for case in (await mona.api("GET", "cases")).json()] == ["numbers"]
        seen = ClassView.model_validate_json((await mona.api("GET", "class", params={"case": "numbers"})).content)
        assert [(row.user, row.attempts) for row in seen.rows] == [("lena", 1)]
        assert seen.titles == {"mean": "Mean"}
        table = await mona.api("GET", "class/export.csv", params={"case": "numbers"})
        assert table.headers["content-type"] == "text/csv; charset=utf-8"
        assert table.headers["content-disposition"] == 'attachment; filename="numbers.csv"'
        assert "lena" in table.text
        whole = await mona.api("GET", "class/export.json", params={"case": "numbers"})
        assert "lena" in json.dumps(whole.json())
        assert (await mona.api("GET", "class/export.exe", params={"case": "numbers"})).status_code == 422

    async def test_from_the_class_to_a_learners_work_and_replay_each_look_is_one_entry(
        self, world: Fixture, mona: Fixture
    ) -> None:
        spy = "spy-of-a-widget"
        asked = await world.escalate("lena", metadata={"widgets": {"state": spy}})
        session = await world.record("lena")
        learner = "class/numbers/learners/lena"
        answer = await mona.api("GET", learner, params={"step": "mean"})
        work = LearnersWork.model_validate_json(answer.content)
        assert (work.case_title, work.titles, work.subtask) == ("Numbers", {"mean": "Mean"}, "mean")
        assert work.latest is not None
        assert (work.latest.submission, work.latest.cells[-1].source) == (asked.submission, "mean = 41")
        assert work.latest.feedback == failing()
        assert ([one.number for one in work.versions], [one.session for one in work.sessions]) == ([1], [session])
        version = await mona.api("GET", f"{learner}/versions/{asked.submission}")
        assert Version.model_validate_json(version.content).cells[-1].source == "mean = 41"
        assert spy not in answer.text + version.text
        for start in (0, 1):
            part = await mona.api("GET", f"{learner}/sessions/{session}", params={"from": start})
            assert SessionPart.model_validate_json(part.content).summary.session == session
        await mona.api("GET", learner, params={"step": "mean"})
        with sqlite3.connect(world.home / "progress.sqlite") as file:
            looks = file.execute("SELECT who, what, learner, case_id, item FROM mentor_look ORDER BY seq").fetchall()
        assert looks == [
            ("mona", "work", "lena", "numbers", "mean"),
            ("mona", "version", "lena", "numbers", asked.submission),
            ("mona", "session", "lena", "numbers", session),
        ]

    async def test_a_learners_version_and_session_are_not_behind_another_name(
        self, world: Fixture, mona: Fixture
    ) -> None:
        asked, session = await world.escalate("lena"), await world.record("lena")
        nils = "class/numbers/learners/nils"
        assert error_of(await mona.api("GET", f"{nils}/versions/{asked.submission}")) == (404, "submission_not_found")
        assert error_of(await mona.api("GET", f"{nils}/sessions/{session}")) == (404, "session_not_found")

    async def test_measures_can_be_read(self, world: Fixture, mona: Fixture) -> None:
        await world.escalate()
        asked = {"case": "numbers", "days": 30}
        measures = Measures.model_validate_json((await mona.api("GET", "measures", params=asked)).content)
        assert (measures.escalated, measures.judged, measures.hints_helpful_share) == (1, 1, 0.75)
        first, *_, last = measures.weeks
        assert (first.hints_helpful_share, first.judged, last.hints_helpful_share, last.judged) == (0.75, 0, None, 1)
        world.judge.forgetful = True
        measures = Measures.model_validate_json((await mona.api("GET", "measures", params=asked)).content)
        assert (measures.judged, measures.hints_helpful_share) == (1, None)
        assert (await mona.api("GET", "measures", params={"days": 4000})).status_code == 422


class TestWhoMay:
    async def test_a_change_needs_the_pages_own_token(self, world: Fixture, mona: Fixture) -> None:
        for method, path in CHANGES:
            url = f"{PREFIX}api/{path.format(id='0' * 32)}"
            for headers in ({}, {"X-XSRFToken": ""}, {"X-XSRFToken": "a" * 64}, {"X-XSRFToken": mona.xsrf[:-1]}):
                assert error_of(await mona.http.request(method, url, headers=headers)) == (403, "xsrf_missing")

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
    async def test_another_site_changes_nothing_even_with_the_token(
        self, world: Fixture, mona: Fixture, site: str
    ) -> None:
        for method, path in CHANGES:
            refused = await mona.api(method, path.format(id="0" * 32), headers={"Sec-Fetch-Site": site})
            assert error_of(refused) == (403, "cross_site")

    async def test_another_sessions_token_does_not_count(self, world: Fixture, mona: Fixture) -> None:
        theo = world.browser()
        await theo.sign_in("theo")
        mona.xsrf = theo.xsrf
        assert error_of(await mona.api("POST", "queue/next")) == (403, "xsrf_missing")

    async def test_signing_out_is_a_change_too(self, world: Fixture, mona: Fixture) -> None:
        assert error_of(await mona.http.post(f"{PREFIX}logout")) == (403, "xsrf_missing")
        assert (await mona.api("GET", "me")).status_code == 200

    async def test_no_route_of_the_api_opens_without_a_session(self, world: Fixture) -> None:
        stranger, tried = world.browser(), 0
        for method, path in _routes(world.desk):
            refused = await stranger.http.request(method, _address(path), json={})
            assert error_of(refused) == (401, "not_signed_in"), (method, path)
            tried += 1
        assert tried == 56

    async def test_what_changes_cases_is_for_admins_only(self, world: Fixture, mona: Fixture) -> None:
        tried = 0
        for method, path in _routes(world.desk):
            if path.endswith("/cases/{case}/steps"):  # mentors, too, look for questions by step
                continue
            if any(word in path for word in ("/uploads", "/cases/", "/api/versions", "/regrades")):
                address = _address(path).removeprefix(f"{PREFIX}api/")
                refused = await mona.api(method, address, json={}, headers={"Upload-Offset": "0"})
                assert error_of(refused) == (403, "not_an_admin"), (method, path)
                tried += 1
        assert tried == 17

    async def test_what_measures_quality_is_for_qa_and_admins_only(self, world: Fixture, mona: Fixture) -> None:
        tried = 0
        for method, path in _routes(world.desk):
            if "/api/runs" in path or path.endswith("/api/comparison"):
                refused = await mona.api(method, _address(path).removeprefix(f"{PREFIX}api/"), json={})
                assert error_of(refused) == (403, "not_qa"), (method, path)
                tried += 1
        assert tried == 8

    async def test_too_much_at_once_is_refused(self, world: Fixture, mona: Fixture) -> None:
        world.desk.state.service.requests._burst = 3
        # a slow machine must not earn a request between two of these
        world.desk.state.service.requests._per_second = 0.001
        world.desk.state.service.requests._buckets.clear()
        statuses = [(await mona.api("GET", "phrases")).status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]


def _address(path: str) -> str:
    ids = dict.fromkeys(("escalation", "submission", "session", "entry", "phrase", "upload", "regrade"), "0" * 32)
    return path.format(**ids, kind="csv", case="numbers", version="0" * 64, run="a-run", learner="lena")


def _routes(desk: Any) -> list[tuple[str, str]]:
    from fastapi.routing import iter_route_contexts

    return [
        (method, route.path)
        for route in iter_route_contexts(desk.routes)
        if route.path.startswith(f"{PREFIX}api/")
        for method in route.methods or ()
    ]
