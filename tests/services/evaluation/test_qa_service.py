"""Runs, samples and labels as `evaluation` tells them: to QA and admins alone, out of the files of `caseloop eval`."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evaluation.judge.calibration import calibrate
from evaluation.judge.labels import LABELS, agreed, read_labels
from evaluation.judge.record import EXCHANGES, JudgeRecord
from evaluation.report.accepted import FILE
from evaluation.runs.store import RESULTS, RUNS, RunStore
from evaluation.serving.app import create_app
from evaluation.serving.computing import Computing
from evaluation.serving.errors import RunDamaged, TookTooLong
from evaluation.serving.readings import Indexed
from evaluation.settings import EvaluationSettings
from services.contracts.clients.evaluation import EvaluationClient
from services.contracts.errors import ServiceError
from services.contracts.identity import Role
from services.contracts.labelling import GiveLabel, LabelItem, LabelPage
from services.kit.http import in_process_client
from services.kit.scope import ScopeMinter, ScopeVerifier
from tests.services.evaluation.judged_home import AFTER, BEFORE, BROKEN, make_home
from tests.unit.evaluation.made_runs import CASES

KEY = Ed25519PrivateKey.generate()
MINTER = ScopeMinter(KEY)
ROUTES = (
    "/runs", f"/runs/{AFTER}", f"/runs/{AFTER}/samples", f"/runs/{AFTER}/sample?id=x", f"/runs/{AFTER}/exchanges?id=x",
    f"/runs/{AFTER}/labels", f"/comparison?before={BEFORE}&after={AFTER}",
)  # fmt: skip
Ask = Callable[..., httpx.AsyncClient]


def scope(user: str = "quinn", role: Role = Role.QA) -> str:
    return MINTER.mint(user=user, role=role, case="*", case_version="*")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("qa"))


@pytest.fixture
async def ask(home: Path) -> AsyncIterator[Ask]:
    """Clients of the app, by the service that calls."""
    app = create_app(home, ScopeVerifier(KEY.public_key()), EvaluationSettings(prompt_price=2))
    made = []

    def client(caller: str = "dashboard") -> httpx.AsyncClient:
        made.append(in_process_client(app, caller))
        return made[-1]

    yield client
    for one in made:
        await one.aclose()


@pytest.fixture
def evaluation(ask: Ask) -> EvaluationClient:
    return EvaluationClient(ask())


def judged_yes(page: LabelPage, home: Path) -> LabelItem:
    """The first item drawn at random about which the judge has made up its mind."""
    opinions = {one.item: one for one in JudgeRecord(RunStore(home / RUNS).folder(page.run)).opinions()}
    return next(i for i in page.items if i.why == "drawn at random" and opinions[i.item].answer == "yes")


class TestAccess:
    @pytest.mark.parametrize("route", ROUTES)
    @pytest.mark.parametrize("role", [Role.LEARNER, Role.MENTOR])
    async def test_learners_and_mentors_get_nothing(self, ask: Ask, route: str, role: Role) -> None:
        answer = await ask().get(route, headers={"Caseloop-Scope": scope("lena", role)})
        assert (answer.status_code, answer.json()["error"]) == (403, "not_qa")

    @pytest.mark.parametrize("route", ROUTES)
    async def test_nobody_gets_in_without_a_scope_or_from_another_service(self, ask: Ask, route: str) -> None:
        assert (await ask().get(route)).json()["error"] == "scope_missing"
        refused = await ask("gateway").get(route, headers={"Caseloop-Scope": scope()})
        assert (refused.status_code, refused.json()["error"]) == (403, "caller_not_allowed")

    async def test_a_mentor_cannot_label(self, ask: Ask, home: Path) -> None:
        body = {"item": "0" * 64, "answer": "yes"}
        headers = {"Caseloop-Scope": scope("mona", Role.MENTOR)}
        answer = await ask().post(f"/runs/{AFTER}/labels", json=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "not_qa")
        assert not (home / LABELS).exists()

    async def test_an_admin_may_do_what_qa_may(self, evaluation: EvaluationClient) -> None:
        assert (await evaluation.runs(scope("root", Role.ADMIN))).total == 3

    @pytest.mark.parametrize("name", ["..", ".hidden", "a%2Fb", "a%00b"])
    async def test_a_name_that_is_none_leads_nowhere(self, ask: Ask, name: str) -> None:
        answer = await ask().get(f"/runs/{name}/labels", headers={"Caseloop-Scope": scope()})
        assert answer.status_code in (404, 422)


class TestRuns:
    async def test_the_newest_come_first_and_say_what_they_are(self, evaluation: EvaluationClient) -> None:
        page = await evaluation.runs(scope(), limit=2)
        assert [(run.id, run.accepted, run.judged) for run in page.items] == [
            (AFTER, False, True),
            (BEFORE, True, False),
        ]
        assert (page.total, page.next, page.suites) == (3, 2, ("bakery", "shipped"))
        rest = await evaluation.runs(scope(), after=2)
        assert [(run.suite, run.ended) for run in rest.items] == [("bakery", None)]
        assert [run.suite for run in (await evaluation.runs(scope(), suite="bakery")).items] == ["bakery"]

    async def test_a_run_has_intervals_cases_and_counts(self, evaluation: EvaluationClient) -> None:
        run = await evaluation.run(AFTER, scope())
        verdict = next(score for score in run.scores if score.name == "verdict").value
        assert (verdict.count, verdict.clusters) == (15, 3)
        assert verdict.low is not None
        assert verdict.mean is not None
        assert verdict.high is not None
        assert verdict.low < verdict.mean < verdict.high
        assert verdict.mean == pytest.approx(14 / 15)
        assert (run.samples, run.not_answered, run.contaminated, run.cases) == (17, 1, 1, 3)
        assert {row.case for row in run.heat} == set(CASES)
        assert ("approved", "needs_work", 1) in {(v.expected, v.given, v.count) for v in run.verdicts}
        assert run.cost == pytest.approx(16 * 10 * 2 / 1_000_000)
        assert run.judge is not None
        assert run.judge.opinions > 20
        accepted = await evaluation.run(BEFORE, scope())
        assert (accepted.accepted, accepted.accepted_by, accepted.judge) == (True, "ada", None)

    async def test_samples_are_filtered_and_come_in_parts(self, evaluation: EvaluationClient) -> None:
        page = await evaluation.samples(AFTER, scope(), limit=10)
        assert (len(page.items), page.total, page.next) == (10, 17, 10)
        assert (await evaluation.samples(AFTER, scope(), after=10, limit=10)).next is None
        failed = await evaluation.samples(AFTER, scope(), failed="verdict")
        assert [(line.id, line.verdict) for line in failed.items] == [(BROKEN, "needs_work")]
        in_case = await evaluation.samples(AFTER, scope(), case=CASES[1])
        assert {line.case for line in in_case.items} == {CASES[1]}
        changed = await evaluation.samples(AFTER, scope(), against=BEFORE, changed=True)
        assert list(dict.fromkeys(line.effect for line in changed.items)) == ["broken", "lost", "scores", "words"]

    async def test_two_runs_are_decided_on(self, evaluation: EvaluationClient) -> None:
        found = await evaluation.compare(BEFORE, AFTER, scope())
        assert found.outcome == "worse"
        assert BROKEN in found.reasons[0]
        recall = next(score for score in found.scores if score.name == "problem-recall")
        assert (recall.rose, recall.fell) == (9, 0)
        assert (found.effects["broken"], found.before.accepted, found.after.judged) == (1, True, True)

    @pytest.mark.parametrize("call", ["run", "samples", "labels"])
    async def test_a_run_that_is_not_there_is_said_so(self, evaluation: EvaluationClient, call: str) -> None:
        with pytest.raises(ServiceError) as refused:
            await getattr(evaluation, call)("never-ran", scope())
        assert (refused.value.status, refused.value.error) == (404, "run_not_found")

    async def test_figures_follow_the_files(self, home: Path, tmp_path: Path) -> None:
        app = create_app(make_home(tmp_path, size=1), ScopeVerifier(KEY.public_key()))
        async with in_process_client(app, "dashboard") as http:
            evaluation = EvaluationClient(http)
            assert (await evaluation.run(BEFORE, scope())).samples == 8
            run = RunStore(tmp_path / RUNS).open(BEFORE)
            RunStore(tmp_path / RUNS).save(run.model_copy(update={"results": run.results[:3]}))
            assert (await evaluation.run(BEFORE, scope())).samples == 3
            (tmp_path / RUNS / FILE).write_text("not what was written")
            with pytest.raises(ServiceError) as refused:
                await evaluation.runs(scope())
            assert (refused.value.status, refused.value.error) == (409, "run_unreadable")


class TestSample:
    async def test_it_is_shown_whole_with_every_letter_visible(self, evaluation: EvaluationClient) -> None:
        found = await evaluation.sample(AFTER, f"{CASES[1]}/flaw-1", scope(), against=BEFORE)
        [cell] = found.cells
        assert cell.lines[0].text == "total = 0  # ⟨U+202E⟩<img src=x onerror=alert(1)>"
        assert [line.number for line in cell.lines if line.marked] == [1]
        assert (found.expected, found.effect, found.answer.verdict) == ("needs_work", "scores", "needs_work")
        assert found.before is not None
        assert any("Something is off" in words.text for words in found.before.words)
        assert any(words.fact == "the reference has 41" for words in found.answer.words)
        recall = next(score for score in found.scores if score.name == "problem-recall")
        assert (recall.before, recall.value) == (0.25, 1.0)
        assert {opinion.question for opinion in found.opinions} >= {"untrue", "problem-said"}

    async def test_what_has_no_answer_says_why(self, evaluation: EvaluationClient) -> None:
        found = await evaluation.sample(AFTER, "lost/one", scope())
        assert (found.answer.verdict, found.answer.missing) == (None, "the sandbox did not start")
        assert found.opinions == ()

    async def test_the_judges_exchange_is_kept_whole(self, evaluation: EvaluationClient, home: Path) -> None:
        exchanges = await evaluation.exchanges(AFTER, f"{CASES[1]}/flaw-1", scope())
        assert exchanges
        assert {one.messages[0].content for one in exchanges} == {"<script>alert(1)</script> Is it said?"}
        kept = (home / RUNS / AFTER / EXCHANGES).read_bytes().splitlines()
        assert len(exchanges) < len(kept)

    async def test_an_unknown_one_is_not_found(self, evaluation: EvaluationClient) -> None:
        for asked in (evaluation.sample, evaluation.exchanges):
            with pytest.raises(ServiceError) as refused:
                await asked(AFTER, "no/such", scope())
            assert (refused.value.status, refused.value.error) == (404, "sample_not_found")


class TestLabels:
    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        return make_home(tmp_path)

    async def test_a_label_is_what_the_calibration_reads(self, evaluation: EvaluationClient, home: Path) -> None:
        page = await evaluation.labels(AFTER, scope())
        first = judged_yes(page, home)
        assert (page.given, page.labelled) == (0, 0)
        assert page.judged > len(page.items) > 10
        given = await evaluation.label(
            AFTER, GiveLabel(item=first.item, answer="no", note="It says nothing of the sort."), scope()
        )
        assert (given.by, given.question, given.note) == ("quinn", first.question, "It says nothing of the sort.")
        after = await evaluation.labels(AFTER, scope())
        assert first.item not in {item.item for item in after.items}
        assert (after.given, after.labelled) == (1, 1)

        store = RunStore(home / RUNS)
        opinions = JudgeRecord(store.folder(AFTER)).opinions()
        found = calibrate(store.open(AFTER), opinions, agreed(read_labels(home / LABELS)))
        mistakes = {opinion.item for question in found for opinion in question.mistakes}
        assert mistakes == {first.item}
        assert (await evaluation.run(AFTER, scope())).judge is not None
        shown = await evaluation.sample(AFTER, first.sample, scope())
        assert {"quinn": "no"} in [opinion.people for opinion in shown.opinions]

    async def test_nobody_is_told_what_the_judge_says_before_they_answer(self, ask: Ask) -> None:
        answer = await ask().get(f"/runs/{AFTER}/labels", headers={"Caseloop-Scope": scope()})
        item = answer.json()["items"][0]
        assert not {"judge", "opinion", "drawn", "people"} & set(item)
        assert "It names the last day." not in json.dumps(item)
        assert all(words["fact"] == "" for words in item["answer"]["words"])

    async def test_a_second_person_gets_what_the_first_and_the_judge_disagree_about(
        self, evaluation: EvaluationClient, home: Path
    ) -> None:
        first = judged_yes(await evaluation.labels(AFTER, scope()), home)
        await evaluation.label(AFTER, GiveLabel(item=first.item, answer="no"), scope())
        theirs = await evaluation.labels(AFTER, scope("theo"))
        again = next(item for item in theirs.items if item.item == first.item)
        assert (again.why, again.others) == ("the judge and one person disagree", 1)
        given = await evaluation.label(AFTER, GiveLabel(item=first.item, answer="yes"), scope("theo"))
        assert given.drawn == "picked"

    async def test_an_answer_can_be_changed_and_how_it_was_drawn_cannot(
        self, evaluation: EvaluationClient, home: Path
    ) -> None:
        first = (await evaluation.labels(AFTER, scope())).items[0]
        drawn = (await evaluation.label(AFTER, GiveLabel(item=first.item, answer="no"), scope())).drawn
        other = create_app(home, ScopeVerifier(KEY.public_key()))
        async with in_process_client(other, "dashboard") as http:
            again = await EvaluationClient(http).label(AFTER, GiveLabel(item=first.item, answer="yes"), scope())
        assert (again.answer, again.drawn) == ("yes", drawn)
        assert [label.answer for label in read_labels(home / LABELS)] == ["yes"]

    async def test_what_is_not_waiting_is_refused(self, evaluation: EvaluationClient, home: Path) -> None:
        with pytest.raises(ServiceError) as refused:
            await evaluation.label(AFTER, GiveLabel(item="0" * 64, answer="yes"), scope())
        assert (refused.value.status, refused.value.error) == (404, "nothing_to_label")
        with pytest.raises(ServiceError) as refused:
            await evaluation.labels(BEFORE, scope())
        assert (refused.value.status, refused.value.error) == (409, "not_judged")
        assert not (home / LABELS).exists()


class TestComputing:
    async def test_what_takes_too_long_is_ended_and_said(self, home: Path) -> None:
        with pytest.raises(TookTooLong):
            await Computing(home, seconds=0.01).do(Indexed, "index", name=AFTER)

    async def test_a_damaged_run_is_said_with_its_file(self, tmp_path: Path) -> None:
        make_home(tmp_path, size=1)
        (tmp_path / RUNS / AFTER / RESULTS).unlink()
        with pytest.raises(RunDamaged, match=RESULTS):
            await Computing(tmp_path).do(Indexed, "index", name=AFTER)
