"""What a notebook may do, seen through the runner."""

import hashlib
from typing import Any, Protocol

import pytest

from services.contracts.case import DataFile
from services.contracts.errors import ServiceError
from services.contracts.limits import Limits
from services.contracts.observation import (
    CheckCode,
    CodeCell,
    Observation,
    Probe,
    RunFailed,
    RunFinished,
    RunRequest,
)
from services.runner.service import Runner

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]


class Shelf(Protocol):
    files: dict[str, bytes]
    asked: list[str]


def request(*cells: str, **fields: Any) -> RunRequest:
    return RunRequest(
        **{
            "environment": "cells",
            "imports": ("numpy", "pandas"),
            "cells": tuple(CodeCell(id=f"c{n}", source=source) for n, source in enumerate(cells, 1)),
            "limits": Limits(wall_seconds=20, probe_seconds=3),
            **fields,
        }
    )


async def observe(runner: Runner, asked: RunRequest) -> Observation:
    events = [event async for event in runner.run(asked)]
    assert isinstance(events[-1], RunFinished), events[-1]
    return events[-1].observation


def named(*names: str) -> tuple[Probe, ...]:
    return tuple(Probe(id=name, name=name) for name in names)


async def value_of(runner: Runner, source: str, name: str = "ans") -> Any:
    seen = await observe(runner, request(source, probes=named(name)))
    assert seen.cells[0].status == "ok", seen.cells[0].error
    assert seen.probes[0].value is not None, seen.probes
    return seen.probes[0].value


async def test_trailing_expressions_display_and_output_are_kept(runner: Runner) -> None:
    seen = await observe(
        runner,
        request("x = 1\nx + 1", "display([3])\nx", "x;", "import sys\nprint('o')\nprint('e', file=sys.stderr)", "None"),
    )
    assert [cell.result for cell in seen.cells] == ["2", "1", None, None, None]
    assert seen.cells[1].stdout.text == "[3]\n"
    assert (seen.cells[3].stdout.text, seen.cells[3].stderr.text) == ("o\n", "e\n")


async def test_what_c_code_and_subprocesses_print_is_kept_in_order(runner: Runner) -> None:
    seen = await observe(
        runner,
        request(
            "import os, sys\nprint('a'); sys.stdout.flush()\nos.system('echo b')\nos.write(1, b'c\\n')\nprint('ü')"
        ),
    )
    assert seen.cells[0].stdout.text == "a\nb\nc\nü\n"


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline\nans = 1",
        "%load_ext autoreload\n%autoreload 2\nans = 1",
        "%time ans = 1",
        "%%time\nans = 1",
        "\n\n%%capture out\nans = 1",
        "len?\nans = 1",
        "from IPython.display import display\ndisplay(1)\nans = 1",
        "get_ipython().run_line_magic('matplotlib', 'inline')\nans = 1",
        "import asyncio\nawait asyncio.sleep(0)\nans = 1",
        "import joblib\nans = sum(joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(i) for i in (0, 1)))",
        "import subprocess\nans = int(subprocess.run(['echo', '1'], capture_output=True, text=True).stdout)",
    ],
)
async def test_ipython_syntax_that_does_no_harm_works(runner: Runner, source: str) -> None:
    assert (await value_of(runner, source))["value"] == 1


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("x = 1\n!ls", 2, "Shell commands"),
        ("x = 1\nfiles = !ls", 2, "Shell commands"),
        ("%pip install pandas", 1, "cannot be installed"),
        ("x = 1\n\n%cd /", 3, "%cd"),
        ("%%bash\nls", 1, "Shell commands"),
        ("\n\n%%writefile x.py\nx", 3, "%%writefile"),
    ],
)
async def test_what_cannot_run_is_refused_with_a_place_and_a_reason(
    runner: Runner, source: str, line: int, words: str
) -> None:
    cell = (await observe(runner, request(source))).cells[0]
    assert cell.error is not None
    assert cell.error.type == "UsageError"
    assert words in cell.error.message
    assert cell.error.place is not None
    assert cell.error.place.line == line


