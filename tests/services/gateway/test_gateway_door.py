"""Who is let in, as whom, and what a hostile environment can make the gateway believe: nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.feedback import Verdict
from services.contracts.identity import Role
from services.contracts.notebook import notebook_digest
from services.gateway.settings import GatewaySettings
from services.kit.http import in_process_client
from services.kit.scope import ScopeMinter

Fixture = Any

CALLS = [
    ("GET", "/api/me"),
    ("GET", "/api/case"),
    ("POST", "/api/check"),
    ("POST", "/api/review"),
    ("POST", "/api/review/dismissals"),
    ("DELETE", "/api/review/dismissals/rough-0?subtask=mean"),
    ("GET", "/api/history"),
    ("GET", "/api/history/" + "0" * 32),
    ("PUT", "/api/notebook"),
    ("GET", "/api/notebook/versions"),
    ("GET", "/api/notebook/versions/" + "0" * 64),
    ("GET", "/api/assistance"),
    ("POST", "/api/assistance/choice"),
    ("POST", "/api/words"),
    ("POST", "/api/hints"),
    ("GET", "/api/hints?subtask=mean"),
    ("GET", "/api/hints/" + "0" * 32 + "/events"),
    ("POST", "/api/hints/" + "0" * 32 + "/reflection"),
    ("POST", "/api/hints/" + "0" * 32 + "/rating"),
    ("POST", "/api/chat"),
    ("GET", "/api/chat?subtask=mean"),
    ("POST", "/api/chat/reset"),
]


def said(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    assert set(body) == {"error", "detail", "request_id"}
    return response.status_code, body["error"]


class TestEveryCall:
    """One world for all calls: none of them changes anything."""

    async def test_needs_a_token(self, world: Fixture, lab: Fixture) -> None:
        del lab.headers["Authorization"]
        for method, path in CALLS:
            assert said(await lab.request(method, path)) == (401, "token_missing"), path
        assert world.hub.asked == []

    async def test_needs_a_token_the_hub_knows(self, world: Fixture) -> None:
        for method, path in CALLS:
            stolen = world.lab(token="stolen-but-revoked")
            assert said(await stolen.request(method, path)) == (401, "token_invalid"), path

    async def test_needs_a_token_of_the_certificates_own_user(self, world: Fixture) -> None:
        adas = world.hub.add("ada")
        for method, path in CALLS:
            assert said(await world.lab("eve", token=adas).request(method, path)) == (403, "identity_mismatch"), path

    async def test_needs_an_environments_certificate(self, world: Fixture) -> None:
        token = world.hub.add("ada")
        for peer in ("proxy", "hub", "progress", "feedback", "runner", "supervisor"):
            async with in_process_client(world.gateway, peer) as http:
                for method, path in CALLS:
                    response = await http.request(method, path, headers={"Authorization": f"token {token}"})
                    assert said(response) == (403, "caller_not_allowed"), (peer, path)

    async def test_needs_the_hub(self, world: Fixture, lab: Fixture) -> None:
        world.hub.down = True
        for method, path in CALLS:
            response = await lab.request(method, path)
            assert said(response) == (503, "hub_unavailable"), path
            assert "try again in a moment" in response.json()["detail"]

    async def test_is_answered_privately(self, lab: Fixture) -> None:
        for method, path in CALLS:
            headers = (await lab.request(method, path, headers={"Origin": "https://evil.example"})).headers
            assert headers["cache-control"] == "no-store", path
            assert headers["x-content-type-options"] == "nosniff", path
            assert not [name for name in headers if name.startswith("access-control-")], path


@pytest.mark.parametrize(
    "header",
    [
        "",
        "token",
        "token ",
        "Bearer token-of-ada",
        "Basic YWRhOmFkYQ==",
        "token  token-of-ada",
        "token token-of-ada, token token-of-eve",
        "token " + "x" * 600,
        "token short",
        "token with space inside",
    ],
)
async def test_an_odd_authorization_header_is_none(world: Fixture, lab: Fixture, header: str) -> None:
    lab.headers["Authorization"] = header
    assert said(await lab.get("/api/me")) == (401, "token_missing")
    assert world.hub.asked == []


async def test_two_authorization_headers_are_none(world: Fixture, lab: Fixture) -> None:
    eves = world.hub.add("eve")
    del lab.headers["Authorization"]
    headers = [("Authorization", "token token-of-ada"), ("Authorization", f"token {eves}")]
    assert said(await lab.get("/api/me", headers=headers)) == (401, "token_missing")


async def test_a_services_token_at_the_hub_names_no_learner(world: Fixture) -> None:
    token = world.hub.add("ada", kind="service")
    assert said(await world.lab("ada", token=token).get("/api/me")) == (401, "token_invalid")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_hub_in_trouble_is_a_clear_503(world: Fixture, lab: Fixture, status: int) -> None:
    world.hub.status = status
    assert said(await lab.get("/api/me")) == (503, "hub_unavailable")
    world.hub.status = 200
    assert (await lab.get("/api/me")).status_code == 200


class TestSpoofing:
    HEADERS = (
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-User", "bob"),
        ("X-Remote-User", "bob"),
        ("X-SSL-Client-S-DN", "CN=bob"),
        ("X-Client-Cert", "service/gateway"),
        ("Ssl-Client-Verify", "SUCCESS"),
        ("X-Caseloop-Peer", "env/bob/numbers/" + "1" * 64 + "/n0nce"),
        ("X-JupyterHub-User", "bob"),
        ("Cookie", "jupyterhub-session-id=bob"),
    )

    async def test_headers_make_nobody_else_of_a_learner(self, lab: Fixture) -> None:
        assert (await lab.get("/api/me", headers=dict(self.HEADERS))).json()["user"] == "ada"

    async def test_a_scope_token_from_outside_is_not_listened_to(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        bobs = world.minter.mint(user="bob", role=Role.ADMIN, case="numbers", case_version="1" * 64)
        lab.headers[SCOPE_HEADER] = bobs
        await checked(lab, check_of("right"))
        assert {scope.user for scope in world.judge.scopes} == {"ada"}
        assert await world.progress.history(world.scope("bob")) == ()

    @pytest.mark.parametrize(
        "extra", [{"role": "admin"}, {"user": "bob"}, {"case": "other"}, {"version": "2" * 64}, {"quota": 10**6}]
    )
    async def test_a_body_cannot_say_who_asks_or_how_often(
        self, world: Fixture, lab: Fixture, check_of: Fixture, extra: dict[str, object]
    ) -> None:
        assert said(await lab.post("/api/check", json=check_of("right") | extra)) == (422, "invalid_request")
        assert world.judge.requests == []

    async def test_query_parameters_change_nothing(self, world: Fixture, lab: Fixture) -> None:
        answer = await lab.get("/api/case", params={"case": "other", "version": "2" * 64, "user": "bob"})
        assert (answer.json()["user"], answer.json()["version"]) == ("ada", "1" * 64)

    async def test_the_role_comes_from_the_hubs_groups(
        self, world: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        for n, (groups, role) in enumerate(
            [((), "learner"), (("mentors",), "mentor"), (("qa",), "qa"), (("qa", "admins", "mentors"), "admin")]
        ):
            await checked(world.lab(f"user{n}", *groups), check_of("wrong"))
            assert world.judge.scopes[-1].role == role

    async def test_a_certificate_that_pairs_a_case_with_anothers_version(self, world: Fixture) -> None:
        response = await world.lab(case="other-case").get("/api/case")
        assert said(response) == (403, "case_mismatch")

    async def test_the_certificates_case_bounds_what_is_seen(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        """The same person in another case's environment sees nothing of this one."""
        answer = (await checked(lab, check_of("right")))[-1][1]
        other = world.lab(case="other-case")
        assert (await other.get("/api/history")).json() == []
        assert said(await other.get(f"/api/history/{answer['submission']}")) == (404, "submission_not_found")


