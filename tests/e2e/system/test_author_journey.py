"""An admin uploads a broken case and the mended one, publishes it, and a learner spawns it."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from case_uploader.scaffold import scaffold
from case_uploader.uploads.packing import pack
from tests.e2e.dashboard.test_dashboard_access import serious
from tests.e2e.system.caseloop_browser import Learner
from tests.e2e.system.caseloop_system import System
from tests.nbgrader_itself import quickstart

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
CASE = "coffee-sales"


@pytest.fixture(scope="module")
def system(project: Path) -> Iterator[System]:
    """Without any case: the samples would take their time."""
    with tempfile.TemporaryDirectory(prefix="cl-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "cases").mkdir()
        running = System(project, Path(folder) / "home", CASELOOP_CASES=str(Path(folder) / "cases"))
        try:
            running.start()
            yield running
        finally:
            running.end()


SQUARES = """def squares(n):
    if n < 1:
        {refusal}
    return [number * number for number in range(1, n + 1)]"""
SUM = "def sum_of_squares(n):\n    return sum(squares(n))"
"""What a learner hands in of the example assignment that nbgrader makes."""


class Admin:
    """An admin at the desk."""

    def __init__(self, browser: Browser, system: System) -> None:
        self.page: Page = browser.new_context(viewport={"width": 1300, "height": 900}).new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{system.url}/services/caseloop/#/cases")
        self.page.get_by_label("Name").fill("admin")
        self.page.get_by_label("Password").fill(system.passwords["admin"])
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("link", name="Cases").click()
        expect(self.part("drop-zone")).to_be_visible()

    def part(self, name: str) -> Locator:
        return self.page.locator(f"[data-caseloop='{name}']")

    def picture(self, name: str) -> None:
        """What axe finds serious is a failure. Keep what the admin sees where somebody asked for it."""
        assert serious(self) == []  # type: ignore[arg-type]
        folder = os.environ.get("CASELOOP_SHOTS")
        if not folder:
            return
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            self.page.screenshot(path=f"{folder}/{name}-{scheme}.png", full_page=True)
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": 390, "height": 840})
        self.page.screenshot(path=f"{folder}/{name}-narrow.png", full_page=True)
        self.page.set_viewport_size({"width": 1300, "height": 900})


OVERFLOWING = """people => [...people.querySelectorAll('*')]
  .filter(one => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline'
    && !one.classList.contains('visually-hidden'))
  .map(one => one.textContent)"""
"""What does not fit where it stands."""


def looks_after_people(admin: Admin, system: System) -> None:
    """The Hub's page of people: finds the learner, closes the open case and opens it again, and nothing is refused."""
    page, refused = admin.page, []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    page.goto(f"{system.url}/hub/admin")
    people = page.locator("[data-caseloop-person]")
    expect(people).to_have_count(2)
    own, learner = (page.locator(f"[data-caseloop-person='{name}']") for name in ("admin", "learner"))
    # oneself, and whoever is at work, cannot be deleted
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    expect(own.get_by_role("button")).to_have_count(0)
    expect(own).to_contain_text("admins")
    case = learner.locator(f"[data-caseloop-server='{CASE}']")
    expect(case).to_contain_text("open since")
    # nothing leads into it
    expect(page.locator("main a")).to_have_count(0)
    assert page.locator("[data-caseloop='people']").evaluate(OVERFLOWING) == []
    admin.picture("people")
    case.get_by_role("button", name=f"Stop {CASE} of learner").click()
    expect(case).to_contain_text("closed", timeout=60_000)
    expect(learner.get_by_role("button", name="Delete … learner")).to_be_visible()
    page.get_by_label("With an open case only").check()
    expect(admin.part("said")).to_have_text("Nobody.")
    page.get_by_label("With an open case only").uncheck()
    page.get_by_label("Name").fill("LEARN")
    expect(people).to_have_count(1)
    case.get_by_role("button", name=f"Start {CASE} of learner").click()
    expect(case).to_contain_text("open since", timeout=60_000)
    assert refused == []


