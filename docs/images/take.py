"""Take the README's pictures from the running system: `.venv/bin/python -m docs.images.take` in the project's folder.

Starts Caseloop in a home of its own, works through two steps of a sample case in headless Chromium, and removes the
home again. Takes about two minutes.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from case_uploader.format.case_folder import read_case_folder
from services.contracts.case import AuthorCase
from tests.e2e.system.caseloop_system import System

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
CASE, WRONG = "clean-regression", "units-mixed"
UNTIDY = '''\
def to_number(text: str | float) -> float:
    """Return the number that a typed field stands for; nan when it stands for none."""
    try:
        return float(text.strip().replace(",", "."))
    except:
        return float("nan")


def to_mmhg(text: str | float) -> float:
    """Return a typed blood pressure in mmHg; nan when the field holds none."""
    if type(text) == float:
        return text
    l = text.strip().lower()
    if l.endswith("kpa"):
        return to_number(l.removesuffix("kpa")) * KPA_IN_MMHG
    return to_number(l.removesuffix("mmhg"))


typed = raw.copy()
for column in [*NUMBERS, TARGET]:
    typed[column] = raw[column].map(to_mmhg if column == "bp" else to_number)'''
"""Right, and not yet a pleasure to read: it is approved, and the style review has something to say."""


class Learner:
    """A person in JupyterLab."""

    def __init__(self, browser: Browser, system: System, colors: str) -> None:
        context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme=colors)
        self.page: Page = context.new_page()
        self.page.goto(system.url)
        self.page.get_by_label("Name").fill("learner")
        self.page.get_by_label("Password").fill(system.passwords["learner"])
        self.page.get_by_role("button", name="Sign in").click()
        self.page.locator(f"[data-caseloop-case='{CASE}'] [data-caseloop='open']").click()
        expect(self.page.locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible(timeout=90_000)
        expect(self.row("load")).to_be_visible()

    def row(self, subtask: str) -> Locator:
        """The step in the panel."""
        return self.page.locator(f"[data-caseloop='panel'] [data-caseloop='subtask'][data-subtask='{subtask}']")

    def step(self, subtask: str) -> Locator:
        """What is shown beneath the step's answer cell."""
        return self.page.locator(f".jp-Notebook [data-caseloop='step'][data-subtask='{subtask}']")

    def hide_files(self) -> None:
        """Fold the left side bar away."""
        self.page.keyboard.press("ControlOrMeta+B")

    def solve(self, subtask: str, source: str, verdict: str) -> None:
        """Write the answer and have it checked; the verdict must be as expected."""
        self.step(subtask).scroll_into_view_if_needed()
        cell = f".jp-Notebook .jp-Cell:has([data-caseloop='step'][data-subtask='{subtask}'])"
        self.page.locator(f"{cell} .cm-content").click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(source)
        self.step(subtask).locator("[data-caseloop='check']").first.click()
        feedback = self.step(subtask).locator("[data-caseloop='feedback'][data-state='current']")
        expect(feedback).to_have_attribute("data-verdict", verdict, timeout=60_000)
        feedback.scroll_into_view_if_needed()

    def review(self, subtask: str) -> None:
        """Open the style review and wait for what it says."""
        self.row(subtask).locator("[data-caseloop='open-review']").click()
        expect(self.page.locator("[data-caseloop='remark']").first).to_be_visible(timeout=120_000)

    def picture(self, name: str) -> None:
        """Keep what the learner sees, once nothing moves any more."""
        self.page.wait_for_timeout(1_500)
        self.page.screenshot(path=HERE / name)
        self.page.context.close()


@contextmanager
def running_system() -> Iterator[System]:
    """Caseloop in a home that is removed afterwards."""
    home = Path(tempfile.mkdtemp(prefix="cl-"))
    system = System(PROJECT, home)
    try:
        system.start()
        yield system
        system.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def take(browser: Browser, system: System, case: AuthorCase) -> None:
    """A wrong answer by day, the right one by night."""
    (loaded,) = next(subtask for subtask in case.subtasks if subtask.view.id == "load").reference.values()
    (wrong,) = next(flaw for flaw in case.flaws if flaw.id == WRONG).answer.values()
    learner = Learner(browser, system, "light")
    learner.hide_files()
    learner.solve("load", loaded, "approved")
    learner.solve("numbers", wrong, "needs_work")
    learner.picture("needs-work.png")
    learner = Learner(browser, system, "dark")
    learner.solve("numbers", UNTIDY, "approved")
    learner.review("numbers")
    learner.picture("style-review.png")


def main() -> None:
    """Entry point."""
    draft = read_case_folder(PROJECT / "cases" / CASE).draft
    assert draft is not None
    with running_system() as system, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        take(browser, system, draft.author)
        browser.close()


if __name__ == "__main__":
    main()
