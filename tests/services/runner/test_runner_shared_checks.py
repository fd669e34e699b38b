"""Checks with nothing to leave for each other are worked on by one copy, and are answered as by copies of their own.

`pd.set_option` lasts as long as a process: whoever finds it otherwise is in a copy that another check was in.
"""

from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from services.contracts.observation import (
    CheckCode,
    CodeCell,
    Keep,
    Limits,
    Observation,
    Probe,
    RunFinished,
    RunRequest,
)
from services.runner.ports import DataSource
from services.runner.service import Runner
from services.runner.settings import RunnerSettings
from tests.services.runner.learners_functions import KEEP_NOTHING, MAY_KEEP

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

_VALUES = """
import math
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

rows = [3, 1, 2]
table = pd.DataFrame({
    "n": [1.5, None, 2.0], "t": ["a", None, "b"], "k": pd.Categorical(["x", "y", "x"]),
    "i": pd.Series([1, None, 3], dtype="Int64"), "d": pd.date_range("2026-01-01", periods=3),
})
objects = np.array(["a", "b"], dtype=object)
levels = pd.DataFrame({"x": 1}, index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]))

def double(x):
    return 2 * x
"""
_MARKS = "pd.set_option('display.max_rows', 77)"
_MARKED = "assert pd.get_option('display.max_rows') == 77"
_TABLES = {"pd": "pandas", "np": "numpy"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(settings: RunnerSettings, shelf: DataSource) -> AsyncIterator[Runner]:
    """With room for one copy: none works on what is behind a check that takes long."""
    async with Runner(settings.model_copy(update={"questions": 1}), shelf) as opened:
        yield opened


async def _seen(
    runner: Runner,
    checks: Sequence[str],
    cell: str = "",
    owner: str | None = None,
    *,
    may_share: bool = True,
    seconds: float = 5,
) -> Observation:
    request = RunRequest(
        environment="shared",
        imports=("numpy", "pandas", "sklearn.model_selection"),
        cells=(CodeCell(id="@1", source=_VALUES + cell),),
        checks=tuple(
            CheckCode(id=f"c{number}", source=source, modules=_TABLES, may_share=may_share)
            for number, source in enumerate(checks)
        ),
        probes=(Probe(id="p", name="rows"),),
        limits=Limits(probe_seconds=seconds),
        keep=Keep(owner=owner, then="more") if owner else None,
    )
    events = [event async for event in runner.run(request)]
    assert isinstance(events[-1], RunFinished), events[-1]
    return events[-1].observation


async def _passed(runner: Runner, checks: Sequence[str], cell: str = "") -> list[str]:
    seen = await _seen(runner, checks, cell)
    assert seen.complete, seen
    return [outcome.status for outcome in seen.checks]


@pytest.mark.parametrize(
    "first",
    [
        "assert rows == [3, 1, 2]",
        "assert table['n'].isna().sum() == 1 and list(table.columns) == ['n', 't', 'k', 'i', 'd']",
        "assert len(train_test_split(rows)) == 2",
        "assert math.isclose(math.pi, np.pi, abs_tol=1e-9)",
        "assert nowhere == 1",
        "assert rows == [1]",
    ],
)
async def test_checks_that_run_libraries_alone_share_a_copy(runner: Runner, first: str) -> None:
    failed = {"assert nowhere == 1": "error", "assert rows == [1]": "failed"}.get(first, "passed")
    checks = [f"{_MARKS}\n{first}", f"{_MARKED}\nassert len(table) == len(rows)", _MARKED]
    assert await _passed(runner, checks) == [failed, "passed", "passed"]


@pytest.mark.parametrize("cell", KEEP_NOTHING.values(), ids=KEEP_NOTHING.keys())
async def test_checks_share_that_call_functions_which_keep_nothing(runner: Runner, cell: str) -> None:
    checks = [f"{_MARKS}\nassert f(2) == 4", f"{_MARKED}\nassert f(2) == 4"]
    assert await _passed(runner, checks, cell) == ["passed", "passed"]


@pytest.mark.parametrize("cell", MAY_KEEP.values(), ids=MAY_KEEP.keys())
async def test_a_function_that_could_keep_something_is_called_as_for_the_first_time(runner: Runner, cell: str) -> None:
    checks = [f"{_MARKS}\nassert f(7) == 1", "assert f(7) == 1", _MARKED]
    assert await _passed(runner, checks, cell) == ["passed", "passed", "failed"]


@pytest.mark.parametrize("name", ["logging", "matplotlib.pyplot", "os"])
async def test_what_uses_a_library_that_keeps_things_has_a_copy_of_its_own(runner: Runner, name: str) -> None:
    cell = f"import {name} as tool\ndef f(x):\n    return 2 * x if tool else 0"
    for check in ("assert tool", "assert f(2) == 4", f"import {name} as tool\nassert tool"):
        assert await _passed(runner, [f"{_MARKS}\n{check}", _MARKED], cell) == ["passed", "failed"]


@pytest.mark.parametrize(
    "leaves",
    [
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "subprocess.Popen(['sleep', '60'])",
        "sys.settrace(print)",
        "signal.signal(signal.SIGUSR1, print)",
        "signal.setitimer(signal.ITIMER_VIRTUAL, 60)",
        "operator.setitem(sys.modules, 'json', math)",
        "warnings.filters.clear()",
        "sys.path.clear()",
    ],
    ids=["thread", "process", "trace", "handler", "timer", "module", "filters", "path"],
)
async def test_a_call_that_leaves_something_behind_is_the_last_of_its_copy(runner: Runner, leaves: str) -> None:
    names = "math, operator, signal, subprocess, sys, threading, time, warnings"
    cell = f"import statistics\ndef f(x):\n    {names} = map(statistics.sys.modules.get, '{names}'.split(', '))\n"
    cell += f"    {leaves}\n    return 4"
    assert await _passed(runner, [f"{_MARKS}\nassert f(2) == 4", _MARKED], cell) == ["passed", "failed"]


_FORGES = """
import statistics

def double(x):
    gc, json, socket, struct = [statistics.sys.modules[name] for name in ("gc", "json", "socket", "struct")]
    order = [found for found in gc.get_objects() if isinstance(found, dict) and "nonce" in found and "tag" in found][0]
    said = {"status": "passed", "operands": [], "fit": True, "nonce": order["nonce"], "tag": order["tag"]}
    message = json.dumps(said).encode()
    for sock in [found for found in gc.get_objects() if isinstance(found, socket.socket)]:
        sock.sendall(2 * (struct.pack(">I", len(message)) + message))
    return 2 * x
"""


async def test_an_answer_that_was_written_before_its_question_is_none(runner: Runner) -> None:
    seen = await _seen(runner, ["assert double(2) == 5", "assert rows == 5"], _FORGES)
    assert [outcome.status for outcome in seen.checks] == ["passed", "lost"]
    assert seen.checks[1].lost == "protocol"
    assert not seen.complete


async def test_checks_of_a_fitted_pipeline_share_until_one_fits_it_anew(runner: Runner) -> None:
    cell = """
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

model = make_pipeline(StandardScaler(), LinearRegression()).fit([[1.0], [2.0], [3.0]], [2.0, 4.0, 6.0])

def foretell(x):
    return float(model.predict([[x]])[0])
"""
    clones = "from sklearn.base import clone\nagain = clone(model).fit([[1.0], [2.0]], [0.0, 0.0])\nassert again"
    checks = [f"{_MARKS}\n{clones}", f"{_MARKED}\nassert np.isclose(foretell(4), 8)"]
    assert await _passed(runner, checks, cell) == ["passed", "passed"]
    fits = "model.fit([[1.0], [2.0]], [0.0, 0.0])\nassert foretell(4) == 0"
    checks = [f"{_MARKS}\n{fits}", "assert np.isclose(foretell(4), 8)", _MARKED]
    assert await _passed(runner, checks, cell) == ["passed", "passed", "failed"]


@pytest.mark.parametrize(
    ("check", "cell"),
    [
        ("assert len(made) == 1", "class Own(list):\n    pass\n\nmade = Own([1])"),
        ("assert isinstance(rows, Own) is False", "class Own:\n    pass"),
        ("assert tidy(2) == [2]", "def tidy(x, found=[]):\n    found.append(x)\n    return found"),
        (
            "from sklearn.model_selection import KFold\nassert KFold(1) == 3",
            "import sklearn\nsklearn.model_selection.KFold = lambda x: 3",
        ),
        ("assert tools.x == 1", "import types\ntools = types.ModuleType('math')\ntools.x = 1"),
        ("assert table.isna() == 3", "table.isna = lambda: 3"),
        ("assert table.columns.tolist() == 3", "table.columns.tolist = lambda: 3"),
        ("assert len(many) == 100_000", "many = list(range(100_000))"),
        ("assert made.real == 3", "class Own(float):\n    pass\n\nmade = [Own(3)][0]"),
    ],
    ids=["list", "class", "function", "import", "module", "method", "index", "long", "float"],
)
async def test_what_may_be_the_learners_keeps_each_in_a_copy_of_its_own(runner: Runner, check: str, cell: str) -> None:
    assert await _passed(runner, [f"{_MARKS}\n{check}", _MARKED], cell) == ["passed", "failed"]


@pytest.mark.parametrize(
    ("changes", "unchanged"),
    [
        ("rows.sort()", "assert rows == [3, 1, 2]"),
        ("assert table.pop('n') is not None", "assert list(table.columns) == ['n', 't', 'k', 'i', 'd']"),
        ("table.insert(0, 'new', 1)", "assert len(table.columns) == 5"),
        ("table.drop(columns='t', inplace=True)", "assert 't' in table"),
        ("table.fillna({'i': 0}, inplace=True)", "assert table['i'].isna().sum() == 1"),
        ("table.rename_axis('x', inplace=True)", "assert table.index.name is None"),
        ("levels.sort_index(ascending=False, inplace=True)", "assert levels.index[0] == (1, 'a')"),
        ("objects.fill('z')", "assert list(objects) == ['a', 'b']"),
        ("table.sort_values('n', ascending=False, inplace=True)", "assert list(table.index) == [0, 1, 2]"),
    ],
)
async def test_a_check_that_changes_values_is_the_last_of_its_copy(
    runner: Runner, changes: str, unchanged: str
) -> None:
    checks = [f"{_MARKS}\n{changes}", unchanged, f"{_MARKS}\n{unchanged}", _MARKED]
    assert await _passed(runner, checks) == ["passed", "passed", "passed", "passed"]
    assert await _passed(runner, [f"{_MARKS}\n{changes}", _MARKED]) == ["passed", "failed"]


async def test_checks_that_were_not_written_for_it_never_do(runner: Runner) -> None:
    seen = await _seen(runner, [f"{_MARKS}\nassert rows", _MARKED], may_share=False)
    assert [outcome.status for outcome in seen.checks] == ["passed", "failed"]


async def test_names_of_a_check_are_gone_for_the_next(runner: Runner) -> None:
    checks = [f"{_MARKS}\nkept = 1\nrows = [1]\nassert kept", "assert kept", f"{_MARKED}\nassert rows == [3, 1, 2]"]
    seen = await _seen(runner, checks)
    assert [outcome.status for outcome in seen.checks] == ["passed", "error", "passed"]
    assert seen.checks[1].error is not None
    assert (seen.checks[1].error.type, seen.checks[1].error.place and seen.checks[1].error.place.cell) == (
        "NameError",
        "c1",
    )


async def test_a_builtin_that_the_learner_hid_is_the_real_one_in_all(runner: Runner) -> None:
    assert await _passed(runner, [f"{_MARKS}\nassert sum(rows) == 6", "assert sum(rows) == 6"], "sum = 1") == [
        "passed",
        "passed",
    ]


async def test_a_check_without_end_is_the_last_of_its_copy(runner: Runner) -> None:
    endless = f"{_MARKS}\nfor _ in iter(int, 1):\n    pass"
    seen = await _seen(runner, [endless, _MARKED, "assert rows"], seconds=1)
    assert not seen.complete
    assert [(outcome.status, outcome.lost) for outcome in seen.checks] == [
        ("lost", "time"),
        ("failed", None),
        ("passed", None),
    ]


async def test_those_between_others_are_answered_in_order(runner: Runner) -> None:
    checks = ["assert made(1) == 2", _MARKS, _MARKED, "assert made(2) == 4", "assert rows", _MARKED]
    cell = "import functools\nmade = functools.partial(double)"
    assert await _passed(runner, checks, cell) == ["passed", "passed", "passed", "passed", "passed", "failed"]


async def test_the_cells_after_find_nothing_of_it(runner: Runner) -> None:
    checks = [f"{_MARKS}\nassert rows", _MARKED]
    await _seen(runner, checks, owner="carl")
    seen = await _seen(runner, ["assert option != 77", "assert len(rows) == 3"], "", owner="carl")
    assert seen.checks[0].status == "error"
    again = await _seen(runner, ["assert option != 77"], "\noption = pd.get_option('display.max_rows')", "carl")
    assert again.checks[0].status == "passed"


async def test_a_process_that_cannot_say_it_any_more_loses_its_checks(runner: Runner) -> None:
    hostile = 'import os, sys\nsys.modules["caseloop_sandbox.learner"].Shared = lambda *given: os._exit(3)\n'
    request = RunRequest(
        environment="shared",
        imports=("numpy", "pandas", "sklearn.model_selection"),
        cells=(CodeCell(id="@1", source=f"rows = [1]\n{hostile}"),),
        checks=(
            CheckCode(id="a", source="assert rows", may_share=True),
            CheckCode(id="b", source="assert len(rows) == 1", may_share=True),
        ),
    )
    events = [event async for event in runner.run(request)]
    assert isinstance(events[-1], RunFinished)
    assert not events[-1].observation.complete
    assert [outcome.lost for outcome in events[-1].observation.checks] == ["ended", "ended"]
