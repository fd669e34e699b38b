"""A report in the browser: offline, light and dark, on a phone and on a desk; hostile text does nothing."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page

from evaluation.report.comparison import compare_runs
from evaluation.report.page import html_page
from evaluation.report.summary import summarise
from tests.unit.evaluation.made_runs import CASES, feedback, result, run, sample

pytestmark = pytest.mark.browser
AXE = Path(__file__).resolve().parents[3] / "web" / "node_modules" / "axe-core" / "axe.min.js"
EVIL = "</pre></details><script>alert(1)</script><img src=x onerror=alert(2)>"
WIDE = "x" * 400
_RUN_AXE = "async () => (await axe.run()).violations.map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' | '))"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    asked = [sample(f"{case}/{n}", case, code=f"# {EVIL}\n{WIDE} = 1\n") for case in CASES for n in range(6)]
    said = feedback("needs_work", f"{EVIL} {WIDE}")
    before = run([result(one, feedback(), {"verdict": 1.0, "brevity": 1.0}) for one in asked], model=EVIL)
    after = run(
        [result(one, said, {"verdict": 0.0, "brevity": n % 2}) for n, one in enumerate(asked)], "after", model=WIDE
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html_page(summarise(after), compare_runs(before, after)))
    return path


def opened(browser: Browser, report: Path, scheme: str, width: int, noise: list[str]) -> Page:
    context = browser.new_context(
        offline=True,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()

    def refuse(dialog: Dialog) -> None:
        noise.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", refuse)
    page.on("console", lambda message: noise.append(message.text))
    page.on("request", lambda request: noise.append(request.url) if request.url != report.as_uri() else None)
    page.goto(report.as_uri())
    return page


def test_it_opens_offline_fits_and_is_accessible(browser: Browser, report: Path) -> None:
    noise: list[str] = []
    for scheme in ("light", "dark"):
        for width in (390, 1280):
            page = opened(browser, report, scheme, width, noise)
            page.locator("details.sample summary").first.click()
            assert page.locator("details.sample[open] .side").count() == 2
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
            page.evaluate(AXE.read_text())
            assert page.evaluate(_RUN_AXE) == []
            page.context.close()
    assert noise == []
