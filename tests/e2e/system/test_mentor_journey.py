"""Two learners and two mentors: fail, hint, escalate, the race for it, replay, answer once, and never twice."""

import email
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from email.policy import default
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from case_uploader.format.case_folder import read_case_folder
from services.contracts.case import AuthorCase
from tests.e2e.dashboard.test_dashboard_access import serious
from tests.e2e.system.caseloop_browser import Learner
from tests.e2e.system.caseloop_system import System, eventually
from tests.e2e.system.one_home import published_system
from tests.e2e.system.published_home import PublishedHome

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
CASE, SUBTASK = "clean-regression", "load"
NOTES = "I read the file, but the first line looks odd."
ANSWER = "Look at the **first rows** of what you have read: which of them were written for people?"


@pytest.fixture(scope="module")
def case(project: Path) -> AuthorCase:
    draft = read_case_folder(project / "cases" / CASE).draft
    assert draft is not None
    return draft.author


@pytest.fixture(scope="module")
def system(project: Path, published_home: PublishedHome) -> Iterator[System]:
    with published_system(project, published_home, CASELOOP_MAIL_MENTORS="desk@school.example") as running:
        for name, role in (("lena", "learner"), ("olga", "mentor")):
            command = [sys.executable, "-m", "infra.cli", "account", "add", name, "--role", role]
            done = subprocess.run(
                command, cwd=project, env=running.environment(), capture_output=True, text=True, check=True
            )
            running.passwords[name] = done.stdout.split()[1]
        yield running


class Mentor:
    """A mentor at the desk."""

    def __init__(self, browser: Browser, system: System, name: str) -> None:
        self.name = name
        self.page: Page = browser.new_context(viewport={"width": 1500, "height": 1000}).new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{system.url}/services/caseloop/")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(system.passwords[name])
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.part("queue")).to_be_visible()

    def part(self, name: str):  # type: ignore[no-untyped-def]
        return self.page.locator(f"[data-caseloop='{name}']")

    def picture(self, name: str) -> None:
        """Keep what the mentor sees where somebody asked for it."""
        if "CASELOOP_SHOTS" in os.environ:
            self.page.wait_for_timeout(1_000)
        shot(self.page, name)


