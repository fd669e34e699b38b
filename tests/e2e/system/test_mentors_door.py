"""The way to the mentors' desk in the running system: the Hub's page, its sign-in, its proxy, a real browser."""

import contextlib
import json
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.system.caseloop_person import Person
from tests.e2e.system.caseloop_system import System, eventually
from tests.e2e.system.one_home import published_system
from tests.e2e.system.published_home import PublishedHome

pytestmark = [pytest.mark.browser, pytest.mark.sandbox, pytest.mark.timeout(600)]
DESK = "/services/caseloop/"
SignIn = Callable[[str], Person]


@pytest.fixture(scope="module")
def system(project: Path, published_home: PublishedHome) -> Iterator[System]:
    with published_system(project, published_home) as running:
        yield running


@contextlib.contextmanager
def at_a_browser(browser: Browser, system: System, name: str) -> Iterator[Page]:
    """A person who is signed in at the Hub and looks at «Your cases»."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.goto(system.url)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(system.passwords[name])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your cases")).to_be_visible()
    yield page
    context.close()


def test_a_mentor_goes_from_the_hubs_page_to_the_desk_and_signs_out(browser: Browser, system: System) -> None:
    with at_a_browser(browser, system, "mentor") as page:
        refused: list[str] = []
        page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
        page.get_by_role("link", name="Mentors’ desk").click()
        page.wait_for_url(f"{system.url}{DESK}**")
        # the page names itself after what it shows first
        expect(page).to_have_title("Queue · Caseloop")
        expect(page.locator("#root")).not_to_be_empty()
        me = page.evaluate("async () => (await fetch('api/me')).json()")
        assert (me["user"], me["roles"]) == ("mentor", ["mentor"])
        assert refused == []
        (cookie,) = [one for one in page.context.cookies(system.url + DESK) if one["name"] == "caseloop-desk"]
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", DESK)
        assert "caseloop-desk" not in page.evaluate("document.cookie")
        forgotten = page.evaluate(
            "async (xsrf) => (await fetch('logout', {method: 'POST', headers: {'X-XSRFToken': xsrf}})).status",
            me["xsrf"],
        )
        assert forgotten == 204
        assert page.evaluate("async () => (await fetch('api/me')).status") == 401


def test_qa_goes_from_the_hubs_page_to_the_runs_and_gets_nothing_of_mentors(browser: Browser, system: System) -> None:
    with at_a_browser(browser, system, "qa") as page:
        expect(page.get_by_role("link", name="Mentors’ desk")).to_have_count(0)
        page.get_by_role("link", name="Quality desk").click()
        page.wait_for_url(f"{system.url}{DESK}**")
        expect(page).to_have_title("Runs · Caseloop")
        expect(page.get_by_role("heading", name="No run yet")).to_be_visible()
        asked = "async path => { const answer = await fetch(path); return [answer.status, await answer.json()]; }"
        assert page.evaluate(asked, "api/me")[1]["roles"] == ["qa"]
        assert page.evaluate(asked, "api/runs")[1]["total"] == 0
        status, refused = page.evaluate(asked, "api/queue")
        assert (status, refused["error"]) == (403, "not_a_mentor")


def test_a_learner_sees_no_link_and_a_plain_page(browser: Browser, system: System) -> None:
    with at_a_browser(browser, system, "learner") as page:
        expect(page.get_by_role("link", name="Mentors’ desk")).to_have_count(0)
        answer = page.goto(system.url + DESK)
        assert answer is not None
        assert answer.status == 403
        expect(page.get_by_role("heading", name="This is not for you")).to_be_visible()
        page.get_by_role("link", name="Your cases").click()
        expect(page.get_by_role("heading", name="Your cases")).to_be_visible()
        page.get_by_role("link", name="Your progress").click()
        expect(page.locator("[data-caseloop='own-empty']")).to_contain_text("You have not checked anything yet")
        with page.expect_download() as download:
            page.locator("[data-caseloop='own-export']").click()
        assert json.loads(download.value.path().read_text())["user"] == "learner"


def test_whoever_is_not_signed_in_signs_in_and_arrives(browser: Browser, system: System) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(system.url + DESK)
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(system.passwords["admin"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{system.url}{DESK}**")
    assert page.evaluate("async () => (await fetch('api/me')).json()")["roles"] == ["admin", "mentor", "qa"]
    context.close()


@pytest.fixture
def person(system: System) -> Iterator[SignIn]:
    """Sign somebody in without a browser."""
    made: list[Person] = []

    def sign_in(name: str) -> Person:
        made.append(Person(system, name).sign_in())
        return made[-1]

    yield sign_in
    for one in made:
        one.http.close()


class TestWithoutABrowser:
    def test_changes_need_the_token_and_come_from_here(self, person: SignIn) -> None:
        mentor = person("mentor")
        assert mentor.http.get(DESK, follow_redirects=True).status_code == 200
        xsrf = mentor.http.get(f"{DESK}api/me").json()["xsrf"]

        def change(headers: dict[str, str]) -> tuple[int, str]:
            answer = mentor.http.post(f"{DESK}api/queue/next", headers=headers)
            return answer.status_code, answer.json()["error"]

        assert change({}) == (403, "xsrf_missing")
        assert change({"X-XSRFToken": xsrf, "Sec-Fetch-Site": "cross-site"}) == (403, "cross_site")
        assert change({"X-XSRFToken": xsrf}) == (404, "queue_empty")

    def test_signing_in_leads_nowhere_else_and_signing_out_deletes_the_hubs_token(
        self, system: System, person: SignIn
    ) -> None:
        mentor = person("mentor")
        arrived = mentor.http.get(f"{DESK}login", params={"next": "//evil.example/"}, follow_redirects=True)
        assert str(arrived.url) == system.url + DESK
        assert _desk_tokens(mentor)
        xsrf = mentor.http.get(f"{DESK}api/me").json()["xsrf"]
        assert mentor.http.post(f"{DESK}logout", headers={"X-XSRFToken": xsrf}).status_code == 204
        assert _desk_tokens(mentor) == []

    def test_a_forged_state_is_refused(self, person: SignIn) -> None:
        mentor = person("mentor")
        answer = mentor.http.get(f"{DESK}oauth_callback", params={"code": "made up", "state": "made up"})
        assert answer.status_code == 400
        assert mentor.http.get(f"{DESK}api/me").status_code == 401

    def test_a_learners_own_token_opens_nothing(self, person: SignIn) -> None:
        learner = person("learner")
        forged = {"X-Forwarded-User": "mentor", "X-Peer": "service/proxy"}
        for path in ("api/me", "api/queue", "api/memory"):
            answer = learner.api("GET", DESK + path)
            assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in")
            assert learner.http.get(DESK + path, headers=forged).status_code == 401

    def test_the_listener_lets_nobody_in_but_the_proxy(self, system: System) -> None:
        run = system.home / "run"
        port = int((run / "dashboard.port").read_text())
        bundle = system.home / "vault" / "authority" / "ca.pem"
        for leaf in (None, run / "gateway.pem", run / "hub.pem"):
            assert _knock(port, bundle, leaf) == "refused"
        assert _knock(port, bundle, run / "proxy.pem") == "401"
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}{DESK}", trust_env=False)

    def test_sessions_survive_a_restart_of_the_services(self, system: System, person: SignIn) -> None:
        mentor = person("mentor")
        mentor.http.get(DESK, follow_redirects=True)
        assert mentor.http.get(f"{DESK}api/me").status_code == 200
        pid = system.child("infra.services_process")
        subprocess.run(["kill", "-9", str(pid)], check=True)

        def back() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return mentor.http.get(f"{DESK}api/me").status_code == 200
            return False

        eventually(lambda: not Path(f"/proc/{pid}").exists(), "the services' process ends")
        eventually(back, "the desk is back, and knows the mentor", 60)


def _desk_tokens(person: Person) -> list[str]:
    answer = person.api("GET", f"/hub/api/users/{person.name}/tokens")
    assert answer.status_code == 200
    return [
        one["id"] for one in answer.json()["api_tokens"] if one.get("oauth_client") == "JupyterHub service caseloop"
    ]


def _knock(port: int, bundle: Path, leaf: Path | None) -> str:
    """What a caller with that certificate hears: a status, or nothing at all."""
    context = ssl.create_default_context(cafile=str(bundle))
    if leaf is not None:
        context.load_cert_chain(leaf)
    with httpx.Client(verify=context, trust_env=False) as client:
        try:
            answer = client.get(
                f"https://127.0.0.1:{port}{DESK}api/me", extensions={"sni_hostname": "dashboard.caseloop.internal"}
            )
        except httpx.TransportError:
            return "refused"
        assert json.loads(answer.content)["error"] == "not_signed_in"
        return str(answer.status_code)
