"""Everything by keyboard alone, nothing that axe finds serious, calm for who asked for less motion."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.lab.conftest import PROJECT, SERVER_TOKEN, JupyterServer
from tests.e2e.lab.gateway_double import Desk, GatewayDouble
from tests.e2e.lab.lab_page import Lab

pytestmark = pytest.mark.browser
AXE = PROJECT / "web" / "node_modules" / "axe-core" / "axe.min.js"
_RUN_AXE = """async names => {
  const include = names.map(name => [`[data-caseloop="${name}"]`]);
  // what fades in or changes its colour is judged as it will be
  document.getAnimations().filter(a => Number.isFinite(a.effect?.getComputedTiming().endTime)).forEach(a => a.finish());
  const { violations } = await axe.run({ include }, { resultTypes: ['violations'] });
  return violations.filter(v => ['serious', 'critical'].includes(v.impact))
    .map(v => `${v.id}: ${v.help}: ${v.nodes.map(n => n.target + ' ' + n.failureSummary).join(' | ')}`);
}"""
THEMES = ("JupyterLab Light", "JupyterLab Dark")


def serious(lab: Lab, *names: str) -> list[str]:
    """What axe finds in these parts, in the light and in the dark, and before anything else happens."""
    shown = lab.page.locator("body").get_attribute("data-jp-theme-name")
    # begun with the one that is on, so that each is put on once
    return [found for theme in sorted(THEMES, key=lambda name: name != shown) for found in _serious(lab, theme, names)]


def _serious(lab: Lab, theme: str, names: tuple[str, ...]) -> list[str]:
    lab.theme(theme)
    if not lab.page.evaluate("() => 'axe' in window"):
        lab.page.add_script_tag(content=Path(AXE).read_text())
    return [f"{theme}: {found}" for found in lab.page.evaluate(_RUN_AXE, list(names))]


def test_axe_finds_nothing_serious(lab: Lab, desk: Desk, gateway: GatewayDouble) -> None:
    desk.newer, desk.standing.checks_left = 3, 9
    lab.write(total="total = 1", mean="usual = median(prices)")
    lab.open()
    expect(lab.check("total")).to_be_visible()
    lab.within(lab.feedback("total"), "show-hint").click()
    expect(lab.check("mean")).to_be_visible()
    lab.type(3, "\nx = 1")
    expect(lab.feedback("total")).to_have_attribute("data-state", "stale")
    assert serious(lab, "panel", "step") == []
    lab.within(lab.row("mean"), "open-review").click()
    expect(lab.part("remark")).to_have_count(2)
    assert serious(lab, "panel") == []
    lab.within(lab.panel, "back").click()
    lab.within(lab.row("mean"), "open-history").click()
    lab.part("view-version").first.click()
    expect(lab.part("version-code")).to_be_visible()
    assert serious(lab, "panel") == []
    lab.within(lab.panel, "back").click()
    gateway.stop()
    lab.within(lab.step("report"), "check").click()
    expect(lab.part("check-problem")).to_be_visible()
    assert serious(lab, "panel", "step") == []


def test_a_learner_without_a_mouse_checks_reads_mends_and_is_approved(lab: Lab) -> None:
    lab.write(total="total = 0\nfor price in prices:\n    total = price")
    lab.open()
    keyboard, feedback = lab.page.keyboard, lab.feedback("total")
    lab.idle()  # Lab makes the first cell current once more when it is ready
    lab.select(3)
    lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCell.node.focus()")
    expect(lab.within(lab.step("total"), "check")).to_be_visible()

    keyboard.press("ControlOrMeta+Shift+Enter")
    expect(feedback).to_have_attribute("data-verdict", "needs_work")
    lab.said("Add up the prices: Needs work.")

    keyboard.press("Alt+Shift+Enter")
    expect(lab.within(feedback, "verdict")).to_be_focused()
    keyboard.press("Tab")
    expect(lab.within(feedback, "dismiss")).to_be_focused()
    keyboard.press("Tab")
    expect(lab.within(feedback, "go-to-line").first).to_be_focused()
    keyboard.press("Tab")
    expect(lab.within(feedback, "show-hint")).to_be_focused()
    keyboard.press("Enter")
    expect(lab.within(feedback, "hint")).to_be_focused()
    keyboard.press("d")  # twice this key would delete the cell if the notebook heard it
    keyboard.press("d")
    expect(lab.within(feedback, "hint")).to_be_focused()
    keyboard.press("Shift+Tab")
    expect(lab.within(feedback, "go-to-line").first).to_be_focused()
    keyboard.press("Enter")
    expect(lab.cell(3).locator(".cm-content")).to_be_focused()
    assert lab.cursor() == {"line": 2, "column": 0}

    keyboard.press("ControlOrMeta+A")
    keyboard.insert_text("total = sum(prices)")
    keyboard.press("ControlOrMeta+Shift+Enter")
    expect(feedback).to_have_attribute("data-verdict", "approved")
    lab.said("Add up the prices: Approved.")
    expect(lab.cell(3).locator(".cm-content")).to_be_focused()  # the focus was not taken away

    keyboard.press("Alt+Shift+Enter")
    expect(lab.within(feedback, "verdict")).to_be_focused()
    keyboard.press("Escape")
    expect(lab.cell(3)).to_be_focused()


def test_the_panel_works_by_keyboard_and_gives_the_focus_back(lab: Lab) -> None:
    lab.open().settled()
    lab.command("caseloop:open-panel")
    expect(lab.part("case-title")).to_be_focused()
    keyboard = lab.page.keyboard
    keyboard.press("Tab")
    expect(lab.part("change-ai")).to_be_focused()
    for name in ("allow-recording", "decline-recording"):
        keyboard.press("Tab")
        expect(lab.part(name)).to_be_focused()
    for name in ("go-to-subtask", "check", "open-help", "open-review", "open-history"):
        keyboard.press("Tab")
        expect(lab.within(lab.row("total"), name)).to_be_focused()
    keyboard.press("Enter")
    expect(lab.part("history-view").locator("h2")).to_be_focused()
    keyboard.press("Escape")
    expect(lab.within(lab.row("total"), "open-history")).to_be_focused()
    lab.part("open-saves").press("Enter")
    expect(lab.part("saves-view").locator("h2")).to_be_focused()
    keyboard.press("Escape")
    expect(lab.part("open-saves")).to_be_focused()


def test_nothing_turns_for_who_asked_for_less_motion(browser: Browser, server: JupyterServer, desk: Desk) -> None:
    context = browser.new_context(reduced_motion="reduce")
    lab = Lab(context.new_page(), server.url, SERVER_TOKEN, server.root)
    lab.write()
    lab.open()
    desk.hold.clear()
    lab.within(lab.step("total"), "check").click()
    spinner = lab.part("check-progress").locator(".caseloop-Spinner")
    assert spinner.evaluate("node => getComputedStyle(node).animationName") == "none"
    desk.hold.set()
    expect(lab.feedback("total")).to_be_visible()
    context.close()