def shot(page: Page, name: str) -> None:
    """Keep what somebody sees where it was asked for."""
    if folder := os.environ.get("CASELOOP_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def look(learner: Learner) -> None:
    """Come back to the page, which looks at the mentors' desk at once."""
    learner.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")


def press_together(*mentors: Mentor) -> tuple[Mentor, Mentor]:
    """Both press «Take it» before either is answered; returns (who has it, who has not)."""
    held: list[Route] = []
    for mentor in mentors:
        mentor.page.route("**/api/queue/*/lease", lambda route: held.append(route))
    for number, mentor in enumerate(mentors, 1):
        mentor.part("take").click()
        while len(held) < number:  # a browser's wait, in which its requests come in; the test's own limit ends it
            mentor.page.wait_for_timeout(10)
    for route in held:
        route.continue_()
    for mentor in mentors:
        told = mentor.page.locator("[data-caseloop='lease'][data-mine='true'], [data-caseloop='problem']")
        expect(told).to_have_count(1)
        mentor.page.unroute_all()
    has = [mentor for mentor in mentors if mentor.page.locator("[data-caseloop='lease'][data-mine='true']").count()]
    (first,) = has
    (second,) = (mentor for mentor in mentors if mentor is not first)
    return first, second


def mails(system: System) -> list[email.message.EmailMessage]:
    """What lies in the outbox."""
    files = sorted((system.home / "outbox").glob("*.eml"))
    return [email.message_from_bytes(file.read_bytes(), policy=default) for file in files]  # type: ignore[misc]


def test_a_mistake_is_answered_once_by_a_mentor_and_never_twice(
    system: System, browser: Browser, case: AuthorCase
) -> None:
    flaw = next(flaw for flaw in case.flaws if flaw.subtask == SUBTASK)
    (wrong,) = flaw.answer.values()
    learner = Learner(browser, system, CASE, SUBTASK)
    learner.sign_in()
    learner.open_case()
    learner.part("allow-recording").click()
    expect(learner.part("recording-standing")).to_have_attribute("data-record", "yes")
    learner.write(wrong)
    learner.check()
    expect(learner.feedback).to_have_attribute("data-verdict", "needs_work", timeout=60_000)

    # a hint that does not help opens the way to a mentor
    learner.feedback.locator("[data-caseloop='open-help']").click()
    learner.part("use-ai").click()
    learner.page.locator("[data-caseloop='hint-kind'][data-kind='plan'] [data-caseloop='ask-hint']").click()
    learner.part("reflection-text").fill("The first line is odd")
    learner.part("send-reflection").click()
    expect(learner.part("hint-text")).to_be_visible(timeout=90_000)
    learner.part("not-helpful").first.click()
    expect(learner.part("rated").first).to_be_visible()
    learner.feedback.locator("[data-caseloop='ask-mentor']").click()
    learner.part("ask-notes").fill(NOTES)
    learner.part("ask-email").fill("learner@school.example")
    learner.part("send-question").click()
    expect(learner.part("question")).to_have_attribute("data-state", "waiting")
    eventually(lambda: len(mails(system)) == 1, "the mentors' mail lies in the outbox")

    # two mentors see it, both press at the same moment, and one of them gets it
    mona, olga = Mentor(browser, system, "mentor"), Mentor(browser, system, "olga")
    for mentor in (mona, olga):
        expect(mentor.part("queue-row")).to_have_count(1)
    mona.picture("desk-queue")
    # one of them comes from the queue, the other one by the mail's link
    olga.part("queue-row").locator("a").first.click()
    (link,) = re.findall(r"Take it: (\S+)", mails(system)[0].get_content())
    mona.page.goto(link)
    for mentor in (mona, olga):
        expect(mentor.part("escalation")).to_be_visible()
    winner, loser = press_together(mona, olga)
    expect(loser.part("problem")).to_contain_text(f"{winner.name} has this one")
    expect(loser.part("lease")).to_have_attribute("data-mine", "false")
    expect(loser.part("lease")).to_contain_text(f"{winner.name} is on it")
    expect(loser.part("take")).to_have_count(0)
    expect(winner.part("conversation")).to_contain_text(NOTES)
    look(learner)
    expect(learner.step.locator("[data-caseloop='mentor-answer']")).to_contain_text(f"{winner.name} is reading it.")

    # what was recorded is replayed
    expect(winner.part("open-replay").first).to_be_visible()
    winner.picture("desk-escalation")
    place = winner.page.url
    winner.part("open-replay").first.click()
    expect(winner.part("timeline")).to_be_visible()
    winner.part("play").click()
    winner.picture("desk-replay")
    winner.page.goto(place)
    expect(winner.part("lease")).to_have_attribute("data-mine", "true")
    winner.part("answer-text").fill(ANSWER)
    winner.part("remember").check()
    winner.part("send-answer").click()
    expect(winner.part("escalation")).to_have_attribute("data-state", "answered")
    eventually(lambda: len(mails(system)) == 2, "the learner's mail lies in the outbox")
    assert sorted(str(mail["To"]) for mail in mails(system)) == ["desk@school.example", "learner@school.example"]

    look(learner)
    beside = learner.step.locator("[data-caseloop='mentor-answer']")
    expect(beside).to_have_attribute("data-state", "answered", timeout=30_000)
    expect(beside.locator("[data-caseloop='mentor-words']")).to_contain_text("which of them were written for people?")
    beside.locator("[data-caseloop='helpful']").click()
    expect(beside.locator("[data-caseloop='rated']")).to_have_attribute("data-helpful", "true")

    # all of it stands on the learner's own page, and the mentor finds the work from the class, too
    own = learner.page.context.new_page()
    own.goto(f"{system.url}/hub/cases")
    own.get_by_role("link", name="Your progress").click()
    step = own.locator(f"[data-caseloop='own-case'][data-case='{CASE}'] [data-subtask='{SUBTASK}']")
    expect(step).to_have_attribute("data-state", "in_progress")
    question = step.locator("[data-caseloop='own-question']")
    expect(question).to_have_attribute("data-state", "rated")
    expect(question).to_contain_text("it helped")
    question.locator("summary").click()
    for words in (NOTES, ANSWER):
        expect(question.locator("details")).to_contain_text(words)
    for scheme, width in (("light", 1300), ("dark", 1300), ("light", 420), ("dark", 420)):
        # less motion: the colours of links would fade from one scheme to the other while axe looks
        own.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        own.evaluate("scheme => document.documentElement.setAttribute('data-bs-theme', scheme)", scheme)
        own.set_viewport_size({"width": width, "height": 900})
        assert serious(SimpleNamespace(page=own)) == []  # type: ignore[arg-type]
        assert own.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        shot(own, f"own-progress-{scheme}-{width}")
    own.close()
    learner.leave()
    winner.page.goto(f"{system.url}/services/caseloop/#/class?case={CASE}")
    winner.part("class-row").get_by_role("link", name="learner", exact=True).click()
    expect(winner.part("learner-code")).to_contain_text(wrong.strip().splitlines()[-1].strip())
    winner.picture("desk-learner")
    winner.part("open-replay").first.click()
    expect(winner.part("timeline")).to_be_visible()

    # the next one with the same mistake needs no mentor
    lena = Learner(browser, system, CASE, SUBTASK, name="lena")
    lena.sign_in()
    lena.open_case()
    lena.part("decline-recording").click()
    lena.write(wrong)
    lena.check()
    expect(lena.feedback).to_have_attribute("data-verdict", "needs_work", timeout=60_000)
    mentor_words = lena.feedback.locator("[data-caseloop='mentor']").first
    expect(mentor_words).to_contain_text("which of them were written for people?")
    expect(mentor_words).to_contain_text(winner.name)
    loser.page.goto(f"{system.url}/services/caseloop/#/queue")
    expect(loser.part("queue")).to_be_visible()
    expect(loser.part("queue-row")).to_have_count(0)
    assert (winner.errors, loser.errors) == ([], [])
    lena.leave()
