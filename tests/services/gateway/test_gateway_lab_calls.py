"""Everything but the check: the panel, the review, the history, saved notebooks."""

from typing import Any, ClassVar

import pytest

from services.contracts.case import Style
from services.contracts.lab import LabCase
from services.contracts.notebook import notebook_digest

Fixture = Any


class TestCase:
    async def test_the_panel_before_the_first_check(self, lab: Fixture) -> None:
        case = LabCase.model_validate_json((await lab.get("/api/case")).content)
        assert (case.id, case.number, case.user, case.newer_version) == ("numbers", 1, "ada", None)
        assert [row.view.id for row in case.subtasks] == ["mean", "median"]
        assert {row.progress.state for row in case.subtasks} == {"not_started"}

    async def test_the_panel_after_a_check(self, lab: Fixture, check_of: Fixture, checked: Fixture) -> None:
        await checked(lab, check_of("right"))
        case = LabCase.model_validate_json((await lab.get("/api/case")).content)
        assert [row.progress.state for row in case.subtasks] == ["approved", "not_started"]
        assert case.subtasks[0].progress.points == 4

    async def test_it_says_whether_errors_are_marked_while_typing(self, world: Fixture, lab: Fixture) -> None:
        assert (await lab.get("/api/case")).json()["live_errors"] is True
        case = next(iter(world.shelf.versions.values()))
        silent = world.lab(version="2" * 64)
        world.shelf.versions["2" * 64] = case.model_copy(
            update={"version": "2" * 64, "style": Style(live_errors=False)}
        )
        assert (await silent.get("/api/case")).json()["live_errors"] is False

    async def test_it_tells_of_a_newer_version(self, world: Fixture, lab: Fixture) -> None:
        world.shelf.newest = world.shelf.newest.model_copy(update={"number": 3, "version": "3" * 64})
        assert (await lab.get("/api/case")).json()["newer_version"] == 3

    async def test_the_checks_left_follow_the_quota_of_the_version_in_use(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        await checked(lab, check_of("wrong"))
        case = world.shelf.versions["1" * 64]
        limited = case.model_copy(update={"version": "2" * 64, "quotas": case.quotas.model_copy(update={"checks": 3})})
        world.shelf.versions["2" * 64] = limited
        rows = (await world.lab(version="2" * 64).get("/api/case")).json()["subtasks"]
        assert [row["progress"]["checks_left"] for row in rows] == [2, 3]

    async def test_a_version_is_asked_for_once(self, world: Fixture, lab: Fixture) -> None:
        for _ in range(3):
            await lab.get("/api/case")
        assert world.shelf.asked == ["1" * 64, "numbers"]

    async def test_a_version_that_is_gone(self, world: Fixture) -> None:
        response = await world.lab(version="9" * 64).get("/api/case")
        assert (response.status_code, response.json()["error"]) == (404, "case_version_not_found")

    async def test_who_am_i(self, world: Fixture) -> None:
        response = await world.lab("mona", "mentors", "people").get("/api/me")
        body = response.json()
        assert (body["user"], sorted(body["roles"])) == ("mona", ["learner", "mentor"])


class TestReview:
    async def test_it_opens_on_approval_only(self, lab: Fixture, check_of: Fixture, checked: Fixture) -> None:
        refused = await lab.post("/api/review", json=check_of("right"))
        assert (refused.status_code, refused.json()["error"]) == (409, "not_approved")
        await checked(lab, check_of("wrong"))
        assert (await lab.post("/api/review", json=check_of("right"))).status_code == 409
        await checked(lab, check_of("right"))
        opened = (await lab.post("/api/review", json=check_of("right"))).json()
        assert opened["progress"]["state"] == "polished"
        assert opened["report"]["tools"][0]["tool"] == "ruff"

    async def test_only_the_answers_are_reviewed_within_the_whole_notebook(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        await checked(lab, check_of("right"))
        await lab.post("/api/review", json=check_of("right"))
        (request,) = world.linter.requests
        assert request.editable == ("mean-answer",)
        assert len(request.cells) == 2

    async def test_a_failed_tool_does_not_polish(self, lab: Fixture, check_of: Fixture, checked: Fixture) -> None:
        await checked(lab, check_of("right"))
        answer = (await lab.post("/api/review", json=check_of("right, but messy"))).json()
        assert answer["progress"]["state"] == "approved"

    @pytest.mark.parametrize("emptied", ["", "  \n"])
    async def test_an_emptied_answer_is_not_polished(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture, emptied: str
    ) -> None:
        await checked(lab, check_of("right"))
        for body in (check_of(emptied), {"subtask": "mean", "cells": []}):
            refused = await lab.post("/api/review", json=body)
            assert (refused.status_code, refused.json()["error"]) == (422, "nothing_to_review")
        assert world.linter.requests == []


class TestReviewedCode:
    async def test_only_code_that_was_approved_is_polished(
        self, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        await checked(lab, check_of("right"))
        answer = (await lab.post("/api/review", json=check_of("pass"))).json()
        assert (answer["approved_code"], answer["progress"]["state"]) == (False, "approved")
        await checked(lab, check_of("right, and tidy"))
        answer = (await lab.post("/api/review", json=check_of("right, and tidy"))).json()
        assert (answer["approved_code"], answer["progress"]["state"]) == (True, "polished")

    async def test_no_body_says_what_may_remain_or_how_far_one_is(
        self, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        await checked(lab, check_of("right, but rough"))
        body = check_of("right, but rough")
        for extra in ({"may_remain": "warning"}, {"approved_code": True}, {"progress": {"state": "polished"}}):
            refused = await lab.post("/api/review", json=body | extra)
            assert (refused.status_code, refused.json()["error"]) == (422, "invalid_request")
        assert (await lab.post("/api/review", json=body)).json()["progress"]["state"] == "approved"

    async def test_the_case_says_what_may_remain(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        case = next(iter(world.shelf.versions.values()))
        world.shelf.versions[case.version] = case.model_copy(update={"style": Style(may_remain="warning")})
        await checked(lab, check_of("right, but rough"))
        answer = (await lab.post("/api/review", json=check_of("right, but rough"))).json()
        assert (answer["may_remain"], answer["progress"]["state"]) == ("warning", "polished")

    async def test_the_order_of_running_is_passed_on(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        await checked(lab, check_of("right"))
        await lab.post("/api/review", json=check_of("right") | {"executions": {"mean-answer": 3}})
        assert world.linter.requests[-1].executions == {"mean-answer": 3}


class TestDismissals:
    DISMISSAL: ClassVar = {"subtask": "mean", "finding": "rough-0", "reason": "The library raises anything."}

    @pytest.fixture
    async def rough(self, lab: Fixture, check_of: Fixture, checked: Fixture) -> None:
        """An approved step whose review has one warning."""
        await checked(lab, check_of("right, but rough"))
        answer = (await lab.post("/api/review", json=check_of("right, but rough"))).json()
        assert [one["id"] for one in answer["report"]["findings"]] == ["rough-0"]

    @pytest.mark.usefixtures("rough")
    async def test_what_stood_in_the_way_is_left_with_a_reason(self, lab: Fixture) -> None:
        for _ in range(2):
            answer = (await lab.post("/api/review/dismissals", json=self.DISMISSAL)).json()
            assert answer["progress"]["state"] == "polished"
            assert [one["reason"] for one in answer["dismissed"]] == [self.DISMISSAL["reason"]]

    @pytest.mark.usefixtures("rough")
    async def test_it_is_taken_back(self, lab: Fixture) -> None:
        await lab.post("/api/review/dismissals", json=self.DISMISSAL)
        answer = await lab.delete("/api/review/dismissals/rough-0", params={"subtask": "mean"})
        assert answer.json()["dismissed"] == []

    @pytest.mark.usefixtures("rough")
    async def test_it_is_the_certificates_learner_who_decides(self, world: Fixture, lab: Fixture) -> None:
        await lab.post("/api/review/dismissals", json=self.DISMISSAL)
        eve = world.lab("eve")
        refused = await eve.post("/api/review/dismissals", json=self.DISMISSAL)
        assert (refused.status_code, refused.json()["error"]) == (409, "not_approved")
        refused = await eve.delete("/api/review/dismissals/rough-0", params={"subtask": "mean"})
        assert refused.status_code == 409
        answer = (await lab.post("/api/review/dismissals", json=self.DISMISSAL)).json()
        assert len(answer["dismissed"]) == 1

    async def test_an_unknown_step_has_none(self, lab: Fixture) -> None:
        refused = await lab.post("/api/review/dismissals", json=self.DISMISSAL | {"subtask": "mode"})
        assert (refused.status_code, refused.json()["error"]) == (404, "subtask_not_found")


class TestHistory:
    async def test_listed_paged_and_restored(self, lab: Fixture, check_of: Fixture, checked: Fixture) -> None:
        for n in range(3):
            await checked(lab, check_of(f"wrong {n}"))
        await checked(lab, check_of("right", subtask="median"))
        whole = (await lab.get("/api/history")).json()
        assert [(row["subtask"], row["number"]) for row in whole] == [
            ("median", 1),
            ("mean", 3),
            ("mean", 2),
            ("mean", 1),
        ]
        page = await lab.get("/api/history", params={"subtask": "mean", "limit": 1, "before": whole[1]["submission"]})
        assert [row["number"] for row in page.json()] == [2]
        version = (await lab.get(f"/api/history/{whole[3]['submission']}")).json()
        assert version["cells"][1]["source"] == "wrong 0"
        assert version["feedback"]["verdict"] == "needs_work"

    async def test_a_version_that_was_never_judged_can_be_restored(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        world.outage.away = lambda request: request.url.path == "/conclusions"
        await checked(lab, check_of("right"))
        (row,) = (await lab.get("/api/history")).json()
        version = (await lab.get(f"/api/history/{row['submission']}")).json()
        assert (version["verdict"], version["feedback"], version["cells"][1]["source"]) == (None, None, "right")


class TestNotebook:
    async def test_kept_listed_and_restored(self, lab: Fixture) -> None:
        notebook = {"nbformat": 4, "cells": [{"source": "x = 'é'"}]}
        body = {"saved": "2026-11-20T12:00:00Z", "digest": notebook_digest(notebook), "notebook": notebook}
        summary = (await lab.put("/api/notebook", json=body)).json()
        assert (await lab.get("/api/notebook/versions")).json() == [summary]
        restored = (await lab.get(f"/api/notebook/versions/{summary['digest']}")).json()
        assert restored["notebook"] == notebook

    async def test_too_large_a_one_is_refused_with_advice(self, lab: Fixture) -> None:
        body = {"saved": "2026-11-20T12:00:00Z", "digest": "0" * 64, "notebook": {"cells": ["#" * 17_000_000]}}
        refused = await lab.put("/api/notebook", json=body)
        assert (refused.status_code, refused.json()["error"]) == (413, "notebook_too_large")
        assert "Clear large outputs" in refused.json()["detail"]

    async def test_beyond_all_bounds_the_body_is_not_even_read(self, lab: Fixture) -> None:
        refused = await lab.put("/api/notebook", content=b" " * 26_000_000)
        assert (refused.status_code, refused.json()["error"]) == (413, "body_too_large")
