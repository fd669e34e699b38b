"""People sign in at an OpenID provider: a real JupyterHub with our configuration, a provider over real TLS.

The provider is the certified one from npm, or the Keycloak that CASELOOP_TEST_KEYCLOAK_ADDRESS names.
"""

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from prometheus_client.parser import text_string_to_metric_families
from traitlets.config import Config

from infra.hub.figures import SECRET_NAME as FIGURES_SECRET
from infra.hub.public_address import configure_public_address
from infra.hub.signing_out import way_out
from infra.hub.single_sign_on import STATE_SECRET, configure_single_sign_on, groups_of
from infra.keycloak.realm import HUB_SECRET
from infra.production.metrics import metrics_app
from services.gateway.dashboard.registration import ADMIN_SCOPE, MENTOR_SCOPE, QA_SCOPE
from services.kit.settings import OidcSettings
from tests.free_port import free_port
from tests.openid_provider.browser import Browser, browsing, forms
from tests.openid_provider.ports import HUB_ADDRESS, OpenIdProvider, Person
from vault.adapters.encrypted_file import EncryptedFile
from vault.errors import VaultError

CONFIGURATION = Path(__file__).with_name("hub_with_provider.py")
FIGURES_TOKEN = secrets.token_hex(32)
PEOPLE = {
    "lena": Person(roles=["learner", "offline_access"], groups=["/classes/ML 2026", "/staff"]),
    "mona": Person(roles=["mentor"]),
    "root": Person(roles=["admin"]),
    "quinn": Person(roles=["qa"]),
    "mallory": Person(roles=["offline_access"], groups=["/classes/admins", "/admins", "admins"]),
    "textual": Person(roles="learner admin", groups="/classes/x"),
}