class TestForeignIds:
    async def test_versions_and_notebooks_of_others_do_not_exist(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        answer = (await checked(lab, check_of("right")))[-1][1]
        notebook = {"cells": ["mine"]}
        body = {"saved": "2026-11-20T12:00:00Z", "digest": notebook_digest(notebook), "notebook": notebook}
        digest = (await lab.put("/api/notebook", json=body)).json()["digest"]
        eve = world.lab("eve", "mentors", "admins")
        assert said(await eve.get(f"/api/history/{answer['submission']}")) == (404, "submission_not_found")
        assert said(await eve.get("/api/history", params={"before": answer["submission"]})) == (
            404,
            "submission_not_found",
        )
        assert said(await eve.get(f"/api/notebook/versions/{digest}")) == (404, "notebook_not_found")
        assert (await eve.get("/api/history")).json() == (await eve.get("/api/notebook/versions")).json() == []

    async def test_an_equal_solution_of_another_learner_is_judged_anew(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        await checked(lab, check_of("right"))
        eves = await checked(world.lab("eve"), check_of("right"))
        assert eves[-1][1]["repeated"] is False
        assert len(world.judge.requests) == 2

    async def test_an_equal_check_of_another_learner_is_not_joined(
        self, world: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        tasks = [asyncio.create_task(checked(world.lab(user), check_of("hang right"))) for user in ("ada", "eve")]
        async with asyncio.timeout(30):
            while world.judge.running < 2:
                await asyncio.sleep(0.005)
        world.judge.release.set()
        adas, eves = await asyncio.gather(*tasks)
        assert adas[-1][1]["submission"] != eves[-1][1]["submission"]


class TestScopeTokensBehindTheGateway:
    """The scope tokens that the gateway mints, replayed by somebody who got hold of one."""

    async def test_a_token_lives_minutes_and_names_one_subtask(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        await checked(lab, check_of("right"))
        (scope,) = world.judge.scopes
        assert timedelta(minutes=4) < scope.expires - datetime.now(UTC) <= timedelta(minutes=5)
        assert scope.subtask == "mean"

    async def test_it_opens_no_service_to_an_environment(self, world: Fixture, lab: Fixture) -> None:
        lab.headers[SCOPE_HEADER] = world.scope()
        for path in ("/progress", "/submissions", "/history", "/metrics"):
            assert (await lab.get(path)).status_code in {403, 404}

    async def test_each_call_behind_the_gateway_has_a_token_of_its_own(
        self, world: Fixture, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        forged = ScopeMinter(Ed25519PrivateKey.generate()).mint(
            user="ada", role=Role.ADMIN, case="numbers", case_version="1" * 64
        )
        with pytest.raises(Exception, match="scope_invalid"):
            await world.progress.history(forged)
        answer = (await checked(lab, check_of("right")))[-1][1]
        assert answer["feedback"]["verdict"] == Verdict.APPROVED


class TestRateLimit:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(
            requests_per_second=0.001, request_burst=5, checks_per_second=0.001, check_burst=2, shutdown_grace=0.1
        )

    async def test_one_learners_flood_ends_at_the_door_and_hurts_nobody_else(self, world: Fixture) -> None:
        flood = [await world.lab(token="guess-number-" + str(n)).get("/api/me") for n in range(8)]
        assert [said(response)[0] for response in flood] == [401] * 5 + [429] * 3
        assert len(world.hub.asked) == 5
        assert (await world.lab("bob").get("/api/me")).status_code == 200

    async def test_several_environments_of_a_learner_share_the_limit(self, world: Fixture) -> None:
        for n in range(5):
            assert (await world.lab(case=f"case-{n}").get("/api/me")).status_code == 200
        assert said(await world.lab(case="case-9").get("/api/me")) == (429, "too_many_requests")

    async def test_checks_have_a_tighter_limit_of_their_own(
        self, lab: Fixture, check_of: Fixture, checked: Fixture
    ) -> None:
        await checked(lab, check_of("right"))
        await checked(lab, check_of("wrong"))
        response = await lab.post("/api/check", json=check_of("wrong again"))
        assert said(response) == (429, "too_many_requests")
        assert "Try again in" in response.json()["detail"]
        assert (await lab.get("/api/me")).status_code == 200
