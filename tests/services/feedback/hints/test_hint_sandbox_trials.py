"""Candidate programs in the real runner: which of them answer as the reference does."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from feedback.hints.sandbox_trials import Asking, SandboxTrials
from services.contracts.case import CallProbe, Compare, Holdout
from services.contracts.observation import CodeCell, RunRequest
from services.runner.service import Runner

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

REFERENCE = "def forecast(days):\n    return [2.0 * day + 0.5 for day in days]\n"


async def passed(runner: Runner, programs: Sequence[str], holdout: Holdout | None = None) -> list[bool]:
    asking = Asking(
        request=RunRequest(environment="trials", cells=()),
        checks=("assert len(forecast([1])) == 1",),
        modules={},
        calls=(CallProbe(call="forecast", args=([1, 2, 3],), holdout=holdout),),
        reference=REFERENCE,
    )
    trials = SandboxTrials(runner, asking, asyncio.get_running_loop(), time.monotonic() + 60)
    return await asyncio.to_thread(trials.passed, programs)


async def test_an_answer_is_compared_with_the_references(runner: Runner) -> None:
    other_way = "def forecast(days):\n    return [day + day + 1 / 2 for day in days]\n"
    nearly = REFERENCE.replace("0.5", "0.51")
    assert await passed(runner, [REFERENCE, other_way, nearly]) == [True, True, False]


async def test_forecasts_are_measured_on_the_holdout_and_not_compared(runner: Runner) -> None:
    """The reference is 0.5 off; half as much again is allowed."""
    holdout = Holdout(answers=(2.0, 4.0, 6.0), within=1.5)
    better, worse = REFERENCE.replace("0.5", "0.1"), REFERENCE.replace("0.5", "0.8")
    nothing = "def forecast(days):\n    return [None for _ in days]\n"
    assert await passed(runner, [REFERENCE, better, worse, nothing], holdout) == [True, True, False, False]


class Counting:
    """The runner, and what it was asked."""

    def __init__(self, runner: Runner) -> None:
        self._runner, self.checks = runner, list[int]()

    def run(self, request: RunRequest) -> Any:
        self.checks.append(len(request.checks))
        return self._runner.run(request)


def without_calls(runs: Any) -> SandboxTrials:
    asking = Asking(
        request=RunRequest(environment="trials", cells=(CodeCell(id="@1", source="kept = []"),)),
        checks=("assert forecast([1, 2]) == [2.5, 4.5]", "assert kept == []"),
        modules={},
        reference=REFERENCE,
    )
    return SandboxTrials(runs, asking, asyncio.get_running_loop(), time.monotonic() + 60)


OTHERS = [REFERENCE.replace("0.5", f"0.5 + {n} - {n}") for n in range(1, 20)]
WRONG = [REFERENCE.replace("0.5", f"0.5 + {n}") for n in range(1, 20)]
LOOKS_AROUND = """
import signal, sys
signal.setitimer(signal.ITIMER_VIRTUAL, 0)

def texts(value, deep):
    if isinstance(value, str):
        yield value
    elif deep and isinstance(value, dict):
        for one in list(value.items()):
            yield from texts(one, deep - 1)
    elif deep and isinstance(value, (list, tuple, set)):
        for one in list(value):
            yield from texts(one, deep - 1)
    elif deep and hasattr(value, "co_consts"):
        yield from texts(value.co_consts, deep - 1)

def forecast(days):
    wanted, frame = "".join([{pieces}]), sys._getframe()
    while frame := frame.f_back:
        for place in (frame.f_locals, frame.f_globals, frame.f_code):
            if any(wanted in text for text in texts(place, 6)):
                return None
    return [2.0 * day + 1 / 2 for day in days]
