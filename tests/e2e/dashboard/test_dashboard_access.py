"""Nothing that axe finds serious, light and dark, wide and narrow; an order of focus that makes sense; calm."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.dashboard import dashboard_material as material
from tests.e2e.dashboard.dashboard_double import Books, DashboardDouble
from tests.e2e.dashboard.dashboard_page import DeskPage

pytestmark = pytest.mark.browser
AXE = Path(__file__).resolve().parents[3] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_RUN_AXE = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  return violations.filter(v => ['serious', 'critical'].includes(v.impact))
    .map(v => `${v.id}: ${v.nodes.map(n => n.target + ' ' + n.failureSummary).join(' | ')}`);
}"""


def serious(desk: DeskPage) -> list[str]:
    """By evaluation, not as a script of the page: the page's policy lets none in."""
    if not desk.page.evaluate("() => 'axe' in window"):
        desk.page.evaluate(AXE.read_text())
    # said words fade by themselves: their colours in between are nobody's
    desk.page.evaluate(
        "() => document.querySelectorAll('.Toast span').forEach(said => { said.style.display = 'none'; })"
    )
    found: list[str] = desk.page.evaluate(_RUN_AXE)
    return found


def serious_in_both(desk: DeskPage) -> list[str]:
    """The same screen in the light and in the dark."""
    found: list[str] = []
    for scheme in ("light", "dark"):
        desk.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        found += [f"{scheme}: {one}" for one in serious(desk)]
    return found


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious_on_any_screen(
    browser: Browser, double: DashboardDouble, books: Books, width: int
) -> None:
    first, *_ = books.some()
    books.draft = "Which middle does not move?"
    books.memory = [
        material.remembered(500, "Sort *them*.", mistake="`usual` is too high.", origin=first),
        material.remembered(501, "x", set_aside=material.NOW),
    ]
    books.some_similar(first)
    books.show_outputs(first)
    context = browser.new_context(viewport={"width": width, "height": 900})
    desk = DeskPage(context.new_page(), double.url)
    desk.open()
    expect(desk.row(first)).to_be_visible()
    assert serious_in_both(desk) == []
    desk.page.locator("body").press("?")
    assert serious_in_both(desk) == []
    desk.press("Escape")

    desk.escalation(first)
    desk.press("t", "c")
    desk.part("look").first.click()
    desk.part("run").click()
    expect(desk.part("run-verdict")).to_be_visible()
    expect(desk.part("glance")).to_be_visible()
    assert serious_in_both(desk) == []
    for tab, name in (("Since earlier", "changed-cell"), ("To the reference", "reference-cell")):
        desk.page.get_by_role("tab", name=tab).click()
        expect(desk.part(name)).to_be_visible()
        assert serious_in_both(desk) == []

    back = books.put(material.came_back(9, books.memory[0]))
    desk.escalation(back)
    expect(desk.part("replaces")).to_be_visible()
    assert serious_in_both(desk) == []

    desk.open(f"queue/{first}/replay/{material.SESSION}")
    expect(desk.part("timeline")).to_be_visible()
    desk.part("next-paste").click()
    assert serious_in_both(desk) == []
    desk.open(f"queue?case={material.CASE}")
    expect(desk.part("filter-step")).to_be_visible()
    assert serious_in_both(desk) == []
    desk.open("memory")
    desk.part("show-code").first.click()
    expect(desk.part("code")).to_be_visible()
    for place, name in (("memory", "memory-entry"), ("class", "class-row"), ("measures", "measure")):
        desk.open(place)
        expect(desk.part(name).first).to_be_visible()
        assert serious_in_both(desk) == []
    desk.open("learner/price-check/ben?step=mean")
    expect(desk.part("learner-code")).to_be_visible()
    assert serious_in_both(desk) == []
    books.broken = {"queue"}
    desk.open()
    desk.page.reload()
    expect(desk.part("problem")).to_be_visible()
    assert serious_in_both(desk) == []
    context.close()


def test_the_first_tab_leads_past_the_frame_and_pages_follow_in_order(desk: DeskPage, books: Books) -> None:
    books.some()
    desk.open()
    expect(desk.part("queue-row")).to_have_count(4)
    desk.press("Tab")
    expect(desk.page.get_by_text("Skip to the content")).to_be_focused()
    desk.press("Enter", "Tab")
    expect(desk.part("take-next")).to_be_focused()
    filters = ("search", *(f"filter-{name}" for name in ("learner", "state", "case", "reason", "mine")))
    for name in filters:
        desk.press("Tab")
        expect(desk.part(name)).to_be_focused()
    desk.press("Tab")
    expect(desk.part("queue-row").first.locator("a")).to_be_focused()
    expect(desk.page.locator("[aria-current='page']")).to_have_text("Queue")


def test_typing_is_never_taken_for_a_shortcut(desk: DeskPage, books: Books) -> None:
    first, *_ = books.some()
    desk.escalation(first)
    desk.press("a")
    desk.page.keyboard.type("ratect?")
    expect(desk.part("answer-text")).to_have_value("ratect?")
    assert books.one(first).item.state == "waiting"
    assert books.runs == []
    expect(desk.part("shortcuts-help")).to_have_count(0)
    desk.press("Escape")
    expect(desk.part("escalation")).to_be_visible()
    desk.press("Escape")
    expect(desk.part("queue")).to_be_visible()


def test_nothing_is_wider_than_a_phone(browser: Browser, double: DashboardDouble, books: Books) -> None:
    first, *_ = books.some()
    books.memory = [material.remembered(500, "w" * 400)]
    context = browser.new_context(viewport={"width": 360, "height": 740})
    desk = DeskPage(context.new_page(), double.url)
    replay, learner = f"queue/{first}/replay/{material.SESSION}", "learner/price-check/ben?step=mean"
    for place in ("queue", f"queue/{first}", replay, "memory", "class", learner, "measures"):
        desk.open(place)
        expect(desk.page.locator("main h1")).to_be_visible()
        desk.page.wait_for_load_state("networkidle")
        wide = desk.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, place
    context.close()


def test_nothing_turns_for_who_asked_for_less_motion(browser: Browser, double: DashboardDouble, books: Books) -> None:
    books.held = "queue"
    context = browser.new_context(reduced_motion="reduce")
    desk = DeskPage(context.new_page(), double.url)
    desk.open()
    loading = desk.part("loading").filter(has_text="Loading the queue")
    assert loading.locator(".Spinner").evaluate("node => getComputedStyle(node).animationName") == "none"
    books.held = ""
    context.close()
