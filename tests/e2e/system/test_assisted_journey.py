"""A learner with a model at hand: words, a hint, a talk; then its server dies, and everything still ends well."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from case_uploader.format.case_folder import read_case_folder
from services.contracts.case import AuthorCase
from tests.e2e.system.caseloop_browser import Learner
from tests.e2e.system.caseloop_system import System
from tests.e2e.system.model_server import ANSWER, HINT
from tests.e2e.system.one_home import published_system
from tests.e2e.system.published_home import PublishedHome

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
CASE, SUBTASK = "clean-regression", "load"


@pytest.fixture(scope="module")
def case(project: Path) -> AuthorCase:
    draft = read_case_folder(project / "cases" / CASE).draft
    assert draft is not None
    return draft.author


@pytest.fixture(scope="module")
def model_server(project: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.e2e.system.model_server", str(project / "cases" / CASE), SUBTASK]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.fixture(scope="module")
def system(project: Path, published_home: PublishedHome, model_server: "subprocess.Popen[str]") -> Iterator[System]:
    assert model_server.stdout is not None
    url = model_server.stdout.readline().strip()
    assert url.startswith("http://127.0.0.1:")
    variables = {"CASELOOP_MODEL_KIND": "vllm", "CASELOOP_MODEL_URL": url, "CASELOOP_MODEL_NAME": "double"}
    with published_system(project, published_home, **variables) as running:
        yield running


def hint_kind(learner: Learner, name: str) -> Locator:
    return learner.page.locator(f"[data-caseloop='hint-kind'][data-kind='{name}']")


def ask_hint(learner: Learner, name: str, thought: str) -> Locator:
    """Ask, and write down a thought while it is made; the card to read."""
    hint_kind(learner, name).locator("[data-caseloop='ask-hint']").click()
    learner.part("reflection-text").fill(thought)
    learner.part("send-reflection").click()
    card = learner.page.locator(f"[data-caseloop='hint-card'][data-kind='{name}']")
    expect(card.locator("[data-caseloop='hint-text']")).to_be_visible(timeout=90_000)
    return card


def say(learner: Learner, text: str) -> Locator:
    """Say something to the assistant; its answer."""
    before = learner.part("message").count()
    learner.part("chat-text").fill(text)
    learner.part("chat-text").press("Enter")
    expect(learner.part("message")).to_have_count(before + 2, timeout=60_000)
    return learner.part("message").last


def test_a_check_words_a_hint_a_talk_and_then_the_models_server_dies(
    system: System, browser: Browser, case: AuthorCase, model_server: "subprocess.Popen[str]"
) -> None:
    subtask = case.subtask(SUBTASK)
    assert subtask is not None
    (right,) = subtask.reference.values()
    wrong, other = (
        source for flaw in case.flaws if flaw.subtask == SUBTASK for source in list(flaw.answer.values())[:1]
    )
    learner = Learner(browser, system, CASE, SUBTASK)
    learner.sign_in()
    learner.open_case()
    learner.write(wrong)
    learner.check()
    expect(learner.feedback).to_have_attribute("data-verdict", "needs_work", timeout=60_000)
    expect(learner.feedback.locator("[data-caseloop='words']")).to_have_count(0)  # nobody has chosen AI yet

    learner.feedback.locator("[data-caseloop='open-help']").click()
    expect(learner.part("consent")).to_contain_text("double")
    learner.part("use-ai").click()
    expect(learner.part("ai-standing").first).to_have_attribute("data-choice", "yes")
    words = learner.feedback.locator("[data-caseloop='words']")
    learner.check()
    expect(words).to_have_attribute("data-state", "model", timeout=60_000)
    expect(learner.feedback).to_have_attribute("data-verdict", "needs_work")

    expect(hint_kind(learner, "debug")).to_contain_text("3 hints left")
    hint = ask_hint(learner, "debug", "Perhaps the header is wrong")
    expect(hint.locator("[data-caseloop='hint-text']")).to_contain_text(HINT)
    expect(hint.locator("[data-caseloop='written-by']")).to_have_text("Written by a language model")
    expect(hint.locator("[data-caseloop='reflection']")).to_contain_text("Perhaps the header is wrong")
    expect(hint_kind(learner, "debug")).to_contain_text("2 hints left")
    expect(hint_kind(learner, "plan").locator("[data-caseloop='ask-hint']")).to_have_attribute("aria-disabled", "true")
    hint.locator("[data-caseloop='helpful']").click()
    expect(hint.locator("[data-caseloop='rated']")).to_have_text("You found this helpful.")

    learner.part("tab-chat").click()
    learner.part("chat-reasoning").fill("I think the first line is not the header")
    answer = say(learner, "Why are my columns wrong?")
    expect(answer).to_contain_text(ANSWER)
    expect(answer.locator("[data-caseloop='written-by']")).to_contain_text("Written by a language model")

    model_server.kill()
    model_server.wait(60)
    learner.write(other)
    expect(learner.feedback).to_have_attribute("data-state", "stale")
    learner.check()
    expect(learner.feedback).to_have_attribute("data-state", "current", timeout=60_000)
    expect(learner.feedback).to_have_attribute("data-verdict", "needs_work")
    answer = say(learner, "And what is wrong now?")
    expect(answer.locator("[data-caseloop='written-by']")).to_contain_text("Written by rules")
    learner.part("tab-hints").click()
    hint = ask_hint(learner, "plan", "I have no idea any more")
    expect(hint.locator("[data-caseloop='written-by']")).to_have_text("Written by rules")
    hint.locator("[data-caseloop='not-helpful']").click()
    expect(hint.locator("[data-caseloop='rated']")).to_be_visible()
    expect(learner.feedback.locator("[data-caseloop='finding']").first).to_be_visible()

    learner.write(right)
    learner.check()
    expect(learner.feedback).to_have_attribute("data-verdict", "approved", timeout=60_000)
    learner.leave()
