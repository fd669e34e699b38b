"""The desk at a host name of its own: what leads there, what is answered where, and what its cookies are called."""

from http.cookies import SimpleCookie
from typing import Any

import pytest
from pydantic import ValidationError

from services.gateway.dashboard.place import DeskPlace
from services.gateway.dashboard.settings import DashboardSettings
from services.kit.http import in_process_client
from tests.services.dashboard.conftest import Browser
from vault.trust import SUPERVISOR

Fixture = Any
PREFIX = "/services/caseloop/"
DESK, HUB = "https://desk.school.example", "https://learn.school.example"


@pytest.fixture
def settings() -> DashboardSettings:
    return DashboardSettings(address=DESK, hub_address=HUB, heartbeat=0.05)


def elsewhere(world: Fixture, address: str = HUB) -> Browser:
    """A browser that asks at another host."""
    browser: Browser = world.browser()
    browser.http.base_url = address
    return browser


async def test_a_mentor_signs_in_by_way_of_the_hubs_host(world: Fixture) -> None:
    mona = world.browser()
    sent = await mona.http.get(PREFIX)
    assert sent.headers["location"] == f"{PREFIX}login?next=%2Fservices%2Fcaseloop%2F"
    begun = await mona.http.get(sent.headers["location"])
    assert begun.headers["location"].startswith(f"{HUB}/hub/api/oauth2/authorize?")
    back = world.hub.authorize(begun.headers["location"], "mona")
    assert back.startswith(f"{DESK}{PREFIX}oauth_callback?")
    ended = await mona.http.get(back)
    assert (ended.status_code, ended.headers["location"]) == (303, PREFIX)
    assert (await mona.http.get(PREFIX)).status_code == 200
    assert (await mona.http.get(f"{PREFIX}api/me")).json()["user"] == "mona"


async def test_its_cookies_are_of_this_host_alone_whatever_a_proxy_says(world: Fixture) -> None:
    """With the prefix browsers take them from no other host, so none of the school's can put one of its own here."""
    mona = world.browser()
    mona.http.headers["X-Forwarded-Proto"] = "http"
    begun = await mona.http.get(f"{PREFIX}login")
    ended = await mona.http.get(world.hub.authorize(begun.headers["location"], "mona"))
    cookies = SimpleCookie()
    for line in [*begun.headers.get_list("set-cookie"), *ended.headers.get_list("set-cookie")]:
        cookies.load(line)
    assert len(cookies) == 2
    for name, cookie in cookies.items():
        assert name.startswith("__Host-caseloop-desk")
        assert (cookie["path"], cookie["secure"], cookie["httponly"], cookie["domain"]) == ("/", True, True, "")
    me = (await mona.http.get(f"{PREFIX}api/me")).json()
    left = await mona.http.post(f"{PREFIX}logout", headers={"X-XSRFToken": me["xsrf"]})
    # a browser does not forget such a cookie without `Secure`
    assert "__Host-caseloop-desk=" in left.headers["set-cookie"]
    assert "; secure" in left.headers["set-cookie"].lower()
    assert not mona.http.cookies


async def test_a_cookie_without_the_prefix_is_nobodys(world: Fixture, mona: Fixture) -> None:
    thief = world.browser()
    thief.http.cookies.set("caseloop-desk", mona.http.cookies["__Host-caseloop-desk"], domain="desk.school.example")
    assert (await thief.http.get(f"{PREFIX}api/me")).status_code == 401


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        (PREFIX, PREFIX),
        (PREFIX.rstrip("/"), PREFIX.rstrip("/")),
        (f"{PREFIX}queue/0123?a=b%20c&d=%0d%0a", f"{PREFIX}queue/0123?a=b%20c&d=%0d%0a"),
        (f"{PREFIX}api/me", f"{PREFIX}api/me"),
        (f"{PREFIX}/evil.example/", f"{PREFIX}/evil.example/"),
    ],
)
async def test_the_old_path_on_the_hubs_host_leads_there(world: Fixture, asked: str, leads_to: str) -> None:
    answer = await elsewhere(world).http.get(asked)
    assert (answer.status_code, answer.headers["location"]) == (307, f"{DESK}{leads_to}")