@pytest.mark.parametrize(
    ("cells", "kind", "place"),
    [
        (("x = 1\n\n1 / 0",), "ZeroDivisionError", ("c1", 3)),
        (("\n\n\nx = ",), "SyntaxError", ("c1", 4)),
        (("def f():\n    return 1 / 0", "x = 1\nf()"), "ZeroDivisionError", ("c1", 2)),
        (("import pandas as pd\n\npd.DataFrame({'a': [1]})['b']",), "KeyError", ("c1", 3)),
        (("def f(n): return f(n + 1)\nf(0)",), "RecursionError", ("c1", 1)),
        (("raise KeyboardInterrupt",), "KeyboardInterrupt", ("c1", 1)),
    ],
)
async def test_an_error_has_its_type_cell_and_line(
    runner: Runner, cells: tuple[str, ...], kind: str, place: tuple[str, int]
) -> None:
    cell = (await observe(runner, request(*cells))).cells[-1]
    assert cell.status == "error"
    assert cell.error is not None
    assert cell.error.type == kind
    assert cell.error.place is not None
    assert (cell.error.place.cell, cell.error.place.line) == place


async def test_cells_after_an_error_run_only_when_asked(runner: Runner) -> None:
    cells = ("x = 1", "1 / 0", "y = 2")
    stopped = await observe(runner, request(*cells, probes=named("x", "y")))
    assert [cell.status for cell in stopped.cells] == ["ok", "error", "not_run"]
    assert stopped.complete
    assert stopped.probes[0].value is not None
    assert stopped.probes[1].missing
    continued = await observe(runner, request(*cells, probes=named("x", "y"), stop_on_error=False))
    assert [cell.status for cell in continued.cells] == ["ok", "error", "ok"]


async def test_runs_repeat_exactly_and_the_seed_matters(runner: Runner) -> None:
    source = (
        "import random, numpy as np\nans = [random.random(), np.random.rand(), hash('x'), list({'b', 'a', 'c'})]\n"
        "import time; ans.append(time.tzname[0])"
    )
    first, second = [await value_of(runner, source) for _ in range(2)]
    assert first == second
    other = await observe(runner, request(source, probes=named("ans"), seed=7))
    assert other.probes[0].value is not None
    assert other.probes[0].value["items"][:2] != first["items"][:2]
    assert other.probes[0].value["items"][2:] == first["items"][2:]


async def test_call_probes_get_plain_and_library_arguments(runner: Runner) -> None:
    seen = await observe(
        runner,
        request(
            "def total(x, scale=1): return float(x.sum().sum() if hasattr(x.sum(), 'sum') else x.sum()) * scale\n"
            "def kind(x): return type(x).__name__\ndef bad(x): return 1 / x\n"
            "import random\ndef rolls(): return random.random()\nstate = []",
            probes=(
                Probe(id="array", call="kind", args=({"array": [[1, 2]]},)),
                Probe(id="series", call="kind", args=({"series": [1.5]},)),
                Probe(id="frame", call="total", args=({"frame": {"a": [1, 2], "b": [3, 4]}},), kwargs={"scale": 2}),
                Probe(id="dict", call="kind", args=({"other": 1},)),
                Probe(id="error", call="bad", args=(0,)),
                Probe(id="missing", call="nowhere"),
                Probe(id="none", call="state"),
                Probe(id="roll", call="rolls"),
                Probe(id="again", call="rolls"),
            ),
        ),
    )
    answers = {probe.id: probe for probe in seen.probes}
    values = {name: probe.value["value"] for name, probe in answers.items() if probe.value}
    assert values["array"] == "ndarray"
    assert values["series"] == "Series"
    assert values["frame"] == 20.0
    assert values["dict"] == "dict"
    assert values["roll"] == values["again"]
    assert answers["error"].error is not None
    assert answers["error"].error.type == "ZeroDivisionError"
    assert answers["error"].error.place is not None
    assert answers["error"].error.place.line == 3
    assert answers["missing"].missing
    assert answers["none"].error is not None
    assert seen.complete


async def test_a_probe_that_ends_the_process_loses_only_itself(runner: Runner) -> None:
    seen = await observe(
        runner,
        request(
            "import os\ndef leave(): os._exit(0)\nx = 5",
            probes=(Probe(id="a", name="x"), Probe(id="b", call="leave"), Probe(id="c", name="x")),
        ),
    )
    assert [probe.lost for probe in seen.probes] == [None, "ended", None]
    assert seen.probes[2].value is not None
    assert not seen.complete
    assert seen.lost == "ended"