"""
NEVER_ENDS = "def forecast(days):\n    while True:\n        pass\n"


async def test_many_programs_take_one_run_and_two_processes(runner: Runner) -> None:
    runs = Counting(runner)
    programs = [*OTHERS, NEVER_ENDS, *WRONG]
    assert await asyncio.to_thread(without_calls(runs).passed, programs) == [True] * 19 + [False] * 20
    assert runs.checks == [2]


@pytest.mark.parametrize(
    "bad", ["import os\nos._exit(0)", "kept.append(1)\n" + REFERENCE], ids=["ends its process", "spoils the others"]
)
async def test_what_takes_others_along_is_tried_apart(bad: str, runner: Runner) -> None:
    runs = Counting(runner)
    trials = without_calls(runs)
    assert await asyncio.to_thread(trials.passed, [REFERENCE, bad, *OTHERS[:2]]) == [True, False, True, True]
    assert runs.checks == [2, 4]
    assert await asyncio.to_thread(trials.passed, OTHERS[:4]) == [True] * 4
    assert runs.checks == [2, 4, 4]


async def test_a_program_in_a_sieve_finds_the_text_of_no_other_around_it(runner: Runner) -> None:
    """It is told that it fails where it finds what it looks for, as it does with the sieve's own text."""
    of_reference = LOOKS_AROUND.replace("{pieces}", "'2.0 * day', ' + 0.5 for'")
    of_others = LOOKS_AROUND.replace("{pieces}", "' + 0.5 + 7', ' - 7 for'")
    of_checks = LOOKS_AROUND.replace("{pieces}", "'forecast([1, ', '2]) == [2.5'")
    of_the_sieve = LOOKS_AROUND.replace("{pieces}", "'CPU seconds of ', 'one program'")
    programs = [of_reference, of_others, of_checks, of_the_sieve, *OTHERS]
    held = await asyncio.to_thread(without_calls(runner).passed, programs)
    assert held == [True, True, True, False, *[True] * len(OTHERS)]


TABLES = (CodeCell(id="@1", source="import pandas as pd\nrows = pd.DataFrame({'a': [1.0, 2.0]})"),)
DOUBLED = "doubled = rows.copy()\ndoubled['a'] = rows['a'] * 2\n"


def of_tables(
    runs: Any, *, checks: Sequence[str] = ("assert len(doubled) == 2",), owner: str | None = None
) -> SandboxTrials:
    asking = Asking(
        request=RunRequest(environment="trials", cells=TABLES, imports=("pandas",)),
        checks=tuple(checks),
        modules={"pd": "pandas"},
        reference=DOUBLED,
        compare=(Compare(name="doubled"), Compare(name="rows")),
    )
    return SandboxTrials(runs, asking, asyncio.get_running_loop(), time.monotonic() + 60, owner=owner)


async def test_named_values_are_compared_with_the_references(runner: Runner) -> None:
    other_way = "doubled = rows.assign(a=rows['a'] + rows['a'])\n"
    nearly = DOUBLED.replace("* 2", "* 2.01")
    nothing = "twice = rows\n"
    changes_rows = "rows['a'] = rows['a'] * 2\ndoubled = rows.copy()\n"
    programs = [DOUBLED, other_way, nearly, nothing, changes_rows]
    assert await asyncio.to_thread(of_tables(runner).passed, programs) == [True, True, False, False, False]
    # Comparing is all that is asked: each has a process of its own.
    assert await asyncio.to_thread(of_tables(runner, checks=()).passed, programs) == [True, True, False, False, False]


async def test_a_table_that_a_program_writes_into_is_no_others(runner: Runner) -> None:
    runs = Counting(runner)
    changes_rows = "rows['a'] = rows['a'] * 2\ndoubled = rows\n"
    trials = of_tables(runs, checks=("assert doubled['a'].tolist() == [2.0, 4.0]",))
    assert await asyncio.to_thread(trials.likely, [changes_rows] * 3 + [DOUBLED, "doubled = rows"]) == [True] * 4 + [
        False
    ]
    assert trials.sieving


async def test_a_program_in_a_sieve_finds_no_value_that_another_has_made(runner: Runner) -> None:
    """Not even of one whose functions hold on to all that stands beside them, and though nothing is collected."""
    looks = (
        "import gc\n"
        "name = ''.join(['can', 'ary'])\n"
        "assert not any(type(one) is dict and name in one for one in gc.get_objects())\n"
    )
    asking = Asking(
        request=RunRequest(environment="trials", cells=()),
        checks=("assert forecast([1, 2]) == [2.5, 4.5]",),
        modules={},
        reference="canary = [4711.5]\n" + REFERENCE,
    )
    trials = SandboxTrials(runner, asking, asyncio.get_running_loop(), time.monotonic() + 60)
    own = "".join(("canary = []\n", looks, REFERENCE))
    assert await asyncio.to_thread(trials.likely, [looks + REFERENCE, own, OTHERS[0]]) == [True, False, True]
    assert trials.sieving