async def test_nothing_is_answered_at_another_host_to_whoever_is_signed_in(world: Fixture, mona: Fixture) -> None:
    """As if a browser had sent the cookie along: it does not, but a name that leads here could be anybody's."""
    cookie = {"Cookie": f"__Host-caseloop-desk={mona.http.cookies['__Host-caseloop-desk']}"}
    for address in (HUB, "https://lena.learn.school.example", "https://desk.school.example.evil.example"):
        other = elsewhere(world, address)
        asked = await other.http.get(f"{PREFIX}api/me", headers=cookie)
        assert (asked.status_code, asked.headers["location"]) == (307, f"{DESK}{PREFIX}api/me")
        changed = await other.http.post(
            f"{PREFIX}api/queue/next", headers=cookie | {"X-XSRFToken": mona.xsrf, "Sec-Fetch-Site": "same-origin"}
        )
        assert (changed.status_code, changed.json()["error"]) == (421, "desk_elsewhere")


async def test_the_hubs_host_is_the_same_site_and_changes_nothing(world: Fixture, mona: Fixture) -> None:
    """Browsers send the cookie from learn.school.example: of one site with us, and of another origin."""
    headers = {"X-XSRFToken": mona.xsrf, "Sec-Fetch-Site": "same-site", "Origin": HUB}
    refused = await mona.http.post(f"{PREFIX}api/queue/next", headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (403, "cross_site")
    seen = await mona.http.get(f"{PREFIX}api/me", headers={"Sec-Fetch-Site": "same-site", "Origin": HUB})
    assert "access-control-allow-origin" not in seen.headers
    assert seen.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("host", ["desk.school.example", "DESK.school.example", "desk.school.example:443"])
async def test_its_host_is_known_however_it_is_written(world: Fixture, host: str) -> None:
    answer = await world.browser().http.get("/", headers={"Host": host})
    assert (answer.status_code, answer.headers["location"]) == (307, PREFIX)


async def test_beside_the_page_its_host_has_nothing(world: Fixture) -> None:
    browser = world.browser()
    # the last ones are for whoever looks after services, who asks by another name
    for path in ("/hub/login", "/user/lena/", "/services/other/", "/health/ready", "/metrics"):
        assert (await browser.http.get(path)).status_code == 404
    supervisor = in_process_client(world.desk, SUPERVISOR)
    async with supervisor:
        assert (await supervisor.get("/health/ready")).status_code == 200


async def test_links_lead_to_the_hubs_host(world: Fixture) -> None:
    refused = await world.browser().sign_in("lena")
    assert refused.status_code == 403
    assert f'href="{HUB}/hub/cases"' in refused.text
    assert f'href="{HUB}/hub/logout"' in refused.text
    assert f'href="{PREFIX}"' in refused.text


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"address": DESK}, "needs CASELOOP_DASHBOARD_HUB_ADDRESS"),
        ({"address": DESK, "hub_address": DESK}, "another host name"),
        ({"address": "https://a.example:444", "hub_address": "https://A.example"}, "another host name"),
        ({"address": f"{DESK}/path", "hub_address": HUB}, "address"),
        ({"address": "desk.school.example", "hub_address": HUB}, "address"),
    ],
)
def test_addresses_that_keep_nothing_apart_are_refused(given: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        DashboardSettings(**given)  # type: ignore[arg-type]


def test_without_an_address_of_its_own_all_is_a_path_of_the_hubs_host() -> None:
    place = DeskPlace.told_by(DashboardSettings(hub_address=HUB))
    assert (place.at_hub("/hub/cases"), place.redirect_uri) == ("/hub/cases", f"{PREFIX}oauth_callback")
    assert (place.session_cookie, place.session_path) == ("caseloop-desk", PREFIX)
    assert place.is_here("anything.example")
