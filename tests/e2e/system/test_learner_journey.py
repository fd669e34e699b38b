"""The main job: from one command to an approved subtask, with a restart of everything in between."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from case_uploader.format.case_folder import read_case_folder
from services.contracts.case import AuthorCase
from tests.e2e.system.caseloop_browser import Learner
from tests.e2e.system.caseloop_system import System, eventually
from tests.e2e.system.one_home import small_system

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
CASE, SUBTASK = "clean-regression", "load"


@pytest.fixture(scope="module")
def system(project: Path) -> Iterator[System]:
    """Its first start publishes the case; the others are published for the other journeys."""
    with small_system(project, CASE) as running:
        running.start()
        yield running


@pytest.fixture(scope="module")
def case(project: Path) -> AuthorCase:
    draft = read_case_folder(project / "cases" / CASE).draft
    assert draft is not None
    return draft.author


def test_a_learner_is_wrong_comes_back_after_a_restart_of_everything_and_gets_it_right(
    system: System, browser: Browser, case: AuthorCase
) -> None:
    subtask = case.subtask(SUBTASK)
    assert subtask is not None
    (right,) = subtask.reference.values()
    flaw = next(flaw for flaw in case.flaws if flaw.subtask == SUBTASK)
    (wrong,) = flaw.answer.values()

    learner = Learner(browser, system, CASE, SUBTASK)
    learner.sign_in()
    learner.open_case()
    expect(learner.row).to_have_attribute("data-state", "not_started")
    learner.write(wrong)
    learner.check()
    expect(learner.feedback).to_have_attribute("data-verdict", "needs_work", timeout=60_000)
    expect(learner.feedback.locator("[data-caseloop='finding']").first).to_be_visible()
    expect(learner.feedback.locator("[data-caseloop='mentor']").first).to_contain_text(flaw.words.split(".")[0][:40])
    expect(learner.row).to_have_attribute("data-state", "in_progress")
    # feedback is shown before the notebook is saved with it
    notebook = system.home / "homes" / "learner" / CASE / "work" / f"{CASE}.ipynb"
    eventually(lambda: b'"needs_work"' in notebook.read_bytes(), "the notebook is saved with the feedback")
    learner.leave()

    assert system.stop() == 0
    assert system.descendants() == {}, "Ctrl-C leaves nobody behind"
    passwords = dict(system.passwords)
    system.start()
    assert system.passwords == passwords, "passwords are shown once, and kept"

    learner = Learner(browser, system, CASE, SUBTASK)
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

    learner = Learner(browser, system, CASE, SUBTASK)
    learner.sign_in()
    card = learner.page.locator(f"[data-caseloop-case='{CASE}']")
    expect(card).to_contain_text("1 of 6 approved")
    learner.page.get_by_role("link", name="Your progress").click()
    own = learner.part("own-case")
    expect(own).to_contain_text("1 of 6 approved")
    step = own.locator(f"[data-subtask='{SUBTASK}']")
    expect(step).to_have_attribute("data-state", "approved")
    expect(step).to_contain_text("2 attempts")
    expect(own.locator("[data-caseloop='own-step']")).to_have_count(6)
    learner.page.get_by_role("link", name="Your cases").click()
    learner.open_case()
    expect(learner.row).to_have_attribute("data-state", "approved")
    expect(learner.feedback).to_have_attribute("data-verdict", "approved")
    expect(learner.answer).to_contain_text(right.strip().splitlines()[-1].strip())
    learner.leave()