def test_a_broken_case_is_refused_the_mended_one_published_and_a_learner_spawns_it(
    system: System, browser: Browser, tmp_path: Path
) -> None:
    folder = scaffold(tmp_path, CASE)
    notebook = folder / "solution.ipynb"
    whole = notebook.read_text()
    admin = Admin(browser, system)
    admin.picture("cases-empty")

    # the folder as it is, with a marker that is missing
    notebook.write_text(whole.replace("    ### END SOLUTION\\n", "", 1))
    admin.part("choose-folder").set_input_files(folder)
    expect(admin.part("upload")).to_have_attribute("data-state", "rejected", timeout=120_000)
    problem = admin.part("case-problem").first
    expect(problem.locator("[data-caseloop='problem-file']")).to_have_text("solution.ipynb")
    expect(problem.locator("[data-caseloop='problem-cell']")).to_have_text("total-revenue-answer")
    expect(problem).to_have_attribute("data-rule", "marker")
    admin.picture("upload-rejected")

    # mended, and as an archive
    notebook.write_text(whole)
    archive = tmp_path / "coffee-sales.zip"
    pack(folder, archive)
    admin.page.get_by_role("link", name="Cases", exact=True).click()
    admin.part("choose-archive").set_input_files(archive)
    expect(admin.part("upload-step").filter(has_text="Try the")).to_be_visible(timeout=60_000)
    admin.picture("upload-working")
    expect(admin.part("upload")).to_have_attribute("data-state", "checked", timeout=180_000)
    expect(admin.part("passed")).to_have_attribute("data-version-state", "checked")
    expect(admin.part("ci-summary")).to_contain_text("of the small faults")
    expect(admin.part("ci-subtask")).to_have_count(2)
    admin.picture("upload-checked")
    admin.part("publish").click()
    expect(admin.part("passed")).to_have_attribute("data-version-state", "current")
    admin.part("passed").get_by_role("link", name="All versions").click()
    expect(admin.part("version")).to_have_attribute("data-state", "current")
    admin.picture("versions")
    admin.page.get_by_role("link", name="Cases", exact=True).click()
    expect(admin.part("case-row")).to_have_count(1)
    expect(admin.part("upload-row")).to_have_count(2)
    admin.picture("cases")
    assert admin.errors == []
    assert list((system.home / "cases" / "uploads").iterdir()) == []

    learner = Learner(browser, system, CASE, "total-revenue")
    learner.sign_in()
    learner.open_case()
    learner.write("total_revenue = 196.7  # mine")
    learner.page.keyboard.press("ControlOrMeta+S")
    learner.check()
    expect(learner.feedback).to_be_visible(timeout=90_000)
    looks_after_people(admin, system)
    admin.page.goto(f"{system.url}/services/caseloop/#/cases")

    # a second version: compared, published, and the learner moves to it with the code
    notebook.write_text(whole.replace("Coffee sales", "Coffee sales, second edition", 1))
    archive.unlink()
    pack(folder, archive)
    admin.part("choose-archive").set_input_files(archive)
    expect(admin.part("upload")).to_have_attribute("data-state", "checked", timeout=180_000)
    admin.part("passed").get_by_role("link", name="Compare with number 1").click()
    expect(admin.part("difference")).to_have_count(1)
    expect(admin.part("affected")).to_have_text("1 learner on the older one.")
    admin.picture("versions-compare")
    admin.part("publish").click()
    expect(admin.part("version").nth(0)).to_have_attribute("data-state", "current")
    expect(admin.part("version").nth(1)).to_have_attribute("data-state", "older")
    admin.part("start-regrade").click()
    expect(admin.part("regrade-preview")).to_have_attribute("data-state", "ready", timeout=60_000)
    expect(admin.part("regrade-preview")).to_contain_text("1 submission judged")
    admin.picture("versions-regrade")
    assert admin.errors == []

    learner.page.goto(f"{system.url}/hub/cases")
    card = learner.page.locator(f"[data-caseloop-case='{CASE}']")
    expect(card).to_contain_text("A newer version is there.")
    card.locator("[data-caseloop-stop]").click()
    expect(card.locator("[data-caseloop-move]")).to_be_visible(timeout=60_000)
    if folder_of_pictures := os.environ.get("CASELOOP_SHOTS"):
        learner.page.screenshot(path=f"{folder_of_pictures}/move.png")
    card.locator("[data-caseloop-move]").click()
    expect(learner.page.locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible(timeout=90_000)
    expect(learner.page.locator(".jp-Notebook")).to_contain_text("second edition")
    expect(learner.answer).to_contain_text("total_revenue = 196.7  # mine")
    learner.leave()


def test_the_example_assignment_of_nbgrader_is_uploaded_unchanged_and_solved(
    system: System, browser: Browser, tmp_path: Path
) -> None:
    admin = Admin(browser, system)
    admin.part("choose-folder").set_input_files(quickstart(tmp_path))
    expect(admin.part("upload")).to_have_attribute("data-state", "checked", timeout=180_000)
    admin.part("publish").click()
    expect(admin.part("passed")).to_have_attribute("data-version-state", "current")
    assert admin.errors == []

    learner = Learner(browser, system, "ps1", "squares")
    learner.sign_in()
    learner.open_case()
    # what lies beside the notebook is there, like the picture in its text
    picture = learner.page.locator(".jp-Notebook .jp-RenderedMarkdown img").first
    expect(picture).to_have_js_property("complete", True)
    expect(picture).not_to_have_js_property("naturalWidth", 0)
    learner.write(SQUARES.format(refusal="return []"))
    learner.check()
    expect(learner.feedback).to_have_attribute("data-verdict", "needs_work", timeout=90_000)
    learner.write(SQUARES.format(refusal="raise ValueError(n)"))
    learner.check()
    expect(learner.feedback).to_have_attribute("data-verdict", "approved", timeout=60_000)
    learner.turn_to("sum-of-squares")
    learner.write(SUM)
    learner.check()
    expect(learner.feedback).to_have_attribute("data-verdict", "approved", timeout=60_000)
    expect(learner.row).to_have_attribute("data-state", "approved")
    learner.leave()
