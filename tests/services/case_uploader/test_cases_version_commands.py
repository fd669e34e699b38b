"""`caseloop case versions|compare|make-current|withdraw|regrade` with the real stores; only the judging is scripted."""

import asyncio
import getpass
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import Result
from typer.testing import CliRunner

from case_uploader.app import create_app
from case_uploader.cli import build_case_app
from case_uploader.keeping import Keeping
from case_uploader.service import CaseService
from case_uploader.wiring import Backends, open_authoring, open_backends, publishing_service, reading_service
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.clients.regrading import RegradingClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import Feedback, Verdict
from services.contracts.identity import Role
from services.contracts.notebook import Cell, cells_digest
from services.contracts.progress import Conclude, Submit
from services.kit.http import in_process_client
from services.kit.settings import Settings
from services.progress.wiring import open_app
from tests.services.case_uploader.conftest import ScriptedFeedback
from tests.services.case_uploader.test_cases_uploads import MINTER, VERIFIER, scope
from tests.services.case_uploader.upload_worker import QUICK

CASE = "coffee-sales"
HARSH, MILD = "x = 'harsh'", "x = 'mild'"


@pytest.fixture(autouse=True)
def quiet():
    """Pictures of tracebacks cost seconds, and nobody looks at them."""
    with structlog.testing.capture_logs():
        yield


@dataclass
class Desk:
    """Commands over one home."""

    settings: Settings
    feedback: ScriptedFeedback
    folder: Path
    retitle: Callable[[Path, str], None]

    @asynccontextmanager
    async def service(self) -> AsyncIterator[CaseService]:
        async with self._backends() as backends:
            yield publishing_service(backends, self.feedback, None)

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[Keeping]:
        async with self._backends() as backends, open_app(self.settings, VERIFIER) as progress:
            classes = ProgressClient(in_process_client(progress, "dashboard"))
            regrading = RegradingClient(in_process_client(progress, "cases"))
            desk = open_authoring(backends, self.feedback, regrading, None, QUICK)

            async def learners(case: str) -> dict[str, int]:
                return await classes.learners_by_version(case, scope())

            yield Keeping(desk.versions, desk.regrades, desk.jobs, desk.regrading, learners)

    @asynccontextmanager
    async def _backends(self) -> AsyncIterator[Backends]:
        async with AsyncExitStack() as stack:
            backends = await stack.enter_async_context(open_backends(self.settings))
            app = create_app(reading_service(backends), backends)
            self.feedback.cases = CasesClient(await stack.enter_async_context(in_process_client(app, "feedback")))
            yield backends

    def run(self, *words: str) -> Result:
        app = build_case_app(self.service, lambda: self.settings, open_keeping=self.keeping)
        return CliRunner().invoke(app, list(words))

    def told(self, *words: str) -> list[Any]:
        """What a command that goes well says to a program."""
        done = self.run(*words, "--json")
        assert done.exit_code == 0, done.stdout
        return list(json.loads(done.stdout)["results"])

    def publish(self, title: str) -> str:
        """Publish the case under this title; returns the version."""
        self.retitle(self.folder, title)
        [published] = self.told("publish", str(self.folder))
        return str(published["version"])

    def hand_in(self, version: str, name: str, source: str, verdict: Verdict, points: float = 0) -> None:
        """A judged submission of `total-revenue`."""
        asyncio.run(self._hand_in(version, name, source, verdict, points))

    async def _hand_in(self, version: str, name: str, source: str, verdict: Verdict, points: float) -> None:
        who = MINTER.mint(user=name, role=Role.LEARNER, case=CASE, case_version=version)
        cells = (Cell(id="total-revenue-answer", source=source),)
        submit = Submit(subtask="total-revenue", digest=cells_digest("total-revenue", cells), cells=cells)
        async with open_app(self.settings, VERIFIER) as progress, in_process_client(progress, "gateway") as http:
            client = ProgressClient(http)
            recorded = await client.submit(submit, who)
            feedback = Feedback(verdict=verdict, headline="As it was.", points=points)
            await client.conclude(Conclude(submission=recorded.submission, feedback=feedback), who)


@pytest.fixture
def desk(tmp_path: Path, scripted_feedback, case_folder, retitle, monkeypatch) -> Desk:
    monkeypatch.setenv("COLUMNS", "300")
    settings = Settings(home=tmp_path / "home")
    settings.prepare()
    return Desk(settings, scripted_feedback, case_folder, retitle)


def test_the_history_says_what_each_version_is_and_who_is_on_it(desk):
    first, second = desk.publish("First edition"), desk.publish("Second edition")
    desk.hand_in(first, "ben", HARSH, Verdict.NEEDS_WORK)

    told = desk.told("versions", CASE)

    assert [(one["number"], one["version"], one["state"], one["learners"]) for one in told] == [
        (2, second, "current", 0),
        (1, first, "older", 1),
    ]
    shown = desk.run("versions", CASE).stdout
    assert [word for word in (first[:12], "older", "Second edition") if word not in shown] == []