async def test_a_function_may_be_asked_with_tables_and_arrays(runner: Runner) -> None:
    calls = (
        CallProbe(call="spread", args=({"series": [1.0, 4.0]},)),
        CallProbe(call="spread", args=({"array": [3, 9]},)),
        CallProbe(call="spread", kwargs={"values": {"frame": {"a": [1.0, None, 7.0]}}}),
    )
    reference = "import numpy as np\ndef spread(values):\n    return values.max() - values.min()\n"
    asking = Asking(
        request=RunRequest(environment="trials", cells=(), imports=("pandas",)),
        checks=("assert spread(np.array([1, 2])) == 1",),
        modules={},
        calls=calls,
        reference=reference,
    )
    trials = SandboxTrials(runner, asking, asyncio.get_running_loop(), time.monotonic() + 60)
    other_way = "import numpy as np\ndef spread(values):\n    return values.max() + -values.min()\n"
    only_arrays = (
        "import numpy as np\ndef spread(values):\n    return np.asarray(values).max() - np.asarray(values).min()\n"
    )
    assert await asyncio.to_thread(trials.passed, [reference, other_way, only_arrays]) == [True, True, False]


async def test_what_a_program_takes_is_measured_on_the_reference(runner: Runner) -> None:
    cost = await asyncio.to_thread(of_tables(runner).cost)
    assert cost is not None
    assert cost.each > 0
    assert cost.apart > 0
    assert cost.before >= 0
    assert await asyncio.to_thread(of_tables(runner, checks=("assert False",)).cost) is None
    many = "for n in range(50):\n    assert n >= 0\n    assert n < 99\n    assert n != -1\n" * 12
    assert await asyncio.to_thread(of_tables(runner, checks=(many,)).cost) is None


async def test_what_comes_of_the_cells_before_is_kept_until_it_is_let_go(runner: Runner) -> None:
    keeps: list[str | None] = []

    class Watching:
        def run(self, request: RunRequest) -> Any:
            keeps.append(request.keep.then if request.keep else None)
            return runner.run(request)

    trials = of_tables(Watching(), owner="whoever")
    assert await asyncio.to_thread(trials.apart, [DOUBLED]) == [True]
    assert await asyncio.to_thread(trials.apart, ["doubled = rows"]) == [False]
    await trials.let_go()
    assert keeps == ["more", "more", "nothing"]


async def test_each_question_is_asked_by_itself(runner: Runner) -> None:
    """Numbers: the asserts of all checks, the loop of them included, then the calls; all of them of what is lost."""
    asking = Asking(
        request=RunRequest(environment="trials", cells=(CodeCell(id="@1", source="kept = []"),)),
        checks=(
            "assert forecast([1]) == [2.5], 'one day'\nsome = forecast([])\nassert some == []",
            "for day in range(200):\n    assert len(forecast([day])) == 1",
        ),
        modules={},
        calls=(CallProbe(call="forecast", args=([1, 2, 3],)), CallProbe(call="forecast", args=([0],))),
        reference=REFERENCE,
    )
    trials = SandboxTrials(runner, asking, asyncio.get_running_loop(), time.monotonic() + 60)
    rounds = REFERENCE.replace("+ 0.5", "+ (0.5 if day < 1 else 0)")
    empty = REFERENCE.replace("return", "return [1] if not days else")
    stops = "def forecast(days):\n    raise ValueError(days)\n"
    programs = [REFERENCE, rounds, empty, stops, "def forecast(days:", NEVER_ENDS]
    failing = await asyncio.to_thread(trials.failing, programs)
    everything = {0, 1, 2, 3, 4}
    assert failing == [set(), {0, 3}, {1}, everything, everything, everything]
