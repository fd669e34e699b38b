"""Failing inputs made smaller in rounds: both sides are run, within bounds, and nothing hidden comes out."""

import ast
import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback.evidence.clues import Counterexample
from feedback.evidence.counterexample import failing_tries, without_disputed
from feedback.evidence.shrinking import measure
from feedback.notebook.repair import repair
from feedback.plan import Plan, plan_run
from feedback.reference import reference_cells, reference_plan, variant_plans
from feedback.smaller_inputs import Bounds, SmallerInputs
from services.contracts.case import AuthorCase
from services.contracts.observation import Observation, RunEvent, RunFailed, RunFinished, RunRequest
from tests.unit.feedback.conftest import observe_plainly

ENDLESS = Bounds(seconds=1_000, rounds=60, room=16)
REFERENCE = "def double(x):\n    return [2 * part for part in x]\n"
WRONG = "def double(x):\n    return [2 * part if part < {limit} else 0 for part in x]\n"


@dataclass
class Plainly:
    """Runs that are done right here, and remembered."""

    change: Callable[[Observation], Observation | RunFailed] = lambda seen: seen
    requests: list[RunRequest] = field(default_factory=list)

    async def run(self, request: RunRequest) -> AsyncIterator[RunEvent]:
        self.requests.append(request)
        match self.change(observe_plainly(request)):
            case RunFailed() as failed:
                yield failed
            case Observation() as seen:
                yield RunFinished(observation=seen)


def with_calls(case: AuthorCase, visible: str, hidden: str = "", variants: tuple[str, ...] = ()) -> AuthorCase:
    first, second = case.subtasks
    checks = tuple(c.model_copy(update={"source": hidden if c.hidden else visible}) for c in second.checks)
    second = second.model_copy(
        update={"checks": checks, "probes": (), "watch": (), "reference": {"id-answer-2": REFERENCE}}
    )
    other = tuple({"id-answer-2": source} for source in variants)
    return case.model_copy(update={"subtasks": (first, second), "variants": other})


def work(case: AuthorCase, answer: str) -> tuple[Plan, Observation, Any]:
    cells = tuple(
        cell.model_copy(update={"source": answer}) if cell.id == "id-answer-2" else cell
        for cell in reference_cells(case)
    )
    subtask = case.subtasks[1]
    plan = plan_run(case, subtask, repair(case, cells), 0)
    seen = observe_plainly(plan.request)
    reference = observe_plainly(reference_plan(case, subtask, 0).request)
    variants = [observe_plainly(one.request) for one in variant_plans(case, subtask, 0)]
    reference = without_disputed(case, subtask, reference, variants)
    return plan, seen, failing_tries(plan.asked, seen, reference)


def told(
    case: AuthorCase, answer: str, runs: Plainly | None = None, bounds: Bounds = ENDLESS, beside: int = 0
) -> Counterexample | None:
    plan, seen, starts = work(case, answer)
    smaller = SmallerInputs(runs or Plainly(), bounds)
    found = asyncio.run(smaller.of(plan, seen, starts, beside))
    assert set(found) <= {"double"}
    return found.get("double")


def test_the_least_that_fails_is_told_with_both_results(case: AuthorCase) -> None:
    case = with_calls(case, "assert double([3, 41, 7, 52, 9]) == [6, 82, 14, 104, 18]")
    runs = Plainly()
    found = told(case, WRONG.format(limit=20), runs)
    assert found is not None
    assert (found.call, found.given, found.wanted) == ("double([20])", "[0]", "[40]")
    assert not found.decides
    assert found.evidence.kind == "input"
    # Both sides, one run a round each, and no run holds both programs.
    assert len(runs.requests) % 2 == 0
    for request in runs.requests:
        text = json.dumps([cell.source for cell in request.cells])
        assert request.checks == ()
        assert all(probe.optional for probe in request.probes)
        assert (json.dumps(REFERENCE)[1:-1] in text) != ("if part < 20" in text)


def test_what_the_reference_gave_is_remembered(case: AuthorCase) -> None:
    case = with_calls(case, "assert double([3, 41, 7]) == [6, 82, 14]")
    plan, seen, starts = work(case, WRONG.format(limit=20))
    runs = Plainly()
    smaller = SmallerInputs(runs, ENDLESS)
    once = asyncio.run(smaller.of(plan, seen, starts, 0))
    first = len(runs.requests)
    assert asyncio.run(smaller.of(plan, seen, starts, 0)) == once
    assert len(runs.requests) == first + first // 2


def test_an_input_of_a_hidden_check_is_never_sent_nor_told(case: AuthorCase) -> None:
    visible, hidden = "assert double([3, 41, 7]) == 1", "assert double([20]) == [40]\nassert double((21,)) == [42]"
    runs = Plainly()
    found = told(with_calls(case, visible, hidden), WRONG.format(limit=20), runs)
    assert found is not None
    assert found.call == "double([22])"
    asked = {json.dumps(probe.args) for request in runs.requests for probe in request.probes}
    assert "[[22]]" in asked
    assert not {"[[20]]", "[[21]]"} & asked