def test_two_versions_are_compared_by_number_or_digest_and_the_second_is_the_current_one(desk):
    first = desk.publish("First edition")
    notebook = desk.folder / "solution.ipynb"
    notebook.write_text(notebook.read_text().replace("total should be a float", "total must be a float"))
    second = desk.publish("Second edition")

    [changes] = desk.told("compare", CASE, "1")

    assert (changes["before"], changes["after"], changes["affected"]) == (first, second, 0)
    assert [check["check"] for check in changes["checks"]] == ["total-revenue-check"]
    assert "title" in changes["settings"]
    assert desk.told("compare", CASE, first[:7], second) == [changes]
    shown = desk.run("compare", CASE, "1", "2").stdout
    assert '+assert isinstance(total, float), "total must be a float"' in shown
    assert "0 learners are on" in shown


def test_rolling_back_and_withdrawing_are_written_down_with_who_and_why(desk):
    first, second = desk.publish("First edition"), desk.publish("Second edition")

    [current] = desk.told("make-current", CASE, "1")
    assert (current["version"], current["number"], current["state"]) == (first, 3, "current")
    again = desk.run("make-current", CASE, "3")
    assert (again.exit_code, "current one already" in again.stdout) == (1, True)

    [gone] = desk.told("withdraw", CASE, second[:12], "--reason", "its data were wrong")
    me = getpass.getuser()
    assert (gone["state"], gone["withdrawn_by"], gone["reason"]) == ("withdrawn", me, "its data were wrong")
    assert [one["state"] for one in desk.told("versions", CASE)] == ["current", "withdrawn"]
    assert desk.told("list")[0]["version"] == first


def test_a_withdrawal_needs_a_reason(desk):
    desk.publish("First edition")
    assert desk.run("withdraw", CASE, "1").exit_code == 2
    assert desk.run("withdraw", CASE, "1", "--reason", "  ").exit_code == 2
    assert desk.told("versions", CASE)[0]["state"] == "current"


def test_a_regrade_is_a_preview_until_it_is_applied_and_takes_nothing_away(desk):
    version = desk.publish("First edition")
    desk.hand_in(version, "ben", HARSH, Verdict.NEEDS_WORK, 0.5)
    desk.hand_in(version, "cleo", MILD, Verdict.APPROVED, 2)
    desk.feedback.verdicts |= {
        "harsh": Feedback(verdict=Verdict.APPROVED, headline="Now it passes.", points=2),
        "mild": Feedback(verdict=Verdict.NEEDS_WORK, headline="Now it does not.", points=1),
    }
    early = desk.run("regrade", CASE, "--apply")
    assert (early.exit_code, "make a preview first" in early.stdout) == (1, True)

    shown = desk.run("regrade", CASE).stdout
    assert "2 judged" in shown
    assert "1 better, 1 worse, 0 not judged; nothing has changed" in shown
    assert [
        word for word in ("ben", "needs work, 0.5", "approved, 2", "better", "Now it passes.") if word not in shown
    ] == []
    assert "worse, stays" in shown

    [applied] = desk.told("regrade", CASE, "--apply")
    assert (applied["state"], applied["applied"]) == ("applied", 1)
    [after] = desk.told("regrade", CASE)
    assert (after["gains"], after["losses"]) == (0, 1)


def test_a_regrade_that_a_stopped_platform_broke_says_so(desk):
    version = desk.publish("First edition")
    desk.hand_in(version, "ben", HARSH, Verdict.NEEDS_WORK)
    desk.feedback.error = ServiceError("feedback", 503, "service_unavailable", "feedback could not be reached")

    done = desk.run("regrade", CASE)

    assert done.exit_code == 1
    assert "Start the regrade again" in done.stdout
    refused = desk.run("regrade", CASE, "--apply")
    assert (refused.exit_code, "Only a finished preview" in refused.stdout) == (1, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("versions", "tea-sales"), "There is no case 'tea-sales'"),
        (("compare", CASE, "7"), "Its numbers: 1."),
        (("make-current", CASE, "abcdef0"), "'abcdef0' is none of the versions"),
        (("regrade", CASE, "ab"), "'ab' is none of the versions"),
    ],
)
def test_what_is_not_there_is_said_by_name(desk, words, told):
    desk.publish("First edition")
    done = desk.run(*words)
    assert (done.exit_code, told in done.stdout) == (1, True), done.stdout


def test_a_case_whose_versions_are_all_withdrawn_has_no_current_one(desk):
    desk.publish("First edition")
    desk.told("withdraw", CASE, "1", "--reason", "wrong")
    done = desk.run("compare", CASE, "1")
    assert (done.exit_code, "no current version" in done.stdout) == (1, True)
