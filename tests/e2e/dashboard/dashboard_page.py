"""The mentors' desk in a browser, as tests drive it."""

from playwright.sync_api import Locator, Page, expect

expect.set_options(timeout=10_000)


class DeskPage:
    """One page. `errors` collects what was thrown in it, `refused` what its policy refused, `asked` where it went."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.errors: list[str] = []
        self.refused: list[str] = []
        self.asked: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.refused.append(said.text) if "Content Security" in said.text else None)
        page.on("request", lambda request: self.asked.append(request.url))

    def open(self, place: str = "queue") -> "DeskPage":
        self.page.goto(f"{self.url}#/{place}")
        return self

    def part(self, name: str) -> Locator:
        """Everything of that stable name."""
        return self.page.locator(f"[data-caseloop='{name}']")

    def row(self, key: str) -> Locator:
        return self.page.locator(f"[data-caseloop='queue-row'][data-id='{key}']")

    def cell(self, name: str, part: str = "cell") -> Locator:
        return self.page.locator(f"[data-caseloop='{part}'][data-cell='{name}']")

    def escalation(self, key: str) -> "DeskPage":
        self.open(f"queue/{key}")
        expect(self.part("escalation")).to_be_visible()
        expect(self.cell("mean").locator(".cm-content")).to_be_visible()
        return self

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def said(self, words: str) -> None:
        """What screen readers hear of a change."""
        expect(self.part("announcement")).to_contain_text(words)
