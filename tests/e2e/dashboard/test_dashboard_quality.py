"""The QA pages, over the real service and real files: what is labelled here is what the calibration reads."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from evaluation.judge.calibration import calibrate
from evaluation.judge.labels import LABELS, agreed, known_labels, read_labels
from evaluation.judge.record import JudgeRecord
from evaluation.runs.store import RUNS, RunStore
from evaluation.serving.service import EvaluationService
from evaluation.settings import EvaluationSettings
from tests.e2e.dashboard.dashboard_double import Books, DashboardDouble
from tests.e2e.dashboard.dashboard_page import DeskPage
from tests.e2e.dashboard.test_dashboard_access import serious
from tests.services.evaluation.judged_home import AFTER, BEFORE, BROKEN, HOSTILE, make_home
from tests.unit.evaluation.made_runs import CASES

pytestmark = pytest.mark.browser
FLAW = f"{CASES[1]}/flaw-1"


@pytest.fixture
def home(tmp_path: Path, books: Books) -> Path:
    """QA sits at the desk, before runs that a judge has seen."""
    books.roles = ["qa"]
    books.quality = EvaluationService(make_home(tmp_path), EvaluationSettings())
    return tmp_path


def test_qa_goes_from_runs_to_a_sample_compares_two_and_labels_what_the_calibration_finds(
    desk: DeskPage, home: Path
) -> None:
    page = desk.open("").page
    expect(desk.part("run-row")).to_have_count(3)
    expect(page.locator("nav a")).to_have_text(["Runs", "Labels"])
    expect(desk.part("run-row").first).to_contain_text(AFTER)
    expect(page.locator(f"[data-run='{BEFORE}'] [data-caseloop='run-state']")).to_have_text("Accepted")
    expect(page.locator(f"[data-run='{AFTER}'] [data-caseloop='interval']")).to_be_visible(timeout=60_000)
    assert serious(desk) == []

    for run in (AFTER, BEFORE):
        page.get_by_label(f"Compare {run}").check()
    desk.part("compare-chosen").click()
    expect(desk.part("outcome")).to_contain_text("It got worse", timeout=60_000)
    expect(desk.part("outcome")).to_contain_text(BROKEN)
    expect(page.locator("[data-score='problem-recall']")).to_contain_text("9 / 0")
    assert serious(desk) == []

    page.locator(f"[data-sample='{FLAW}'] a").click()
    expect(desk.part("answer-before")).to_contain_text("Something is off.")
    expect(desk.part("answer")).to_contain_text("The sum leaves out the last day. <b>1</b>")
    shown = HOSTILE.replace("\u202e", "⟨U+202E⟩").splitlines()[0]
    expect(desk.part("code-cell").locator("[data-marked='true']")).to_contain_text(shown)
    desk.part("exchanges").locator("summary").first.click()
    desk.part("exchange").first.locator("summary").click()
    expect(desk.part("exchange").first).to_contain_text("<script>alert(1)</script>")
    assert page.locator("main img, main script, main b").count() == 0
    assert serious(desk) == []

    desk.open(f"runs/{AFTER}")
    expect(page.locator("[data-caseloop='score'][data-score='verdict']")).to_contain_text("93 %")
    expect(desk.part("heat-row")).to_have_count(3)
    desk.part("filter-failed").select_option("verdict")
    expect(desk.part("sample-row")).to_have_count(1)
    expect(desk.part("sample-row")).to_contain_text(BROKEN)
    assert serious(desk) == []

    desk.part("to-labels").click()
    items = desk.part("label-item")
    expect(items).to_be_visible(timeout=60_000)
    assert serious(desk) == []
    first = items.get_attribute("data-item")
    desk.press("s")
    desk.said("Skipped.")
    expect(items).not_to_have_attribute("data-item", str(first))
    second = str(items.get_attribute("data-item"))
    desk.press("i")
    page.keyboard.type("no y n s")
    expect(desk.part("label-note")).to_have_value("no y n s")
    desk.press("Escape", "n")
    desk.said("Written down: no.")
    expect(items).not_to_have_attribute("data-item", second)
    expect(desk.part("label-note")).to_have_value("")
    expect(desk.part("label-count")).to_contain_text("You have answered 1 of")
    [label] = read_labels(home / LABELS)
    assert (label.item, label.by, label.answer, label.note) == (second, "quinn", "no", "no y n s")

    labelled, mistakes = _calibrated(home)
    assert labelled == 1
    assert mistakes <= {second}
    desk.press("b")
    expect(items).to_have_attribute("data-item", second)
    expect(desk.part("label-no")).to_have_attribute("aria-pressed", "true")
    desk.part("label-cannot_tell").click()
    expect(items).not_to_have_attribute("data-item", second)
    assert [one.answer for one in read_labels(home / LABELS)] == ["cannot_tell"]


def _calibrated(home: Path) -> tuple[int, set[str]]:
    """How many labels a calibration takes in, and the items where judge and people differ."""
    store = RunStore(home / RUNS)
    opinions = JudgeRecord(store.folder(AFTER)).opinions()
    found = calibrate(store.open(AFTER), opinions, agreed(known_labels(home / LABELS)))
    mistakes = {opinion.item for question in found for opinion in question.mistakes}
    return sum(question.at_random + question.picked for question in found), mistakes


@pytest.fixture
def phone(browser: Browser, double: DashboardDouble) -> Iterator[DeskPage]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    yield DeskPage(context.new_page(), double.url)
    context.close()


def test_on_a_phone_in_the_dark_nothing_is_too_wide_and_what_is_missing_is_said(
    phone: DeskPage, home: Path, books: Books, tmp_path_factory: pytest.TempPathFactory
) -> None:
    places = {
        "runs": "run-row", f"runs/{AFTER}": "heat-row", f"compare?before={BEFORE}&after={AFTER}": "sample-row",
        f"runs/{AFTER}/sample?id={FLAW}&against={BEFORE}": "opinion", f"labels?run={AFTER}": "label-item",
    }  # fmt: skip
    for place, name in places.items():
        phone.open(place)
        expect(phone.part(name).first).to_be_visible(timeout=60_000)
        phone.page.wait_for_load_state("networkidle")
        wide = phone.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, place
        assert serious(phone) == [], place
    phone.open(f"labels?run={BEFORE}")
    expect(phone.part("problem")).to_have_attribute("data-error", "not_judged")
    phone.open("runs/never-ran")
    expect(phone.part("problem")).to_have_attribute("data-error", "run_not_found")
    books.quality = EvaluationService(tmp_path_factory.mktemp("empty"), EvaluationSettings())
    for place in ("runs", "labels"):
        phone.open(place)
        phone.page.reload()
        expect(phone.part("empty")).to_contain_text("caseloop eval")
    assert phone.errors == []