async def test_checks_report_their_operands_and_places(runner: Runner) -> None:
    seen = await observe(
        runner,
        request(
            "def double(x):\n    return x + x\nxs = [1, 2]",
            checks=(
                CheckCode(
                    id="visible", source="assert double(3) == 6\nassert 0 < len(xs) <= 2, 'len'\nassert not xs == []"
                ),
                CheckCode(id="failing", source="\nassert double('a') == 'b', 'twice'"),
                CheckCode(id="broken", source="double(None)"),
                CheckCode(id="syntax", source="assert ("),
                CheckCode(id="module", source="assert np.array_equal(xs, [1, 2])", modules={"np": "numpy"}),
            ),
        ),
    )
    visible, failing, broken, syntax, module = seen.checks
    assert visible.status == "passed"
    assert [(o.line, o.op) for o in visible.operands] == [(1, "=="), (2, "<"), (2, "<="), (3, "==")]
    assert (visible.operands[0].left["value"], visible.operands[0].right["value"]) == (6, 6)
    assert failing.status == "failed"
    assert failing.error is not None
    assert failing.error.message == "twice"
    assert failing.error.place is not None
    assert (failing.error.place.cell, failing.error.place.line) == ("failing", 2)
    assert broken.status == "error"
    assert broken.error is not None
    assert broken.error.place is not None
    assert (broken.error.place.cell, broken.error.place.line) == ("c1", 2)
    assert syntax.status == "error"
    assert module.status == "passed"
    assert module.operands[0].op == "array_equal()"


async def test_data_files_are_where_the_notebook_expects_them_and_stay_as_they_are(
    runner: Runner, shelf: Shelf
) -> None:
    table = b"a,b\n1,2\n" * 500
    digest = hashlib.sha256(table).hexdigest()
    shelf.files[digest] = table
    files = (
        DataFile(path="data/table.csv", digest=digest, size=len(table)),
        DataFile(path="data/more/deep.csv", digest=digest, size=len(table)),
        DataFile(path="notes.csv", digest=digest, size=len(table)),
    )
    source = """
import os, shutil, pandas as pd
rows = [len(pd.read_csv(p)) for p in ("data/table.csv", "data/more/deep.csv", "notes.csv")]
kept = []
for name, call in {"write": lambda: open("data/table.csv", "a"), "new": lambda: open("data/new", "w"),
                   "remove": lambda: os.unlink("data/table.csv"), "replace": lambda: os.rename("data", "old"),
                   "tree": lambda: shutil.rmtree("data")}.items():
    try: call()
    except OSError: kept.append(name)
open("mine.csv", "w").write("x")
ans = [rows, kept, os.path.exists("data/table.csv")]
"""
    for _ in range(2):
        seen = await observe(runner, request(source, data=files, probes=named("ans")))
        assert seen.cells[0].status == "ok", seen.cells[0].error
        value = seen.probes[0].value
        assert value is not None
        assert [item["value"] for item in value["items"][0]["items"]] == [999] * 3
        assert len(value["items"][1]["items"]) == 5
        assert value["items"][2]["value"] is True
    assert shelf.asked.count(digest) == 1


@pytest.mark.parametrize("fault", ["other content", "too long", "gone", "outside"])
async def test_wrong_data_is_the_cases_fault_and_named(
    runner: Runner, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    digest = hashlib.sha256(fault.encode()).hexdigest()
    shelf.files[digest] = {"other content": b"xx", "too long": b"x" * 5_000}.get(fault, b"")
    file = DataFile(path="../x" if fault == "outside" else "data/x.csv", digest=digest, size=2)
    if fault == "gone":

        async def gone(_: str) -> Any:
            raise ServiceError("cases", 404, "data_not_found", "there is no such data file")
            yield b""

        monkeypatch.setattr(shelf, "data", gone)
    events = [event async for event in runner.run(request("x = 1", data=(file,), environment="faulty"))]
    assert isinstance(events[-1], RunFailed)
    assert events[-1].error == "data_missing"
    assert file.path in events[-1].detail


async def test_an_import_that_fails_is_an_error_of_the_cell_that_makes_it(runner: Runner) -> None:
    asked = request("import not_there", imports=("numpy", "not_there"), environment="failing-import")
    cell = (await observe(runner, asked)).cells[0]
    assert cell.error is not None
    assert cell.error.type == "ModuleNotFoundError"


async def test_a_run_without_cells_still_answers(runner: Runner) -> None:
    seen = await observe(runner, request(checks=(CheckCode(id="k", source="assert True"),), probes=named("x")))
    assert seen.complete
    assert seen.checks[0].status == "passed"
