"""Nobody reads, moves or restores what is somebody else's, by whatever id."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.errors import ServiceError
from services.contracts.feedback import Verdict
from services.contracts.identity import Role
from services.contracts.lint import LintReport
from services.contracts.notebook import notebook_digest
from services.contracts.progress import Conclude, Reviewed, SavedNotebook
from services.contracts.style import Dismiss
from services.kit.http import in_process_client
from services.kit.scope import ScopeMinter

Fixture = Any


@pytest.fixture
async def adas(desk: Fixture, submit_of: Fixture) -> str:
    """Id of a submission of Ada's."""
    recorded = await desk.client.submit(submit_of("x = 1"), desk.scope())
    assert isinstance(recorded.submission, str)
    return recorded.submission


STRANGERS = [{"user": "eve"}, {"case": "another-case"}]


@pytest.mark.parametrize("stranger", STRANGERS, ids=["another learner", "another case"])
class TestStrangers:
    async def test_cannot_read_a_version(self, desk: Fixture, adas: str, stranger: dict[str, str]) -> None:
        with pytest.raises(ServiceError, match="submission_not_found"):
            await desk.client.version(adas, desk.scope(**stranger))

    async def test_do_not_see_it_listed(self, desk: Fixture, adas: str, stranger: dict[str, str]) -> None:
        assert await desk.client.history(desk.scope(**stranger)) == ()
        assert (await desk.client.progress(desk.scope(**stranger))).subtasks == ()

    async def test_cannot_page_from_it(self, desk: Fixture, adas: str, stranger: dict[str, str]) -> None:
        with pytest.raises(ServiceError, match="submission_not_found"):
            await desk.client.history(desk.scope(**stranger), before=adas)

    async def test_cannot_conclude_it(
        self, desk: Fixture, adas: str, stranger: dict[str, str], feedback_of: Fixture
    ) -> None:
        approval = Conclude(submission=adas, feedback=feedback_of(Verdict.APPROVED, points=4))
        with pytest.raises(ServiceError, match="submission_not_found"):
            await desk.client.conclude(approval, desk.scope(**stranger))
        assert (await desk.client.version(adas, desk.scope())).verdict is None

    async def test_get_no_verdict_for_equal_cells(
        self, desk: Fixture, adas: str, stranger: dict[str, str], submit_of: Fixture, feedback_of: Fixture
    ) -> None:
        approval = Conclude(submission=adas, feedback=feedback_of(Verdict.APPROVED, points=4))
        await desk.client.conclude(approval, desk.scope())
        recorded = await desk.client.submit(submit_of("x = 1"), desk.scope(**stranger))
        assert recorded.feedback is None

    async def test_cannot_read_a_saved_notebook_by_its_digest(self, desk: Fixture, stranger: dict[str, str]) -> None:
        notebook = {"cells": ["secret"]}
        saved = SavedNotebook(saved=desk.clock.now, digest=notebook_digest(notebook), notebook=notebook)
        summary = await desk.client.save_notebook(saved, desk.scope())
        with pytest.raises(ServiceError, match="notebook_not_found"):
            await desk.client.saved_notebook(summary.digest, desk.scope(**stranger))
        assert await desk.client.saved_notebooks(desk.scope(**stranger)) == ()


async def test_another_case_version_cannot_conclude(desk: Fixture, adas: str, feedback_of: Fixture) -> None:
    approval = Conclude(submission=adas, feedback=feedback_of(Verdict.APPROVED))
    with pytest.raises(ServiceError, match="submission_not_found"):
        await desk.client.conclude(approval, desk.scope(version="2" * 64))


async def test_cells_of_a_submission_are_no_notebook(desk: Fixture, adas: str) -> None:
    """Submissions and notebooks share an object store; one must not open the other."""
    (cells,) = [digest async for digest in desk.objects.digests()]
    with pytest.raises(ServiceError, match="notebook_not_found"):
        await desk.client.saved_notebook(cells, desk.scope())


async def test_a_scope_for_one_subtask_opens_no_other(
    desk: Fixture, adas: str, submit_of: Fixture, feedback_of: Fixture
) -> None:
    median = desk.scope(subtask="median")
    for attempt in (
        desk.client.submit(submit_of("x = 2"), median),
        desk.client.conclude(Conclude(submission=adas, feedback=feedback_of(Verdict.APPROVED)), median),
        desk.client.reviewed(Reviewed(subtask="mean", report=LintReport(findings=(), tools=())), median),
        desk.client.dismiss(Dismiss(subtask="mean", finding="finding-0", reason="No."), median),
        desk.client.take_back("mean", "finding-0", median),
        desk.client.version(adas, median),
        desk.client.history(median, "mean"),
    ):
        with pytest.raises(ServiceError) as refused:
            await attempt
        assert (refused.value.status, refused.value.error) == (403, "outside_scope")
    assert await desk.client.history(median) == ()
    assert (await desk.client.progress(median)).subtasks == ()


