"""JupyterLab in a browser, as tests drive it."""

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.lab.case_double import notebook

# Lab renders cells when it is idle; a loaded machine takes its time.
expect.set_options(timeout=15_000)
NOTEBOOK = "prices.ipynb"

# Run in each page before its own scripts: what it does at intervals is kept, so that a test need not wait for one.
KEEP_INTERVALS = """(() => {
  const begin = window.setInterval.bind(window);
  window.intervalsBegun = [];
  window.setInterval = (act, wait, ...rest) => {
    window.intervalsBegun.push({ act: () => act(...rest), wait });
    return begin(act, wait, ...rest);
  };
})()"""
_PASS = """wait => {
  const due = window.intervalsBegun.filter(interval => interval.wait === wait);
  due.forEach(interval => interval.act());
  return due.length;
}"""
_IDLE = """() => {
  const session = window.jupyterapp.shell.currentWidget?.sessionContext, kernel = session?.session?.kernel;
  return session?.isReady && kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
}"""


class Lab:
    """One page. `errors` collects what was thrown in it."""

    def __init__(self, page: Page, url: str, token: str, root: Path) -> None:
        self.page, self.url, self.token, self.root = page, url, token, root
        self.errors: list[str] = []
        self.ran = False
        """Whether the kernel was given anything to run."""
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("websocket", lambda socket: socket.on("framesent", self._sent))

    def _sent(self, message: str | bytes) -> None:
        told = message.encode() if isinstance(message, str) else message
        self.ran = self.ran or b'"execute_request"' in told

    def write(self, **sources: str) -> None:
        """Put a fresh notebook of the case on disk."""
        (self.root / NOTEBOOK).write_text(json.dumps(notebook(**sources)))

    def read(self) -> dict[str, Any]:
        """The notebook on disk; Lab may be writing it anew just now."""
        found: list[dict[str, Any]] = []

        def whole() -> bool:
            try:
                found.append(json.loads((self.root / NOTEBOOK).read_text()))
            except ValueError:
                return False
            return True

        eventually(whole)
        return found[0]

    def open(self, *, panel: bool = True) -> "Lab":
        """Open the notebook in an empty workspace."""
        workspace = uuid.uuid4().hex[:8]
        self.page.goto(f"{self.url}/lab/workspaces/{workspace}/tree/{NOTEBOOK}?reset&token={self.token}")
        expect(self.page.locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible(timeout=60_000)
        if panel:
            expect(self.panel).to_be_visible()
        return self

    def settled(self) -> "Lab":
        """Wait for the lines of the overview that come after the case: they move the steps below them."""
        expect(self.part("ai-standing")).to_be_visible()
        expect(self.part("recording-consent")).to_be_visible()
        return self

    def back(self) -> None:
        """Wait until the panel has noticed that Caseloop is back. It asks by itself, so its button may go any time."""
        expect(self.part("case-problem")).to_have_count(0, timeout=30_000)

    @property
    def panel(self) -> Locator:
        return self.part("panel")

    def part(self, name: str) -> Locator:
        """Everything of that stable name."""
        return self.page.locator(f"[data-caseloop='{name}']")

    def row(self, subtask: str) -> Locator:
        return self.panel.locator(f"[data-caseloop='subtask'][data-subtask='{subtask}']")

    def step(self, subtask: str) -> Locator:
        """The bar and feedback beneath a subtask's answer cell."""
        return self.page.locator(f".jp-Notebook [data-caseloop='step'][data-subtask='{subtask}']")

    def within(self, where: Locator, name: str) -> Locator:
        return where.locator(f"[data-caseloop='{name}']")

    def feedback(self, subtask: str) -> Locator:
        return self.within(self.step(subtask), "feedback")

    def cell(self, index: int) -> Locator:
        # this attribute is right in every windowing mode, :nth-child is not
        return self.page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{index}']")

    def type(self, index: int, text: str, *, replace: bool = False) -> None:
        """Write into a cell as a paste does: typing would close brackets and indent."""
        editor = self.cell(index).locator(".cm-content")
        editor.click()
        expect(editor).to_be_focused()
        self.page.keyboard.press("ControlOrMeta+A" if replace else "ControlOrMeta+End")
        self.page.keyboard.insert_text(text)
        expect(editor).to_contain_text(text.strip().splitlines()[-1])

    def check(self, subtask: str) -> Locator:
        """Press the Check button beneath the answer cell; the feedback to wait for."""
        self.within(self.step(subtask), "check").click()
        return self.feedback(subtask)

    def help(self, subtask: str, tab: str = "hints") -> Locator:
        """Open the help of a step in the panel; the learner has chosen AI before."""
        self.within(self.row(subtask), "open-help").click()
        view = self.part("help-view")
        self.within(view, f"tab-{tab}").click()
        expect(self.within(view, "hint-kind" if tab == "hints" else "composer").first).to_be_visible()
        return view

    def leave(self) -> None:
        """End the kernel, unless it is as it was when it started: the next page opens the notebook with it again."""
        if self.ran:
            self.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")

    def idle(self) -> None:
        # the toolbar's indicator says idle before the websocket is connected; the session knows
        self.page.wait_for_function(_IDLE, timeout=60_000)

    def saved(self) -> None:
        """Wait until everything in the notebook is on disk: a second save at once makes Lab ask what to do."""
        self.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")

    def passes(self, interval: int) -> None:
        """Do now what the page does after so many milliseconds, again and again; it must have begun with it."""
        assert self.page.evaluate(_PASS, interval), f"the page does nothing every {interval} ms"

    def select(self, index: int) -> None:
        """Make a cell current, in command mode."""
        self.page.evaluate(
            """i => { const n = window.jupyterapp.shell.currentWidget.content;
                      n.deselectAll(); n.activeCellIndex = i; n.mode = 'command'; }""",
            index,
        )

    def cursor(self) -> dict[str, int]:
        """Where the cursor of the current cell is, counted from 0."""
        return self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.activeCell.editor.getCursorPosition()"
        )

    def command(self, command: str, args: dict[str, Any] | None = None) -> None:
        run = "([c, a]) => window.jupyterapp.commands.execute(c, a).then(() => undefined)"
        self.page.evaluate(run, [command, args or {}])

    def theme(self, name: str) -> None:
        """Change the system's colours, which Lab follows."""
        self.page.emulate_media(color_scheme="dark" if "Dark" in name else "light")
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-name", name)
        # Lab takes its splash away a moment later, and throws where the next change has begun by then.
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def said(self, words: str) -> None:
        """Wait until a screen reader has been given these words."""
        expect(self.page.locator("[data-caseloop^='announcer-']").filter(has_text=words)).to_have_count(1)


def eventually(condition: Callable[[], object], *, within: float = 15) -> None:
    """Wait for something outside the browser."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
