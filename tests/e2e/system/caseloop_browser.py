"""A person at the system with a browser: signs in, opens a case, works on one of its steps."""

import contextlib

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.system.caseloop_system import System


class Learner:
    """A person at a browser."""

    def __init__(self, browser: Browser, system: System, case: str, subtask: str, name: str = "learner") -> None:
        self._system, self._case, self._subtask, self._name = system, case, subtask, name
        self.page: Page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def sign_in(self) -> None:
        self.page.goto(self._system.url)
        self.page.get_by_label("Name").fill(self._name)
        self.page.get_by_label("Password").fill(self._system.passwords[self._name])
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Your cases")).to_be_visible()

    def open_case(self) -> None:
        self.page.locator(f"[data-caseloop-case='{self._case}'] [data-caseloop='open']").click()
        expect(self.page.locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible(timeout=90_000)
        expect(self.row).to_be_visible()

    def turn_to(self, subtask: str) -> None:
        """Go on with another step of the case."""
        self._subtask = subtask

    @property
    def row(self) -> Locator:
        return self.page.locator(f"[data-caseloop='panel'] [data-caseloop='subtask'][data-subtask='{self._subtask}']")

    @property
    def step(self) -> Locator:
        return self.page.locator(f".jp-Notebook [data-caseloop='step'][data-subtask='{self._subtask}']")

    def part(self, name: str) -> Locator:
        """A part of the extension, wherever it is."""
        return self.page.locator(f"[data-caseloop='{name}']")

    @property
    def feedback(self) -> Locator:
        return self.step.locator("[data-caseloop='feedback']")

    @property
    def answer(self) -> Locator:
        own = f".jp-Notebook .jp-Cell:has([data-caseloop='step'][data-subtask='{self._subtask}'])"
        return self.page.locator(f"{own} .cm-content")

    def write(self, source: str) -> None:
        self.step.scroll_into_view_if_needed()
        for _ in range(5):
            # JupyterLab, still busy with its start, may take the focus back: a person clicks again
            self.answer.click()
            with contextlib.suppress(AssertionError):
                expect(self.answer).to_be_focused(timeout=5_000)
                break
        expect(self.answer).to_be_focused()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(source)
        expect(self.answer).to_contain_text(source.strip().splitlines()[-1].strip())

    def check(self) -> None:
        self.step.locator("[data-caseloop='check']").first.click()

    def leave(self) -> None:
        assert self.errors == []
        self.page.context.close()
