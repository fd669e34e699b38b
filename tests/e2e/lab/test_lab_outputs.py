"""What learners' JupyterLab shows, and what it leaves out: a network, other programs, language servers."""

import pytest
from playwright.sync_api import expect

from tests.e2e.lab.lab_page import Lab

pytestmark = pytest.mark.browser
SHOWS = """
import base64
from IPython.display import HTML, JSON, SVG, Image, Latex, Markdown, display

dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
chart = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "data": {"values": [{"price": 120}, {"price": 80}]},
    "mark": "bar",
    "encoding": {"x": {"field": "price", "type": "quantitative"}},
}
display(
    Image(base64.b64decode(dot), width=40),
    SVG("<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'><circle cx='20' cy='20' r='9'/></svg>"),
    HTML("<table><tr><td>in a table</td></tr></table>"),
    Latex(r"$\\sum_i p_i$"),
    Markdown("**in bold**"),
    JSON({"sum": 9295}),
)
display({"application/vnd.vegalite.v5+json": chart, "text/plain": "no chart"}, raw=True)
print("in plain words")
1 / 0
""".strip()


def test_every_kind_of_output_is_rendered_and_nothing_asks_for_what_needs_a_network(lab: Lab) -> None:
    asked: list[str] = []
    failed: list[str] = []
    lab.page.on("request", lambda request: asked.append(request.url))
    lab.page.on("console", lambda said: failed.append(said.text) if "failed to activate" in said.text else None)
    lab.write(total=SHOWS)
    lab.open()
    lab.idle()
    lab.select(3)
    lab.command("notebook:run-cell")
    shown = lab.cell(3).locator(".jp-OutputArea-output")
    picture = shown.locator("img[src^='data:image/png']").first
    expect(picture).to_have_js_property("naturalWidth", 1)
    expect(shown.locator("img[src^='data:image/svg'], svg circle").first).to_be_visible()
    expect(shown.locator("td").filter(has_text="in a table")).to_be_visible()
    expect(shown.locator("mjx-container").first).to_be_visible()
    expect(shown.locator("strong")).to_have_text("in bold")
    expect(shown.and_(lab.page.locator(".jp-RenderedJSON"))).to_contain_text("sum")
    expect(shown.locator("canvas, .vega-embed svg").first).to_be_visible()
    expect(lab.cell(3).locator("[data-mime-type$='.stdout']")).to_have_text("in plain words")
    expect(lab.cell(3).locator("[data-mime-type$='.stderr']")).to_contain_text("ZeroDivisionError")

    assert lab.ran, "a kernel that was given something to run is seen, and not left to the next test"
    assert failed == []
    assert [url for url in asked if not url.startswith((lab.url, "data:", "blob:"))] == []
    for name in ("lab/api/extensions", "lab/api/news", "lab/api/update", "lab/api/plugins", "lsp/"):
        assert [url for url in asked if name in url] == [], name
    has = "command => window.jupyterapp.commands.hasCommand(command)"
    for command in ("extensionmanager:toggle", "pluginmanager:open"):
        assert not lab.page.evaluate(has, command), command
    for command in ("terminal:create-new", "debugger:open-source", "csv:go-to-line", "markdownviewer:open"):
        assert lab.page.evaluate(has, command), command
