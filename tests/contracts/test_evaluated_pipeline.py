"""One contract for whoever answers samples: the pipeline in this process, and a running service asked over mTLS."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evaluation.bench import Bench, CannotEvaluate, InProcess
from evaluation.pipeline import CannotAnswer, Pipeline
from evaluation.runs.result import Answer
from evaluation.runs.running import Examination
from evaluation.scorers.port import Ground
from evaluation.scorers.rules import RuleScorers
from evaluation.served import Served
from evaluation.suites.sample import Expected, Problem, Sample
from feedback.app import create_app
from feedback.firewall.firewall import Firewall
from feedback.firewalls import KeptFirewalls
from feedback.wiring import build_checker, build_judging
from infra.settings import EmbeddedSettings
from infra.workshop import open_running_feedback
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import TrialRequest, Verdict
from services.kit.http import tls_client
from services.kit.scope import ScopeVerifier
from services.kit.serving import Listener, serving
from services.runner.service import Runner
from services.runner.settings import RunnerSettings
from tests.services.feedback.conftest import FLAWS, STARTER, Shelf, answered, shop
from vault.identity import Identity
from vault.rotation import Credential
from vault.wiring import open_vault

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]
CASE = shop()
FLAW = next(flaw for flaw in FLAWS if flaw.id == "price-only")


def _sample(name: str, verdict: Verdict, subtask: str = "reduced", **answers: str) -> Sample:
    problem = Problem(about=FLAW.words, cell="reduced", line=4)
    wrong = verdict is Verdict.NEEDS_WORK
    expected = Expected(verdict=verdict, problems=(problem,) if wrong else ())
    return Sample(id=name, case="shop", subtask=subtask, cells=answered(CASE, **answers), expected=expected)


SUITE = (
    _sample("reference", Verdict.APPROVED),
    _sample("flaw", Verdict.NEEDS_WORK, **FLAW.answer),
    _sample("starter", Verdict.NEEDS_WORK, reduced=STARTER),
    _sample("raises", Verdict.NEEDS_WORK, "shelf", shelf="table = None\nmean_price = table.mean()\n"),
    _sample("empty", Verdict.NEEDS_WORK, reduced=""),
)


@dataclass
class Place:
    """Both pipelines over one runner, and the settings of the system whose service runs."""

    here: InProcess
    served: Served
    settings: EmbeddedSettings
    running: AsyncExitStack
    """Closing it stops the service."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(project: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    folder = tmp_path_factory.mktemp("evaluated")
    settings = EmbeddedSettings(home=folder / "home", run_dir=Path(), learner_env=project / ".venv-learner")
    settings.prepare()
    authority = open_vault(settings.mode, settings.home).authority
    own = RunnerSettings(learner_env=settings.learner_env, cache=folder / "runner", spares=1)
    async with Runner(own) as runner, AsyncExitStack() as stack:
        judging = build_judging(runner, Shelf(CASE), folder / "served")
        app = create_app(judging.service, ScopeVerifier(Ed25519PrivateKey.generate().public_key()))
        credential = Credential(authority, Identity.service("feedback"), settings.leaf("feedback"))
        listener = Listener(app, credential, settings.socket("feedback"))
        await stack.enter_async_context(serving([listener], authority))
        bench = Bench({"shop": CASE}, build_checker(runner, folder / "here"), KeptFirewalls(1), {"rules": "1"})
        async with open_running_feedback(settings) as service:
            yield Place(InProcess(bench), Served({"shop": CASE}, service), settings, stack)


@pytest.fixture(params=["here", "served"])
def pipeline(request: pytest.FixtureRequest, place: Place) -> Pipeline:
    return place.here if request.param == "here" else place.served


def _said(answer: Answer) -> str:
    return answer.feedback.model_copy(update={"wall_ms": 0}).model_dump_json()


async def test_both_say_the_same_of_a_suite_and_score_the_same(place: Place) -> None:
    grounds = {"shop": Ground(CASE, Firewall.of(CASE))}
    for sample in SUITE:
        here, served = [
            await Examination(pipeline, (RuleScorers(),), grounds).result(sample)
            for pipeline in (place.here, place.served)
        ]
        assert here.answer is not None, here.problem
        assert served.answer is not None, served.problem
        assert here.answer.feedback.verdict is sample.expected.verdict
        assert _said(here.answer) == _said(served.answer), sample.id
        assert here.scores == served.scores
        assert here.score("verdict") == 1


async def test_evidence_stands_in_the_answer_as_mentors_see_it(pipeline: Pipeline) -> None:
    answer = await pipeline.answer(SUITE[1])
    assert any(one.fact for finding in answer.feedback.findings for one in finding.evidence)
    assert answer.wall_ms > 0


async def test_a_case_that_is_not_open_cannot_be_asked_about(pipeline: Pipeline) -> None:
    with pytest.raises(CannotAnswer, match="the case 'another-case' is not open"):
        await pipeline.answer(SUITE[0].model_copy(update={"case": "another-case"}))


async def test_a_step_that_is_gone_is_one_sample_without_an_answer(pipeline: Pipeline) -> None:
    grounds = {"shop": Ground(CASE, Firewall.of(CASE))}
    result = await Examination(pipeline, (), grounds).result(SUITE[0].model_copy(update={"subtask": "gone"}))
    assert result.answer is None
    assert "gone" in result.problem


async def test_what_a_run_was_made_by_names_the_versions_of_its_cases(pipeline: Pipeline) -> None:
    assert pipeline.made_of["case shop"] == CASE.version


async def test_another_start_of_the_service_is_another_pipeline(place: Place) -> None:
    assert place.served.made_of["service"].startswith("feedback, running since 20")


async def test_a_version_that_the_service_does_not_know_is_said(place: Place) -> None:
    other = CASE.model_copy(update={"version": "f" * 64})
    async with open_running_feedback(place.settings) as service:
        with pytest.raises(CannotAnswer, match=r"feedback answered 404 .*There is no such version"):
            await Served({"shop": other}, service).answer(SUITE[0])


@pytest.mark.parametrize(
    ("caller", "error"), [("gateway", "caller_not_allowed"), ("evaluation", "service_unavailable")]
)
async def test_nobody_else_has_samples_judged(place: Place, caller: str, error: str) -> None:
    """The gateway is refused by the route, whoever may not call at all in the connection."""
    authority = open_vault(place.settings.mode, place.settings.home).authority
    leaf = place.settings.home / f"{caller}.pem"
    context = Credential(authority, Identity.service(caller), leaf).client_context()
    async with tls_client(context, "feedback", place.settings.socket("feedback")) as http:
        with pytest.raises(ServiceError) as refused:
            await FeedbackClient(http).trial(TrialRequest(version=CASE.version, cells=SUITE[0].cells))
    assert refused.value.error == error


async def test_nobody_is_asked_where_nothing_listens(tmp_path: Path) -> None:
    settings = EmbeddedSettings(home=tmp_path / "home", run_dir=Path())
    with pytest.raises(CannotEvaluate, match="No feedback service listens at"):
        async with open_running_feedback(settings):
            raise AssertionError


async def test_a_service_that_goes_away_leaves_samples_without_an_answer(place: Place) -> None:
    """The last test: it stops the service."""
    await place.running.aclose()
    with pytest.raises(CannotAnswer, match="feedback answered 503"):
        await place.served.answer(SUITE[0])
