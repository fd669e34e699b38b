"""People sign in at an OpenID provider: a real JupyterHub with our configuration, a provider over real TLS."""

import asyncio
import os
import secrets
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from prometheus_client.parser import text_string_to_metric_families
from traitlets.config import Config

from infra.hub.figures import SECRET_NAME as FIGURES_SECRET
from infra.hub.public_address import configure_public_address
from infra.hub.single_sign_on import STATE_SECRET, configure_single_sign_on, groups_of
from infra.keycloak.realm import HUB_SECRET
from infra.production.metrics import metrics_app
from services.gateway.dashboard.registration import ADMIN_SCOPE, MENTOR_SCOPE, QA_SCOPE
from services.kit.settings import OidcSettings
from tests.free_port import free_port
from tests.openid_double import OpenIdDouble
from tests.tls_server import write_server_pair
from vault.adapters.encrypted_file import EncryptedFile
from vault.errors import VaultError

CONFIGURATION = Path(__file__).with_name("hub_with_provider.py")
SECRET = "the Hub's own"
FIGURES_TOKEN = secrets.token_hex(32)
PEOPLE = {
    "lena": {"roles": ["learner", "offline_access"], "groups": ["/classes/ML 2026", "/staff"]},
    "mona": {"roles": ["mentor"], "groups": []},
    "root": {"roles": ["admin"], "groups": []},
    "quinn": {"roles": ["qa"], "groups": []},
    "mallory": {"roles": ["offline_access"], "groups": ["/classes/admins", "/admins", "admins"]},
    "textual": {"roles": "learner admin", "groups": "/classes/x"},
}


@pytest.fixture(scope="module")
def provider(tmp_path_factory) -> Iterator[OpenIdDouble]:
    folder = tmp_path_factory.mktemp("provider")
    write_server_pair(folder / "ca.pem", folder / "key.pem")
    listening = socket.create_server(("127.0.0.1", 0))
    double = OpenIdDouble(f"https://127.0.0.1:{listening.getsockname()[1]}/realms/caseloop", {"jupyterhub": SECRET})
    double.accounts = {name: dict(claims) for name, claims in PEOPLE.items()}
    config = uvicorn.Config(
        double.app(), ssl_certfile=folder / "ca.pem", ssl_keyfile=folder / "key.pem", log_config=None, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    double.ca = folder / "ca.pem"
    yield double
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture(scope="module")
def hub(provider, tmp_path_factory) -> Iterator[str]:
    """The address of a running Hub."""
    folder = tmp_path_factory.mktemp("hub")
    store = EncryptedFile(folder / "secrets")
    store.put(STATE_SECRET, secrets.token_bytes(32))
    store.put(HUB_SECRET, SECRET.encode())
    store.put(FIGURES_SECRET, FIGURES_TOKEN.encode())
    port = free_port()
    told = {
        "HUB_TEST_FOLDER": str(folder),
        "HUB_TEST_PORT": str(port),
        "CASELOOP_OIDC_ISSUER": provider.issuer,
        "CASELOOP_OIDC_CA": str(provider.ca),
        "CASELOOP_OIDC_HUB_ADDRESS": "https://cases.test",
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


class Browser:
    """Follows redirects itself: the Hub's public address is not where it listens."""

    def __init__(self, hub: str, provider: OpenIdDouble) -> None:
        self.hub, self.provider = hub, provider
        context = ssl.create_default_context(cafile=str(provider.ca))
        self.http = httpx.AsyncClient(verify=context, timeout=60)
        self.http.event_hooks["response"].append(self._send_without_tls)

    async def _send_without_tls(self, _: httpx.Response) -> None:
        """What stands before the Hub speaks TLS with browsers, and nothing stands there here."""
        for cookie in self.http.cookies.jar:
            cookie.secure = False

    async def get(self, address: str, **more) -> httpx.Response:
        for _ in range(12):
            address = address.replace("https://cases.test", self.hub)
            answer = await self.http.get(httpx.URL(self.hub).join(address), **more)
            if not answer.is_redirect or urlsplit(answer.headers["location"]).path.startswith("/user/"):
                return answer
            address = str(answer.url.join(answer.headers["location"]))
        raise AssertionError(f"led around in circles: {address}")

    async def sign_in(self, name: str) -> httpx.Response:
        self.provider.signed_in = name
        return await self.get("/hub/oauth_login?next=%2Fhub%2Ftoken")

    async def ask(self, method: str, path: str) -> httpx.Response:
        """Something of the Hub's interface, as its own pages do."""
        xsrf = next(one.value for one in self.http.cookies.jar if one.name == "_xsrf" and one.path == "/hub/")
        return await self.http.request(method, f"{self.hub}/hub/api/{path}", headers={"x-xsrftoken": xsrf}, json={})

    async def me(self) -> httpx.Response:
        # as the Hub's own pages ask
        return await self.http.get(f"{self.hub}/hub/api/user", headers={"referer": f"{self.hub}/hub/token"})


@pytest.fixture
async def browser(hub, provider) -> AsyncIterator[Browser]:
    made = Browser(hub, provider)
    async with asyncio.timeout(100):
        while True:
            try:
                if (await made.http.get(f"{hub}/hub/health")).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    yield made
    provider.accounts = {name: dict(claims) for name, claims in PEOPLE.items()}
    await made.http.aclose()


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
    await browser.http.get(f"{browser.hub}/hub/logout")
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
async def test_whoever_has_no_role_of_ours_does_not_get_in(browser, name):
    """Whatever his classes and groups are called."""
    assert (await browser.sign_in(name)).status_code == 403
    assert (await browser.me()).status_code == 403


async def test_a_lost_role_is_lost_here_too_when_the_hub_asks_again(browser, provider):
    await browser.sign_in("root")
    provider.accounts["root"] = {"roles": ["learner"], "groups": []}
    async with asyncio.timeout(60):
        while (me := (await browser.me()).json())["groups"] != ["learners"]:
            await asyncio.sleep(0.2)
    assert "admin-ui" not in me["scopes"]


async def test_whoever_is_shut_out_at_the_provider_is_out_here(browser, provider):
    await browser.sign_in("lena")
    assert (await browser.me()).status_code == 200
    del provider.accounts["lena"]
    async with asyncio.timeout(60):
        while (await browser.me()).status_code == 200:
            await asyncio.sleep(0.2)


async def test_a_code_counts_in_the_browser_that_asked_for_it_only(browser, provider, hub):
    other = Browser(hub, provider)
    provider.signed_in = "root"
    begun = await browser.http.get(f"{hub}/hub/oauth_login")
    given = await browser.http.get(begun.headers["location"])
    answer = await other.http.get(given.headers["location"].replace("https://cases.test", hub))
    await other.http.aclose()
    assert answer.status_code == 400
    assert "code_challenge=" in begun.headers["location"]


async def test_signing_out_ends_the_session_at_the_provider(browser, provider):
    await browser.sign_in("lena")
    await browser.get("/hub/logout")
    assert provider.ended[-1] == {
        "client_id": "jupyterhub", "post_logout_redirect_uri": "https://cases.test/hub/login",
    }  # fmt: skip
    assert (await browser.me()).status_code == 403


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