@pytest.fixture(scope="module")
def hub(openid_provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running Hub."""
    folder = tmp_path_factory.mktemp("hub")
    store = EncryptedFile(folder / "secrets")
    store.put(STATE_SECRET, secrets.token_bytes(32))
    store.put(HUB_SECRET, openid_provider.hub_secret.encode())
    store.put(FIGURES_SECRET, FIGURES_TOKEN.encode())
    port = free_port()
    told = {
        "HUB_TEST_FOLDER": str(folder),
        "HUB_TEST_PORT": str(port),
        "CASELOOP_OIDC_ISSUER": openid_provider.issuer,
        "CASELOOP_OIDC_HUB_ADDRESS": HUB_ADDRESS,
        **({} if openid_provider.ca is None else {"CASELOOP_OIDC_CA": str(openid_provider.ca)}),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(CONFIGURATION)],
            env={**os.environ, **told}, cwd=folder, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        print((folder / "log").read_text()[-6000:])


@pytest.fixture
def provider(openid_provider: OpenIdProvider) -> OpenIdProvider:
    """With the people of these tests, as they are in the beginning."""
    openid_provider.have(PEOPLE)
    return openid_provider


@pytest.fixture
async def browser(hub: str, provider: OpenIdProvider) -> AsyncIterator[Browser]:
    async with browsing(hub, provider) as made:
        yield made


@pytest.mark.parametrize(
    ("name", "groups", "scopes"),
    [
        ("lena", {"learners", "class-ML 2026"}, set()),
        ("mona", {"mentors"}, {MENTOR_SCOPE}),
        ("root", {"admins"}, {MENTOR_SCOPE, QA_SCOPE, ADMIN_SCOPE, "admin-ui", "servers"}),
        ("quinn", {"qa"}, {QA_SCOPE}),
    ],
)
async def test_roles_and_classes_become_groups_and_scopes(browser, name, groups, scopes):
    assert (await browser.sign_in(name)).status_code == 200
    me = (await browser.me()).json()
    assert (me["name"], set(me["groups"])) == (name, groups)
    assert set(me["scopes"]) & {MENTOR_SCOPE, QA_SCOPE, ADMIN_SCOPE, "admin-ui", "servers"} == scopes


async def test_admins_look_after_people_and_servers_and_have_no_way_into_one(browser):
    """Nor does root keep the Hub's own role, as which the Hub's database had him when it was started."""
    await browser.sign_in("lena")
    await browser.sign_out()
    await browser.sign_in("root")
    me = (await browser.me()).json()
    assert me["admin"] is False
    assert me["roles"] == ["user"], "those of groups are not named here"
    of_others = {scope.partition("!")[0] for scope in me["scopes"] if not scope.endswith("=root")}
    dangerous = {"access:servers", "shares", "tokens", "admin:users", "admin:auth_state", "admin:groups", "proxy"}
    assert of_others & dangerous == set()

    token = (await browser.ask("POST", "users/root/tokens")).json()["token"]
    root = {"authorization": f"token {token}"}

    async def ask(method: str, path: str, **more) -> httpx.Response:
        return await browser.http.request(method, f"{browser.hub}/hub/api/{path}", headers=root, **more)

    browser.http.cookies.clear()
    assert "lena" in {person["name"] for person in (await ask("GET", "users")).json()}
    assert (await ask("GET", "groups")).status_code == 200
    # she has none, which is said to whoever may end one
    assert (await ask("DELETE", "users/lena/server")).status_code in (204, 400, 404)
    refused = {
        ("POST", "users/lena/tokens"): {},
        ("PATCH", "users/lena"): {"name": "somebody"},
        ("PATCH", "users/root"): {"admin": True},
        ("POST", "users/mallory"): {},
        ("PATCH", "proxy"): {"api_url": "http://127.0.0.1:1"},
        ("POST", "shares/lena/none"): {"user": "root"},
    }
    for (method, path), body in refused.items():
        assert (await ask(method, path, json=body)).status_code in (403, 404), path
    assert (await ask("DELETE", "users/lena")).status_code == 204


async def test_all_cookies_are_for_tls_only_whatever_the_last_proxy_says(browser):
    """The Hub's own proxy adds that it was asked without TLS, and the Hub would believe the last in the row."""
    came: dict[str, str] = {}

    async def note(answer: httpx.Response) -> None:
        if str(answer.url).startswith(browser.hub):
            given = [cookie for cookie in answer.headers.get_list("set-cookie") if '=""' not in cookie]
            came.update({cookie.partition("=")[0]: cookie for cookie in given})

    browser.http.event_hooks["response"].append(note)
    browser.http.headers["x-forwarded-proto"] = "https,http"
    assert (await browser.sign_in("lena")).status_code == 200
    assert {"_xsrf", "jupyterhub-hub-login", "jupyterhub-session-id", "oauthenticator-state"} <= set(came)
    assert [name for name, cookie in came.items() if "; secure" not in cookie.lower()] == []


@pytest.mark.parametrize(
    ("address", "known", "secure"),
    [
        ("", False, False),
        ("https://cases.school.example", True, True),
        ("http://10.0.0.5", True, False),
    ],
)
def test_the_hub_is_told_where_browsers_find_it(address, known, secure):
    config = Config()
    configure_public_address(config, address)
    assert ("public_url" in config.JupyterHub) is known
    assert not known or config.JupyterHub.public_url == f"{address}/"
    assert ("tornado_settings" in config.JupyterHub) is secure


@pytest.mark.parametrize("name", ["mallory", "textual"])
async def test_whoever_has_no_role_of_ours_does_not_get_in(browser, provider, name):
    """Whatever his classes and groups are called."""
    if name == "textual" and not provider.says_anything:
        pytest.skip("Keycloak gives roles out as a list, always")
    assert (await browser.sign_in(name)).status_code == 403
    assert (await browser.me()).status_code == 403


async def test_a_lost_role_is_lost_here_too_when_the_hub_asks_again(browser, provider):
    await browser.sign_in("root")
    provider.have({**PEOPLE, "root": Person(roles=["learner"])})
    async with asyncio.timeout(60):
        while (me := (await browser.me()).json())["groups"] != ["learners"]:
            await asyncio.sleep(0.2)
    assert "admin-ui" not in me["scopes"]


async def test_whoever_is_shut_out_at_the_provider_is_out_here(browser, provider):
    await browser.sign_in("lena")
    assert (await browser.me()).status_code == 200
    provider.shut_out("lena")
    async with asyncio.timeout(60):
        while (await browser.me()).status_code == 200:
            await asyncio.sleep(0.2)


async def test_a_sign_in_that_is_over_is_renewed_without_asking_anybody(browser, provider):
    if not provider.says_anything:
        pytest.skip("a token of Keycloak's is over after five minutes")
    await browser.sign_in("lena")
    before = len(provider.grants())
    provider.end_access_tokens()
    async with asyncio.timeout(60):
        while not provider.grants()[before:]:
            assert (await browser.me()).json()["name"] == "lena"
            await asyncio.sleep(0.2)
    assert set((await browser.me()).json()["groups"]) == {"learners", "class-ML 2026"}
    assert set(provider.grants()[before:]) == {"refresh_token"}


async def test_a_code_counts_in_the_browser_that_asked_for_it_only(browser, provider, hub):
    asked = await browser.http.get(f"{hub}/hub/oauth_login")
    challenge = parse_qs(urlsplit(asked.headers["location"]).query)
    assert (challenge["code_challenge_method"], len(challenge["code_challenge"][0])) == (["S256"], 43)
    given = await browser.enter(await browser.get(asked.headers["location"]), "root", until="/hub/oauth_callback")
    code = given.headers["location"].replace(HUB_ADDRESS, hub)
    async with browsing(hub, provider) as other:
        assert (await other.http.get(code)).status_code == 400
        assert (await other.me()).status_code == 403
    await browser.get(code)
    assert (await browser.me()).json()["name"] == "root"


async def test_signing_out_ends_the_session_at_the_provider(browser, provider):
    """Else whoever sits down at the machine next would be let in as the one before."""
    again = "/hub/oauth_login?next=%2Fhub%2Ftoken"
    await browser.sign_in("lena")
    browser.forget_the_hub()
    assert (await browser.me()).status_code == 403
    await browser.get(again)
    assert (await browser.me()).json()["name"] == "lena", "the provider knows her"

    left = (await browser.get("/hub/logout", until="/realms/")).headers["location"]
    assert (await browser.me()).status_code == 403
    hint = jwt.decode(parse_qs(urlsplit(left).query)["id_token_hint"][0], options={"verify_signature": False})
    assert (hint["iss"], hint["aud"]) == (provider.issuer, "jupyterhub")
    back = await browser.leave(left)
    assert (back.status_code, str(back.url)) == (200, f"{browser.hub}/hub/login")
    assert [form for form in forms(await browser.get(again)) if "password" in form.fields], "the provider asks again"
    assert (await browser.me()).status_code == 403


@pytest.mark.parametrize("state", [None, {}, {"id_token": None}, {"id_token": ["a"]}])
def test_without_the_providers_token_the_way_out_is_the_one_that_asks(state):
    assert way_out("https://k/logout?client_id=jupyterhub", state) == "https://k/logout?client_id=jupyterhub"


@pytest.mark.parametrize(
    ("user", "groups"),
    [
        ({}, set()),
        ({"roles": None, "groups": None}, set()),
        ({"roles": "admin"}, set()),
        ({"roles": [["admin"], {"admin": 1}, "Admin", " admin"]}, set()),
        ({"groups": ["/classes/", "/classes/a", "classes/b", "/other/c", 7]}, {"class-a"}),
        ({"roles": ["admin", "learner"], "groups": ["/classes/admins"]}, {"admins", "learners", "class-admins"}),
    ],
)
def test_only_exact_names_of_roles_count(user, groups):
    assert groups_of({"oauth_user": user}) == groups


@pytest.mark.parametrize(
    ("given", "missing"),
    [({}, "CASELOOP_OIDC_ISSUER"), ({"issuer": "https://k/realms/c"}, "CASELOOP_OIDC_HUB_ADDRESS")],
)
def test_what_is_not_set_is_told_by_its_name(tmp_path, given, missing):
    with pytest.raises(VaultError, match=missing):
        configure_single_sign_on(Config(), OidcSettings(_env_file=None, **given), EncryptedFile(tmp_path / "s"))


async def test_the_hubs_figures_are_for_their_door_and_the_door_may_nothing_else(hub: str) -> None:
    token = {"Authorization": f"token {FIGURES_TOKEN}"}
    async with (
        httpx.AsyncClient(base_url=f"{hub}/hub", headers=token, trust_env=False, timeout=60) as reader,
        httpx.AsyncClient(base_url=f"{hub}/hub", trust_env=False, timeout=60) as anybody,
        httpx.AsyncClient(transport=httpx.ASGITransport(metrics_app({"hub": reader})), base_url="http://door") as door,
    ):
        figures = await door.get("/metrics/hub")
        assert figures.status_code == 200
        assert {"jupyterhub_total_users", "jupyterhub_running_servers"} <= {
            family.name for family in text_string_to_metric_families(figures.text)
        }
        assert (await anybody.get("/metrics")).status_code == 403
        for method, path in (("GET", "/api/users"), ("GET", "/api/proxy"), ("POST", "/api/shutdown")):
            assert (await reader.request(method, path)).status_code == 403, path
