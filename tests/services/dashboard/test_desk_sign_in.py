"""Who gets in at the browsers' door, who does not, and what a cookie is worth."""

from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import text

from services.gateway import hub_users
from services.gateway.dashboard import sign_in
from services.kit.http import in_process_client
from tests.databases import ON_BOTH
from tests.services.dashboard.hub_double import NOBODY

Fixture = Any
PREFIX = "/services/caseloop/"
CALLBACK = f"{PREFIX}oauth_callback"
ENVIRONMENT = "env/lena/numbers/" + "1" * 64 + "/n1"


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Hub is asked each time, as after half a minute."""
    monkeypatch.setattr(hub_users, "FRESH_SECONDS", 0.0)


class TestTheWayIn:
    async def test_a_mentor_is_led_to_the_hub_and_back_to_the_page(self, world: Fixture) -> None:
        mona = world.browser()
        sent = await mona.http.get(PREFIX)
        assert (sent.status_code, sent.headers["location"]) == (302, f"{PREFIX}login?next=%2Fservices%2Fcaseloop%2F")
        ended = await mona.sign_in("mona")
        assert (ended.status_code, ended.headers["location"]) == (303, PREFIX)
        page = await mona.http.get(PREFIX)
        assert page.status_code == 200
        assert "Mentors’ desk" in page.text
        me = (await mona.api("GET", "me")).json()
        assert (me["user"], me["roles"]) == ("mona", ["mentor"])

    async def test_an_admin_is_a_mentor_too(self, world: Fixture) -> None:
        root = world.browser()
        await root.sign_in("root")
        assert (await root.api("GET", "me")).json()["roles"] == ["admin", "mentor"]
        assert (await root.api("GET", "queue")).status_code == 200

    async def test_the_session_cookie_is_for_this_path_and_no_script(self, world: Fixture) -> None:
        ended = await world.browser().sign_in("mona")
        cookies = SimpleCookie()
        for line in ended.headers.get_list("set-cookie"):
            cookies.load(line)
        own = cookies["caseloop-desk"]
        assert (own["path"], own["httponly"], own["samesite"], own["secure"]) == (PREFIX, True, "lax", "")
        assert int(own["max-age"]) == 8 * 3600

    @pytest.mark.parametrize(
        ("said", "secure"), [("https", True), ("https,http", True), ("http,https", False), ("", False)]
    )
    async def test_over_tls_the_cookie_never_travels_without(self, world: Fixture, said: str, secure: bool) -> None:
        browser = world.browser()
        browser.http.headers["X-Forwarded-Proto"] = said
        begun = await browser.http.get(f"{PREFIX}login")
        assert ("; secure" in begun.headers["set-cookie"].lower()) is secure

    async def test_forged_host_headers_lead_nowhere(self, world: Fixture) -> None:
        browser = world.browser()
        browser.http.headers.update({"X-Forwarded-Host": "evil.example", "Host": "evil.example"})
        sent = await browser.http.get(PREFIX)
        begun = await browser.http.get(sent.headers["location"])
        ended = await browser.http.get(world.hub.authorize(begun.headers["location"], "mona"))
        assert "evil" not in sent.headers["location"] + begun.headers["location"] + ended.headers["location"]

    @pytest.mark.parametrize(
        "then",
        [
            "//evil.example",
            "https://evil.example/",
            "/services/caseloop//evil.example",
            "/services/caseloop/..//evil",
            "/services/caseloop/../../user/lena/",
            "/services/caseloop/%2e%2e/",
            "/services/caseloop/\\evil.example",
            "/services/caseloop/\r\nSet-Cookie: a=b",
            "/services/caseloopevil",
            "/hub/logout",
            "javascript:alert(1)",
            "",
        ],
    )
    async def test_no_open_redirect(self, world: Fixture, then: str) -> None:
        assert (await world.browser().sign_in("mona", then)).headers["location"] == PREFIX

    async def test_a_place_of_the_desk_is_returned_to(self, world: Fixture) -> None:
        ended = await world.browser().sign_in("mona", f"{PREFIX}queue/0123")
        assert ended.headers["location"] == f"{PREFIX}queue/0123"

    async def test_two_tabs_sign_in_at_once(self, world: Fixture) -> None:
        browser = world.browser()
        begun = [await browser.http.get(f"{PREFIX}login") for _ in range(2)]
        for one in begun:
            ended = await browser.http.get(world.hub.authorize(one.headers["location"], "mona"))
            assert ended.status_code == 303


class TestForgeries:
    async def test_a_state_of_ones_own_making_is_refused(self, world: Fixture) -> None:
        browser = world.browser()
        begun = await browser.http.get(f"{PREFIX}login")
        code = dict(parse_qsl(urlsplit(world.hub.authorize(begun.headers["location"], "mona")).query))["code"]
        browser.http.cookies.set("caseloop-desk-state-forged", "forged", domain="in-process.caseloop.internal")
        refused = await browser.http.get(CALLBACK, params={"code": code, "state": "forged"})
        assert refused.status_code == 400
        assert "did not work" in refused.text
        assert "caseloop-desk=" not in str(refused.headers.get_list("set-cookie"))

    async def test_a_sign_in_begun_elsewhere_is_refused(self, world: Fixture) -> None:
        """A link that would sign a mentor in as somebody else."""
        attacker, victim = world.browser(), world.browser()
        begun = await attacker.http.get(f"{PREFIX}login")
        link = world.hub.authorize(begun.headers["location"], "theo")
        assert (await victim.http.get(link)).status_code == 400
        assert (await victim.http.get(f"{PREFIX}api/me")).status_code == 401

    async def test_a_state_counts_once(self, world: Fixture) -> None:
        browser = world.browser()
        begun = await browser.http.get(f"{PREFIX}login")
        state = dict(parse_qsl(urlsplit(begun.headers["location"]).query))["state"]
        first = world.hub.authorize(begun.headers["location"], "mona")
        assert (await browser.http.get(first)).status_code == 303
        again = world.hub.authorize(begun.headers["location"], "mona")
        browser.http.cookies.set(
            f"caseloop-desk-state-{''.join(c for c in state[:12] if c.isalnum())}",
            state,
            domain="in-process.caseloop.internal",
        )
        assert (await browser.http.get(again)).status_code == 400

    async def test_a_code_that_the_hub_does_not_know_is_refused(self, world: Fixture) -> None:
        browser = world.browser()
        begun = await browser.http.get(f"{PREFIX}login")
        link = world.hub.authorize(begun.headers["location"], "mona")
        world.hub.codes.clear()
        refused = await browser.http.get(link)
        assert refused.status_code == 400
        assert "The Hub refused" in refused.text

    async def test_a_sign_in_takes_ten_minutes_at_most(self, world: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sign_in, "STATE_SECONDS", -1)
        assert (await world.browser().sign_in("mona")).status_code == 400

    async def test_what_strangers_begin_is_forgotten_beyond_a_limit(
        self, world: Fixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sign_in, "_MOST_PENDING", 3)
        mona = world.browser()
        begun = await mona.http.get(f"{PREFIX}login")
        for _ in range(3):
            await world.browser().http.get(f"{PREFIX}login")
        assert len(world.desk.state.service.sign_in._pending) == 3
        assert (await mona.http.get(world.hub.authorize(begun.headers["location"], "mona"))).status_code == 400

    async def test_a_cookie_of_ones_own_making_is_nothing(self, world: Fixture) -> None:
        browser = world.browser()
        browser.http.cookies.set("caseloop-desk", "a" * 43, domain="in-process.caseloop.internal")
        refused = await browser.http.get(f"{PREFIX}api/me")
        assert (refused.status_code, refused.json()["error"]) == (401, "not_signed_in")


class TestLearners:
    async def test_a_learner_hears_that_it_is_not_for_them_and_gets_no_session(self, world: Fixture) -> None:
        lena = world.browser()
        refused = await lena.sign_in("lena")
        assert refused.status_code == 403
        assert "This is not for you" in refused.text
        assert refused.headers["content-type"].startswith("text/html")
        assert (await lena.http.get(f"{PREFIX}api/queue")).status_code == 401
        assert world.hub.tokens == {}, "the Hub was told to forget the token of the sign-in"

    @pytest.mark.usefixtures("forgetful")
    async def test_a_mentor_who_is_one_no_longer_is_out(self, world: Fixture, mona: Fixture) -> None:
        assert (await mona.api("GET", "queue")).status_code == 200
        world.hub.people["mona"] = NOBODY
        refused = await mona.api("GET", "queue")
        assert (refused.status_code, refused.json()["error"]) == (403, "not_a_mentor")
        page = await mona.http.get(PREFIX)
        assert page.status_code == 403
        assert "This is not for you" in page.text

    async def test_the_name_of_a_group_gives_nothing(self, world: Fixture) -> None:
        """The double says `mentors` for everybody: only scopes count."""
        assert (await world.browser().sign_in("lena")).status_code == 403


@ON_BOTH
class TestSessions:
    async def test_signing_out_ends_the_session_and_the_hub_forgets_the_token(
        self, world: Fixture, mona: Fixture
    ) -> None:
        assert len(world.hub.tokens) == 1
        ended = await mona.http.post(f"{PREFIX}logout", headers={"X-XSRFToken": mona.xsrf})
        assert ended.status_code == 204
        assert "caseloop-desk" not in mona.http.cookies
        assert world.hub.tokens == {}

    async def test_a_stolen_cookie_dies_with_the_sign_out(self, world: Fixture, mona: Fixture) -> None:
        stolen = mona.http.cookies["caseloop-desk"]
        await mona.http.post(f"{PREFIX}logout", headers={"X-XSRFToken": mona.xsrf})
        thief = world.browser()
        thief.http.cookies.set("caseloop-desk", stolen, domain="in-process.caseloop.internal")
        assert (await thief.http.get(f"{PREFIX}api/me")).status_code == 401

    async def test_signing_out_is_for_every_browser_of_the_person_and_nobody_elses(
        self, world: Fixture, mona: Fixture
    ) -> None:
        second, theo = world.browser(), world.browser()
        await second.sign_in("mona")
        await theo.sign_in("theo")
        await mona.http.post(f"{PREFIX}logout", headers={"X-XSRFToken": mona.xsrf})
        assert (await second.api("GET", "me")).status_code == 401
        assert (await theo.api("GET", "me")).status_code == 200
        assert list(world.hub.tokens.values()) == ["theo"]

    async def test_signing_out_works_while_the_hub_is_away(self, world: Fixture, mona: Fixture) -> None:
        world.hub.down = True
        ended = await mona.http.post(f"{PREFIX}logout", headers={"X-XSRFToken": mona.xsrf})
        assert ended.status_code == 204
        assert (await mona.api("GET", "me")).status_code == 401

    async def test_a_session_ends_after_its_time(self, world: Fixture, mona: Fixture) -> None:
        world.clock.pass_(timedelta(hours=7, minutes=59))
        assert (await mona.api("GET", "me")).status_code == 200
        world.clock.pass_(timedelta(minutes=2))
        assert (await mona.api("GET", "me")).status_code == 401

    async def test_one_person_has_twenty_sessions_at_most(self, world: Fixture, mona: Fixture) -> None:
        for _ in range(20):
            world.clock.pass_(timedelta(seconds=1))
            newest = world.browser()
            await newest.sign_in("mona")
        assert (await mona.api("GET", "me")).status_code == 401
        assert (await newest.api("GET", "me")).status_code == 200

    async def test_the_file_of_sessions_opens_nothing(self, world: Fixture, mona: Fixture) -> None:
        cookie, (token,) = mona.http.cookies["caseloop-desk"], world.hub.tokens
        db = world.database("dashboard")
        async with db.read() as session:
            (row,) = (await session.execute(text("SELECT * FROM desk_session"))).all()
        await db.close()
        assert "mona" in row
        everything = repr(row)
        assert cookie not in everything
        assert token not in everything
        assert mona.xsrf not in everything

    async def test_a_hub_that_is_away_is_said_so(self, world: Fixture, mona: Fixture) -> None:
        world.hub.down = True
        fresh = world.browser()
        begun = await fresh.http.get(f"{PREFIX}login")
        said = await fresh.http.get(world.hub.authorize(begun.headers["location"], "mona"))
        assert said.status_code == 503
        assert "cannot be opened right now" in said.text

    async def test_the_hub_is_asked_once_in_half_a_minute(self, world: Fixture, mona: Fixture) -> None:
        for _ in range(5):
            assert (await mona.api("GET", "me")).status_code == 200
        assert world.hub.asked.count("GET /hub/api/user") == 1


class TestCallers:
    @pytest.mark.parametrize("caller", ["gateway", "hub", "feedback", ENVIRONMENT])
    async def test_only_the_proxy_gets_to_the_door(self, world: Fixture, caller: str) -> None:
        async with in_process_client(world.desk, caller) as client:
            for path in (PREFIX, f"{PREFIX}login", f"{PREFIX}api/me", f"{PREFIX}assets/index-Ab12.js"):
                refused = await client.get(path)
                assert (refused.status_code, refused.json()["error"]) == (403, "caller_not_allowed")

    async def test_a_header_makes_nobody_the_proxy(self, world: Fixture) -> None:
        async with in_process_client(world.desk, ENVIRONMENT) as client:
            forged = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Peer": "service/proxy"}
            assert (await client.get(PREFIX, headers=forged)).status_code == 403
