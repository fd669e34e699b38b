"""The main job: from one command to an approved subtask, with a restart of everything in between."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from case_uploader.format.case_folder import read_case_folder
from services.contracts.case import AuthorCase
from tests.e2e.system.caseloop_system import System

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
CASE, SUBTASK = "clean-regression", "load"


@pytest.fixture(scope="module")
def case(project: Path) -> AuthorCase:
    draft = read_case_folder(project / "cases" / CASE).draft
    assert draft is not None
    return draft.author


class Learner:
    """A person at a browser."""

    def __init__(self, browser: Browser, system: System) -> None:
        self._system = system
        self.page: Page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def sign_in(self) -> None:
        self.page.goto(self._system.url)
        self.page.get_by_label("Name").fill("learner")
        self.page.get_by_label("Password").fill(self._system.passwords["learner"])
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Your cases")).to_be_visible()

    def open_case(self) -> None:
        self.page.locator(f"[data-caseloop-case='{CASE}'] [data-caseloop='open']").click()
        expect(self.page.locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible(timeout=90_000)
        expect(self.row).to_be_visible()

    @property
    def row(self) -> Locator:
        return self.page.locator(f"[data-caseloop='panel'] [data-caseloop='subtask'][data-subtask='{SUBTASK}']")

    @property
    def step(self) -> Locator:
        return self.page.locator(f".jp-Notebook [data-caseloop='step'][data-subtask='{SUBTASK}']")

    @property
    def feedback(self) -> Locator:
        return self.step.locator("[data-caseloop='feedback']")

    @property
    def answer(self) -> Locator:
        own = f".jp-Notebook .jp-Cell:has([data-caseloop='step'][data-subtask='{SUBTASK}'])"
        return self.page.locator(f"{own} .cm-content")

    def write(self, source: str) -> None:
        self.step.scroll_into_view_if_needed()
        self.answer.click()
        expect(self.answer).to_be_focused()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(source)
        expect(self.answer).to_contain_text(source.strip().splitlines()[-1].strip())

    def check(self) -> None:
        self.step.locator("[data-caseloop='check']").first.click()

    def leave(self) -> None:
        assert self.errors == []
        self.page.context.close()


def test_a_learner_is_wrong_comes_back_after_a_restart_of_everything_and_gets_it_right(
    system: System, browser: Browser, case: AuthorCase
) -> None:
    subtask = case.subtask(SUBTASK)
    assert subtask is not None
    (right,) = subtask.reference.values()
    flaw = next(flaw for flaw in case.flaws if flaw.subtask == SUBTASK)
    (wrong,) = flaw.answer.values()

    learner = Learner(browser, system)
    learner.sign_in()
    learner.open_case()
    expect(learner.row).to_have_attribute("data-state", "not_started")
    learner.write(wrong)
    learner.check()
    expect(learner.feedback).to_have_attribute("data-verdict", "needs_work", timeout=60_000)
    expect(learner.feedback.locator("[data-caseloop='finding']").first).to_be_visible()
    expect(learner.feedback.locator("[data-caseloop='mentor']").first).to_contain_text(flaw.words.split(".")[0][:40])
    expect(learner.row).to_have_attribute("data-state", "in_progress")
    learner.leave()

    assert system.stop() == 0
    assert system.descendants() == {}, "Ctrl-C leaves nobody behind"
    passwords = dict(system.passwords)
    system.start()
    assert system.passwords == passwords, "passwords are shown once, and kept"

    learner = Learner(browser, system)
    learner.sign_in()
    learner.open_case()
    expect(learner.row).to_have_attribute("data-state", "in_progress")
    expect(learner.feedback).to_have_attribute("data-verdict", "needs_work")
    expect(learner.answer).to_contain_text(wrong.strip().splitlines()[-1].strip())
    learner.write(right)
    expect(learner.feedback).to_have_attribute("data-state", "stale")
    learner.check()
    expect(learner.feedback).to_have_attribute("data-verdict", "approved", timeout=60_000)
    expect(learner.row).to_have_attribute("data-state", "approved")

    learner.row.locator("[data-caseloop='open-review']").click()
    expect(learner.page.locator("[data-caseloop='review-view']").first).to_be_visible(timeout=60_000)
    learner.page.locator("[data-caseloop='review-view'] [data-caseloop='back']").click()
    learner.row.locator("[data-caseloop='open-history']").click()
    expect(learner.page.locator("[data-caseloop='version']")).to_have_count(2)
    learner.leave()

    learner = Learner(browser, system)
    learner.sign_in()
    card = learner.page.locator(f"[data-caseloop-case='{CASE}']")
    expect(card).to_contain_text("1 of 6 approved")
    learner.open_case()
    expect(learner.row).to_have_attribute("data-state", "approved")
    expect(learner.feedback).to_have_attribute("data-verdict", "approved")
    expect(learner.answer).to_contain_text(right.strip().splitlines()[-1].strip())
    learner.leave()
