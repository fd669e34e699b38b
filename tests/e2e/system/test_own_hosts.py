"""A running system where the desk has a host name of its own, and each learner one below the Hub's."""

import contextlib
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.system.caseloop_system import System, eventually
from tests.e2e.system.one_home import published_system
from tests.e2e.system.published_home import PublishedHome
from tests.e2e.system.tls_front import tls_front
from tests.free_port import free_port

pytestmark = [pytest.mark.browser, pytest.mark.sandbox, pytest.mark.timeout(600)]
CASE = "python-basics"
DESK = "/services/caseloop/"
HUB_HOST, DESK_HOST, LEARNER_HOST = "caseloop.localhost", "desk.localhost", "learner.caseloop.localhost"


@dataclass(frozen=True)
class School:
    """A running system behind TLS, with its host names."""

    system: System
    port: int
    certificate: Path

    def at(self, host: str, path: str = "") -> str:
        return f"https://{host}:{self.port}{path}"


@pytest.fixture(scope="module")
def school(project: Path, published_home: PublishedHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    port = free_port()
    told = {
        "CASELOOP_PUBLIC_ADDRESS": f"https://{HUB_HOST}:{port}",
        "CASELOOP_WILDCARD_DOMAIN": f"*.{HUB_HOST}",
        "CASELOOP_DASHBOARD_ADDRESS": f"https://{DESK_HOST}:{port}",
    }
    with (
        published_system(project, published_home, **told) as system,
        tls_front(port, system.port, tmp_path_factory.mktemp("front")) as certificate,
    ):
        yield School(system, port, certificate)


class ToThisMachine(httpx.BaseTransport):
    """Leads every host name here, as the name service of a school would; cookies stay those of the name."""

    def __init__(self, certificate: Path) -> None:
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.HTTPTransport(verify=ssl.create_default_context(cafile=certificate), limits=limits)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        here = request.url.copy_with(host="127.0.0.1")
        return self._inner.handle_request(
            httpx.Request(request.method, here, headers=request.headers, stream=request.stream)
        )


class Visitor:
    """A person with a browser's cookies, who follows links from host to host."""

    def __init__(self, school: School, name: str) -> None:
        self.name, self.at = name, school.at
        # as browsers do: a cookie that names no domain is sent to its own host, and not to those below
        policy = DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainStrictNonDomain)
        jar = CookieJar(policy)
        self.http = httpx.Client(
            transport=ToThisMachine(school.certificate),
            base_url=self.at(HUB_HOST),
            timeout=60,
            cookies=jar,
            trust_env=False,
        )
        self.http.get("/hub/login")
        form = {"username": name, "password": school.system.passwords[name], "_xsrf": self._xsrf()}
        assert self.http.post("/hub/login", data=form).status_code == 302
        assert self.http.get("/hub/cases").status_code == 200

    def _xsrf(self) -> str:
        of_the_hub = [one for one in self.http.cookies.jar if one.name == "_xsrf" and one.domain == HUB_HOST]
        return of_the_hub[-1].value or ""

    def follow(self, address: str) -> httpx.Response:
        return self.http.get(address, follow_redirects=True)

    def start(self, case: str) -> None:
        """Open a case, unless it is open."""
        headers = {"X-XSRFToken": self._xsrf()}
        asked = self.http.post(f"/hub/api/users/{self.name}/servers/{case}", headers=headers)
        assert asked.status_code in (201, 202) or "already running" in asked.text, asked.text
        own = self.at(f"{self.name}.{HUB_HOST}", f"/user/{self.name}/{case}/")
        eventually(lambda: f'href="{own}"' in self.http.get("/hub/cases").text, f"{case} is open at {own}")

    def hosts_of(self, cookie: str) -> set[str]:
        """Where cookies are sent whose names hold a word; one that begins with a point goes to all hosts below."""
        return {one.domain for one in self.http.cookies.jar if cookie in one.name}


@pytest.fixture
def learner(school: School) -> Iterator[Visitor]:
    visitor = Visitor(school, "learner")
    visitor.start(CASE)
    yield visitor
    visitor.http.close()


