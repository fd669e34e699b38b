import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from evaluation.bench import Bench
from evaluation.cli import build_eval_app
from evaluation.desk import EvalDesk
from evaluation.report.drift import Drift, Today, drifts, write_gauges
from evaluation.runs.result import EvalRun
from feedback.firewalls import KeptFirewalls
from feedback.pipeline import Checker
from services.contracts.case import AuthorCase
from services.contracts.feedback import Feedback
from services.contracts.notebook import Cell
from services.progress.kept import KeptSubmission, KeptSubmissions
from tests.unit.evaluation.made_runs import CASES, feedback, result, run, sample


def accepted(brevity: float = 1.0) -> EvalRun:
    asked = [sample(f"{case}/{n}", case) for case in CASES for n in range(5)]
    return run([result(one, feedback(), {"brevity": brevity, "verdict": 1.0}) for one in asked])


def today(good: int, bad: int, learners: int = 20, said: Feedback | None = None) -> list[Today]:
    values = [1.0] * good + [0.0] * bad
    return [
        Today(
            f"learner-{n % learners}", result(sample(f"check/{n}", expected=None), said or feedback(), {"brevity": v})
        )
        for n, v in enumerate(values)
    ]


def by_name(found: tuple[Drift, ...]) -> dict[str, Drift]:
    return {drift.metric: drift for drift in found}


def test_what_is_worse_than_accepted_beyond_chance_raises_an_alarm() -> None:
    brevity = by_name(drifts(accepted(), today(20, 20)))["brevity"]
    assert (brevity.accepted, brevity.today.mean) == (1.0, 0.5)
    assert brevity.word == "alarm"


def test_what_is_as_good_or_better_raises_none() -> None:
    found = by_name(drifts(accepted(brevity=0.0), today(20, 20)))
    assert {name: drift.word for name, drift in found.items()} == {"judged": "as accepted", "brevity": "as accepted"}


@pytest.mark.parametrize("learners", [1, 4])
def test_a_few_learners_are_too_little_to_tell(learners: int) -> None:
    brevity = by_name(drifts(accepted(), today(0, 30, learners=learners)))["brevity"]
    assert (brevity.alarm, brevity.word) == (False, "cannot tell")


def test_checks_that_came_to_no_verdict_are_seen() -> None:
    lost = feedback("could_not_judge", fault="platform")
    judged = by_name(drifts(accepted(), today(20, 0) + today(20, 0, said=lost)))["judged"]
    assert (judged.today.mean, judged.alarm) == (0.5, True)


def test_no_check_is_no_figure() -> None:
    assert drifts(accepted(), []) == ()
    assert drifts(run([]), today(3, 3)) == ()


def test_the_gauges_are_a_whole_file_that_prometheus_reads(tmp_path: Path) -> None:
    path = tmp_path / "caseloop.prom"
    write_gauges(path, "shipped", drifts(accepted(), today(20, 20)), 40)
    families = {family.name: family for family in text_string_to_metric_families(path.read_text())}
    values = {
        name: {s.labels["metric"]: s.value for s in families[name].samples}
        for name in ("caseloop_eval_rate", "caseloop_eval_accepted_rate", "caseloop_eval_drift_alarm")
    }
    assert values["caseloop_eval_rate"]["brevity"] == 0.5
    assert values["caseloop_eval_accepted_rate"]["brevity"] == 1.0
    assert values["caseloop_eval_drift_alarm"] == {"judged": 0.0, "brevity": 1.0}
    assert [s.value for s in families["caseloop_eval_checks"].samples] == [40.0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert "learner-" not in path.read_text()


class Kept:
    """What is kept in a test: checks of the case `tiny`."""

    def __init__(self, *found: KeptSubmission) -> None:
        self._found = found

    async def judged(self, case: str, since: datetime | None = None) -> AsyncIterator[KeptSubmission]:
        assert since is not None
        for one in self._found:
            if one.case == case and one.recorded >= since:
                yield one


@pytest.fixture
def desk(case: AuthorCase, tmp_path: Path) -> EvalDesk:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    wordy = feedback("needs_work", remarks=("This is far longer than anybody would read. " * 30,))

    def check(learner: int, at: datetime) -> KeptSubmission:
        cells = (Cell(id="answer-1", source="x = 2"),)
        return KeptSubmission(f"learner-{learner}", case.id, case.version, "step-1", cells, wordy, at)

    now, long_ago = datetime.now(UTC), datetime(2020, 1, 1, tzinfo=UTC)
    kept = Kept(*(check(n, now) for n in range(25)), check(99, long_ago))

    @asynccontextmanager
    async def bench(cases: tuple[str, ...], with_model: bool) -> AsyncIterator[Bench]:
        yield Bench({case.id: case}, cast("Checker", None), KeptFirewalls(1), {})

    @asynccontextmanager
    async def submissions() -> AsyncIterator[KeptSubmissions]:
        yield cast("KeptSubmissions", kept)

    return EvalDesk(bench, lambda: home, lambda: home, submissions)


def test_the_command_says_alarm_and_writes_the_gauges(desk: EvalDesk, tmp_path: Path) -> None:
    asked = [sample(f"{case}/{n}", case) for case in CASES for n in range(5)]
    measured = run([result(one, feedback(), {"brevity": 1.0}) for one in asked]).model_copy(update={"suite": "tiny"})
    desk.runs.save(measured)
    app = build_eval_app(desk)

    def invoke(*arguments: str):
        return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160"})

    early = invoke("drift", "tiny")
    assert early.exit_code == 2
    assert "No run of tiny is accepted yet" in early.stderr
    assert invoke("accept", measured.id).exit_code == 0
    said = invoke("drift", "tiny", "--textfile", str(tmp_path / "caseloop.prom"))
    assert said.exit_code == 1, said.output
    assert "25 checks against before" in said.stdout
    assert 'caseloop_eval_drift_alarm{metric="brevity",suite="tiny"} 1.0' in (tmp_path / "caseloop.prom").read_text()