CALLS = [
    ("POST", "/submissions"),
    ("POST", "/conclusions"),
    ("POST", "/reviews"),
    ("POST", "/dismissals"),
    ("DELETE", "/dismissals/finding-0?subtask=mean"),
    ("GET", "/progress"),
    ("GET", "/history"),
    ("GET", "/history/" + "0" * 32),
    ("PUT", "/notebook"),
    ("GET", "/notebook/versions"),
    ("GET", "/notebook/versions/" + "0" * 64),
]
HUB_CALLS = [
    ("PUT", "/users/ada/cases/numbers/notebook"),
    ("GET", "/users/ada/cases/numbers/notebook"),
    ("GET", "/users/ada/standing"),
    ("GET", "/users/ada/subtasks"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
class TestScopes:
    async def test_missing(self, desk: Fixture, method: str, path: str) -> None:
        async with in_process_client(desk.app, "gateway") as http:
            response = await http.request(method, path)
        assert (response.status_code, response.json()["error"]) == (401, "scope_missing")

    async def test_forged(self, desk: Fixture, method: str, path: str) -> None:
        forger = ScopeMinter(Ed25519PrivateKey.generate())
        token = forger.mint(user="ada", role=Role.ADMIN, case="numbers", case_version="1" * 64)
        async with in_process_client(desk.app, "gateway") as http:
            response = await http.request(method, path, headers={SCOPE_HEADER: token})
        assert (response.status_code, response.json()["error"]) == (401, "scope_invalid")

    async def test_expired(self, desk: Fixture, method: str, path: str) -> None:
        token = desk.minter.mint(
            user="ada",
            role=Role.LEARNER,
            case="numbers",
            case_version="1" * 64,
            lifetime=timedelta(seconds=-1),
        )
        async with in_process_client(desk.app, "gateway") as http:
            response = await http.request(method, path, headers={SCOPE_HEADER: token})
        assert (response.status_code, response.json()["error"]) == (401, "scope_expired")


@pytest.mark.parametrize("caller", ["hub", "feedback", "runner", "cases", "linting", "proxy", "supervisor", "ada"])
async def test_only_the_gateway_speaks_for_learners(desk: Fixture, caller: str) -> None:
    peer = f"env/ada/numbers/{'1' * 64}/n0nce" if caller == "ada" else caller
    async with in_process_client(desk.app, peer) as http:
        for method, path in CALLS:
            response = await http.request(method, path, headers={SCOPE_HEADER: desk.scope()})
            assert (response.status_code, response.json()["error"]) == (403, "caller_not_allowed"), path


@pytest.mark.parametrize("caller", ["gateway", "feedback", "runner", "cases", "linting", "proxy", "supervisor", "ada"])
async def test_only_the_hub_speaks_for_every_learner(desk: Fixture, caller: str) -> None:
    peer = f"env/ada/numbers/{'1' * 64}/n0nce" if caller == "ada" else caller
    async with in_process_client(desk.app, peer) as http:
        for method, path in HUB_CALLS:
            response = await http.request(method, path, headers={SCOPE_HEADER: desk.scope()})
            assert (response.status_code, response.json()["error"]) == (403, "caller_not_allowed"), path


@pytest.mark.parametrize("hostile", ["../../etc/passwd", "%2e%2e", "0" * 31, "0" * 33, "' OR 1=1 --", "\x00"])
async def test_hostile_ids_open_nothing(desk: Fixture, hostile: str) -> None:
    quoted = quote(hostile, safe="")
    async with in_process_client(desk.app, "gateway") as http:
        for path in (f"/history/{quoted}", f"/notebook/versions/{quoted}", f"/history?before={quoted}"):
            response = await http.get(path, headers={SCOPE_HEADER: desk.scope()})
            assert response.status_code in {404, 422}, path
            assert set(response.json()) == {"error", "detail", "request_id"}


async def test_who_and_which_case_are_never_taken_from_the_body(desk: Fixture, submit_of: Fixture) -> None:
    body = submit_of("x = 1").model_dump(mode="json") | {"user": "ada", "role": "admin", "case": "numbers"}
    async with in_process_client(desk.app, "gateway") as http:
        response = await http.post("/submissions", json=body, headers={SCOPE_HEADER: desk.scope(user="eve")})
    assert response.status_code == 422
    assert await desk.client.history(desk.scope()) == ()


async def test_a_moment_from_the_future_moves_nothing(desk: Fixture) -> None:
    notebook = {"cells": []}
    for year in (1970, 2099):
        saved = SavedNotebook(saved=datetime(year, 1, 1, tzinfo=UTC), digest="0" * 64, notebook=notebook)
        assert (await desk.client.save_notebook(saved, desk.scope())).saved == desk.clock.now
