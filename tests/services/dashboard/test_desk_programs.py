"""Programs at the desk: an account of their own at the OpenID provider, no cookie, no person."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.contracts.identity import Role
from services.gateway.dashboard.programs import Programs
from services.kit.oidc import BearerTokens
from tests.openid_double import OpenIdDouble
from tests.openid_provider.ports import AUDIENCE
from tests.services.evaluation.judged_home import make_home

ISSUER = "https://keycloak.test/realms/caseloop"
Fixture = Any


@pytest.fixture
async def provider(world: Fixture) -> AsyncIterator[OpenIdDouble]:
    """A provider that the desk believes."""
    double = OpenIdDouble(ISSUER)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(double.app())) as http:
        world.desk.state.service.programs = Programs(BearerTokens(http, ISSUER, "caseloop-desk"))
        yield double


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_program_that_signed_in_at_a_real_provider_is_let_in(world, openid_provider):
    nobody = world.browser().http
    admin = bearer(openid_provider.program_token())
    async with httpx.AsyncClient(verify=openid_provider.context(), trust_env=False) as http:
        world.desk.state.service.programs = Programs(BearerTokens(http, openid_provider.issuer, AUDIENCE))
        assert (await nobody.get("/services/caseloop/api/queue", headers=admin)).status_code == 200
        world.desk.state.service.programs = Programs(BearerTokens(http, openid_provider.issuer, "another-desk"))
        assert (await nobody.get("/services/caseloop/api/queue", headers=admin)).status_code == 401


async def test_a_program_with_the_role_administers_without_cookie_and_page_token(world, provider):
    nobody = world.browser().http
    admin = bearer(provider.token(roles=["admin"]))
    assert (await nobody.get("/services/caseloop/api/queue", headers=admin)).status_code == 200
    answer = await nobody.post("/services/caseloop/api/uploads", headers=admin, json={})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")


async def test_a_mentors_program_does_not_administer(world, provider):
    nobody = world.browser().http
    mentor = bearer(provider.token(roles=["mentor"]))
    assert (await nobody.get("/services/caseloop/api/queue", headers=mentor)).status_code == 200
    answer = await nobody.post("/services/caseloop/api/uploads", headers=mentor, json={})
    assert (answer.status_code, answer.json()["error"]) == (403, "not_an_admin")


async def test_a_program_of_qa_measures_and_gets_nothing_of_what_mentors_have(world, provider):
    make_home(world.home / "eval", size=1)
    nobody = world.browser().http
    qa = bearer(provider.token(roles=["qa"]))
    page = await nobody.get("/services/caseloop/api/runs", headers=qa)
    assert page.status_code == 200
    assert {run["suite"] for run in page.json()["items"]} >= {"shipped"}
    answer = await nobody.get("/services/caseloop/api/queue", headers=qa)
    assert (answer.status_code, answer.json()["error"]) == (403, "not_a_mentor")


async def test_every_role_that_a_program_can_be_given_opens_something_but_the_learners(world, provider):
    make_home(world.home / "eval", size=1)
    nobody = world.browser().http
    opened = set()
    for role in Role:
        for path in ("queue", "runs"):
            headers = bearer(provider.token(roles=[role.value]))
            if (await nobody.get(f"/services/caseloop/api/{path}", headers=headers)).status_code == 200:
                opened.add((role, path))
    assert opened == {(Role.MENTOR, "queue"), (Role.QA, "runs"), (Role.ADMIN, "queue"), (Role.ADMIN, "runs")}


@pytest.mark.parametrize("roles", [[], ["learner"], ["Admin"], ["admins"], ["realm-admin"]])
async def test_without_a_role_nobody_sits_down(world, provider, roles):
    answer = await world.browser().http.get("/services/caseloop/api/queue", headers=bearer(provider.token(roles=roles)))
    assert (answer.status_code, answer.json()["error"]) == (403, "not_a_mentor")


async def test_a_token_for_somebody_else_and_two_tokens_open_nothing(world, provider):
    nobody = world.browser().http
    for headers in (
        bearer(provider.token(aud="account")),
        [("authorization", f"Bearer {provider.token()}")] * 2,
    ):
        answer = await nobody.get("/services/caseloop/api/queue", headers=headers)
        assert answer.status_code == 401


async def test_a_bad_token_is_not_made_good_by_a_cookie(world, provider):
    mona = world.browser()
    await mona.sign_in("mona")
    assert (await mona.api("GET", "queue")).status_code == 200
    answer = await mona.http.get("/services/caseloop/api/queue", headers=bearer(provider.token(aud="account")))
    assert answer.status_code == 401


async def test_without_a_provider_no_program_gets_in(world):
    double = OpenIdDouble(ISSUER)
    answer = await world.browser().http.get("/services/caseloop/api/queue", headers=bearer(double.token()))
    assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in")