def test_a_learners_lab_is_at_a_host_of_its_own_and_nowhere_else(learner: Visitor) -> None:
    path = f"/user/learner/{CASE}"
    own = learner.at(LEARNER_HOST, path)
    lab = learner.follow(f"{own}/lab")
    assert (lab.status_code, lab.url.host) == (200, LEARNER_HOST)
    assert re.search(rf'"baseUrl": "{path}/"', lab.text)
    assert "started" in learner.http.get(f"{own}/api/status").json()
    # the way from its server to the gateway is as before
    assert learner.http.get(f"{own}/caseloop/api/history").status_code == 200

    # At any other host it is the Hub that answers, and leads to the Hub's own.
    for host in (HUB_HOST, f"mentor.{HUB_HOST}"):
        answer = learner.http.get(learner.at(host, f"{path}/api/status"))
        assert answer.status_code == 302
        assert answer.headers["location"].startswith(learner.at(HUB_HOST, "/hub/user/learner/"))
    arrived = learner.follow(learner.at(HUB_HOST, f"{path}/lab"))
    assert (arrived.status_code, arrived.url.host) == (200, LEARNER_HOST)

    # Nor does either get the other's cookie: script in the Lab cannot act at the Hub.
    # Nor can it set one for the Hub: browsers take a name that begins so from no other host.
    assert learner.hosts_of("__Host-jupyterhub-hub-login") == learner.hosts_of("hub-login") == {HUB_HOST}
    labs = f"__Host-jupyterhub-user-learner-{CASE}"
    assert learner.hosts_of(labs) == learner.hosts_of("jupyterhub-user-learner") == {LEARNER_HOST}
    sent = learner.http.get(learner.at(LEARNER_HOST, "/hub/login"))
    assert (sent.status_code, sent.headers["location"]) == (302, learner.at(HUB_HOST, "/hub/login"))


def test_signing_out_at_the_hub_ends_the_lab_too(learner: Visitor) -> None:
    status = learner.at(LEARNER_HOST, f"/user/learner/{CASE}/api/status")
    learner.follow(learner.at(LEARNER_HOST, f"/user/learner/{CASE}/lab"))
    assert learner.http.get(status).status_code == 200
    learner.http.get("/hub/logout")
    assert learner.http.get(status).status_code == 403


def test_the_desk_signs_in_at_its_own_host_and_answers_at_no_other(school: School) -> None:
    mentor = Visitor(school, "mentor")
    with contextlib.closing(mentor.http):
        sent = mentor.http.get(DESK)
        assert (sent.status_code, sent.headers["location"]) == (307, mentor.at(DESK_HOST, DESK))
        arrived = mentor.follow(mentor.at(HUB_HOST, DESK))
        assert (arrived.status_code, str(arrived.url)) == (200, mentor.at(DESK_HOST, DESK))
        assert mentor.http.get(mentor.at(DESK_HOST, f"{DESK}api/me")).json()["user"] == "mentor"
        assert mentor.hosts_of("__Host-caseloop-desk") == mentor.hosts_of("caseloop-desk") == {DESK_HOST}
        assert f'href="{mentor.at(DESK_HOST, DESK)}"' in mentor.http.get("/hub/cases").text
        # all of its host is the desk's
        assert mentor.http.get(mentor.at(DESK_HOST, "/hub/login")).json()["error"] == "not_found"
        changed = mentor.http.post(mentor.at(HUB_HOST, f"{DESK}api/queue/next"))
        assert (changed.status_code, changed.json()["error"]) == (421, "desk_elsewhere")


def test_a_real_browser_goes_from_host_to_host(browser: Browser, school: School) -> None:
    """With its own rules for cookies, redirects and content policies; it knows `.localhost` by itself."""
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.goto(school.at(DESK_HOST, "/"))
    assert page.url.startswith(school.at(HUB_HOST, "/hub/login"))
    page.get_by_label("Name").fill("mentor")
    page.get_by_label("Password").fill(school.system.passwords["mentor"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(school.at(DESK_HOST, f"{DESK}**"))
    expect(page).to_have_title("Queue · Caseloop")
    assert page.evaluate("async () => (await fetch('api/me')).json()")["user"] == "mentor"
    kept = {one["name"]: one["domain"] for one in context.cookies() if one["name"].startswith("__Host-")}
    assert kept == {"__Host-caseloop-desk": DESK_HOST, "__Host-jupyterhub-hub-login": HUB_HOST}
    # from the Hub's host, which is where learners' script was before, nothing of it can be read
    page.goto(school.at(HUB_HOST, "/hub/cases"))
    for at in ("", school.at(DESK_HOST)):
        asked = f"fetch('{at}{DESK}api/me', {{credentials: 'include'}})"
        assert page.evaluate(f"() => {asked}.then(() => 'read', () => 'kept')") == "kept"
    context.close()