def test_what_an_accepted_variant_answers_otherwise_is_not_told(case: AuthorCase) -> None:
    variant = "def double(x):\n    return [2 * part for part in x] if len(x) > 1 else None\n"
    found = told(with_calls(case, "assert double([3, 41, 7]) == 1", variants=(variant,)), WRONG.format(limit=20))
    assert found is not None
    assert found.call in ("double([1, 20])", "double([20, 1])")


def test_another_mistake_is_not_told_in_its_place(case: AuthorCase) -> None:
    # One element alone makes it stop; what fails to begin with is its result for several.
    source = "def double(x):\n    return [0 * x[1], *(2 * part for part in x[1:])]\n"
    hidden = "for days in ([], [3], [41], [7]):\n    assert double(days) == [2 * one for one in days]"
    found = told(with_calls(case, "assert double([3, 41, 7]) == 1", hidden), source)
    assert found is not None
    assert (found.call, found.error) == ("double([1, 1])", None)


@pytest.mark.parametrize(
    ("bounds", "beside"),
    [(Bounds(rounds=0), 0), (Bounds(seconds=-1), 0), (Bounds(beside=2), 3)],
    ids=["no round", "no time", "others are under way"],
)
def test_out_of_bounds_nothing_is_run(case: AuthorCase, bounds: Bounds, beside: int) -> None:
    runs = Plainly()
    assert told(with_calls(case, "assert double([3, 41, 7])"), WRONG.format(limit=20), runs, bounds, beside) is None
    assert runs.requests == []


def test_where_nothing_can_be_less_nothing_is_run(case: AuthorCase) -> None:
    runs = Plainly()
    assert told(with_calls(case, "assert double([1])"), WRONG.format(limit=1), runs) is None
    assert runs.requests == []


def test_work_that_took_longer_than_there_is_time_is_not_run_again(case: AuthorCase) -> None:
    case = with_calls(case, "assert double([3, 41, 7])")
    plan, seen, starts = work(case, WRONG.format(limit=20))
    runs = Plainly()
    slow = seen.model_copy(update={"wall_ms": 401.0})
    assert asyncio.run(SmallerInputs(runs).of(plan, slow, starts, 0)) == {}
    assert runs.requests == []


def test_a_runner_that_fails_costs_the_smaller_input_and_no_more(case: AuthorCase) -> None:
    runs = Plainly(change=lambda seen: RunFailed(error="no_sandbox", detail="none"))
    assert told(with_calls(case, "assert double([3, 41, 7])"), WRONG.format(limit=20), runs) is None


def test_an_endless_call_ends_the_search_and_what_was_found_stays(case: AuthorCase) -> None:
    def lost(seen: Observation) -> Observation:
        probes = tuple(p.model_copy(update={"value": None, "error": None, "lost": "time"}) for p in seen.probes)
        return seen.model_copy(update={"probes": probes})

    runs = Plainly(change=lost)
    assert told(with_calls(case, "assert double([3, 41, 7])"), WRONG.format(limit=20), runs) is None
    assert len(runs.requests) == 2


def test_a_run_that_hangs_is_not_waited_for(case: AuthorCase) -> None:
    class Hanging(Plainly):
        async def run(self, request: RunRequest) -> AsyncIterator[RunEvent]:
            self.requests.append(request)
            await asyncio.Event().wait()
            yield RunFailed(error="never", detail="said")

    began = time.monotonic()
    bounds = Bounds(seconds=0.05)
    assert told(with_calls(case, "assert double([3, 41, 7])"), WRONG.format(limit=20), Hanging(), bounds) is None
    assert time.monotonic() - began < 60


def test_a_run_that_takes_long_to_tidy_up_is_left_to_it(case: AuthorCase) -> None:
    may_end, ended = asyncio.Event(), asyncio.Event()

    class Tidying(Plainly):
        async def run(self, request: RunRequest) -> AsyncIterator[RunEvent]:
            self.requests.append(request)
            try:
                await asyncio.Event().wait()
            finally:
                await may_end.wait()
                ended.set()
            yield RunFailed(error="never", detail="said")

    async def check() -> None:
        plan, seen, starts = work(with_calls(case, "assert double([3, 41, 7])"), WRONG.format(limit=20))
        runs = Tidying()
        assert await SmallerInputs(runs, Bounds(seconds=0.05)).of(plan, seen, starts, 0) == {}
        assert runs.requests
        assert not ended.is_set()
        may_end.set()
        await ended.wait()

    asyncio.run(check())


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(st.integers(1, 60), min_size=1, max_size=6), limit=st.integers(1, 60))
def test_what_is_told_fails_is_smaller_and_the_same_each_time(case: AuthorCase, days: list[int], limit: int) -> None:
    case = with_calls(case, f"assert double({days}) == 1")
    answer = WRONG.format(limit=limit)
    found = told(case, answer)
    if found is not None:
        given = ast.literal_eval(found.call.removeprefix("double"))
        assert max(given) >= limit
        assert measure((given,)) < min(measure(one.tried.values) for one in work(case, answer)[2].values())
        assert told(case, answer) == found
