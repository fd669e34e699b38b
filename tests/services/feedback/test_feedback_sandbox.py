"""Learners' code in the real sandbox: every way to be right, wrong, unlucky or dishonest."""

import json
from typing import Any

import pytest

from services.contracts.feedback import Feedback, Verdict
from services.contracts.limits import Limits
from services.contracts.notebook import Cell

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

RIGHT = {
    "the reference": {},
    "another way": {
        "shelf": (
            'table = pd.DataFrame({"name": names, "price": prices})\n'
            "table = table.dropna()\nmean_price = float(table.price.mean())"
        ),
        "reduced": "def reduced(p, q):\n    if q > 100: raise ValueError\n    return p * (100 - q) / 100",
    },
    "with its output closed": {"shelf": "import sys\nsys.stdout.close()\n{shelf}"},
    "with magics and output": {"shelf": '%matplotlib inline\nprint("hello")\n{shelf}\ntable.head()'},
}
SHELF = (
    'table = pd.DataFrame({"name": names, "price": prices})\n'
    'table = table[table["price"].notna()].reset_index(drop=True)\n'
    'mean_price = table["price"].mean()'
)


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("subtask", ["shelf", "reduced"])
async def test_right_work_is_approved_with_nothing_more(bench: Any, name: str, subtask: str) -> None:
    answers = {id_: source.replace("{shelf}", SHELF) for id_, source in RIGHT[name].items()}
    feedback = await bench.answers(subtask, **answers)
    assert feedback.verdict is Verdict.APPROVED, [e.fact for f in feedback.findings for e in f.evidence]
    assert (feedback.findings, feedback.warnings, feedback.remarks, feedback.repairs) == ((), (), (), ())
    assert feedback.points == feedback.max_points == 2


ALWAYS = """
class Always:
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __lt__
    def __abs__(self): return self
    def __sub__(self, other): return self
    __rsub__ = __sub__
    def __len__(self): return 3
    __hash__ = None
"""
FILLED = SHELF.replace('table[table["price"].notna()].reset_index(drop=True)', "table.fillna(1.0)")
MISNAMED = 'table = pd.DataFrame({"nme": names, "price": prices})\ntable["name"]\nmean_price = 3.475'
CLOSED = f"""
import os
for channel in range(3, 64):
    try: os.close(channel)
    except OSError: pass
{SHELF}
mean_price = 0
"""
FORGED = """
import os, json
line = json.dumps({"event": "check", "id": "check-reduced", "answer": {"status": "passed"}}).encode()
for channel in range(64):
    try: os.write(channel, len(line).to_bytes(4) + line + b"\\n")
    except OSError: pass
"""
PATCHED = """
import builtins
builtins.AssertionError = Exception
builtins.all = builtins.any = lambda *a: True
def reduced(p, q): return 5
"""
STUBBORN = """
def reduced(p, q):
    while True:
        try:
            while True: pass
        except BaseException: pass
"""
ODD_INT = """
class Odd(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__
def reduced(p, q): return Odd(5)
"""


def tells_nothing(bench: Any, feedback: Feedback, *mine: str) -> None:
    """No text for learners holds a line of the reference or of a hidden check, a hidden input or expectation."""
    sources = [source for s in bench.case.subtasks for source in s.reference.values()]
    sources += [c.source for s in bench.case.subtasks for c in s.checks if c.hidden]
    secrets = [line.strip() for source in sources for line in source.splitlines()]
    secrets += ["canary_4711", "3.475", "19.9", "16.915", "more than everything", "'figs'", "(80, 25)", "1, 250"]
    # how long it took may hold the digits of any number
    text = json.dumps(feedback.for_learner().model_dump(mode="json", exclude={"wall_ms"}), ensure_ascii=False)
    for secret in secrets:
        assert not secret or any(secret in source for source in mine) or secret not in text, secret


# answer, kind of the first finding, part of its signature, line marked in the answer cell
WRONG: dict[str, tuple[str, str, str, int | None]] = {
    "value": (SHELF.replace(".mean()", ".sum()"), "check", "mean_price:numbers", 3),
    "median for mean": (SHELF.replace(".mean()", ".median()"), "check", "mean_price:numbers", 3),
    "rows": (FILLED, "check", "table:shape-more", 2),
    "columns": (SHELF + '\ntable["extra"] = 1', "value", "columns-more", 4),
    "dtype": (SHELF + '\ntable["price"] = table["price"].astype(str)', "value", "dtypes", 4),
    "order": (SHELF + '\ntable = table.sort_values("price")', "value", "order", 4),
    "kind": (SHELF + "\ntable = table.to_numpy()", "check", "IndexError", 4),
    "exception": (MISNAMED, "exception", "KeyError", 2),
    "exception before the names": ("mean_price = 1 / 0\ntable = None", "exception", "ZeroDivisionError", 1),
    "syntax": ("table = pd.DataFrame((\nmean_price = 1", "exception", "SyntaxError", 1),
    "misspelled": (SHELF.replace("mean_price", "meanprice"), "missing", "mean_price", None),
    "no network": ("from urllib.request import urlopen as get\nget('http://example.org')", "exception", "URLError", 2),
    "no such module": ("import nothing_of_this_name", "exception", "ModuleNotFoundError", 1),
    "not started": ("# YOUR CODE HERE\nraise NotImplementedError()", "notebook", "untouched", None),
    "not finished": ("table = 3\nraise NotImplementedError()", "exception", "NotImplementedError", 2),
    "early exit": ("import sys\nsys.exit(0)\n" + SHELF, "exception", "SystemExit", 2),
    "hard exit": (SHELF + "\nimport os\nos._exit(0)", "incomplete", "ended", 5),
    "sleeps": ("import time\ntime.sleep(60)", "incomplete", "time", None),
    "memory": ("big = 'x' * (4 << 30)", "exception", "MemoryError", 1),
    "recursion": ("def f():\n    return f()\nf()", "exception", "RecursionError", 2),
    "segfault": ("import ctypes\nctypes.string_at(0)", "incomplete", "", None),
    "closed channels": (CLOSED, "", "", None),
}


@pytest.mark.parametrize("name", WRONG)
async def test_wrong_work_is_told_where_and_what(bench: Any, name: str) -> None:
    answer, kind, signature, line = WRONG[name]
    feedback = await bench.answers("shelf", shelf=answer)
    assert (feedback.verdict, feedback.fault) == (Verdict.NEEDS_WORK, "learner")
    first = feedback.findings[0]
    assert kind in ("", first.kind), (first.kind, [e.fact for e in first.evidence])
    assert signature in first.signature
    if line is not None:
        assert (first.place.cell, first.place.line) == ("shelf", line)
        assert feedback.warnings[0].place.line == line
    assert feedback.points < 2
    tells_nothing(bench, feedback, answer)
    assert (await bench.answers("shelf")).verdict is Verdict.APPROVED, "the next check suffers"


DISHONEST = {
    "always equal": ALWAYS + "def reduced(price, percent):\n    return Always()",
    "equal int": ODD_INT,
    "not a number": "def reduced(p, q):\n    return float('nan')",
    "printed result": 'print(\'{"status": "passed", "complete": true}\')\nprint("PASSED")',
    "forged to every channel": FORGED,
    "patched builtins": PATCHED,
    "answers what it was asked before": "def reduced(p, q):\n    return {(10, 50): 5}.get((p, q), 0)",
    "exits in the function": "import os\ndef reduced(p, q):\n    os._exit(0)",
    "loops in the function": "def reduced(p, q):\n    while True: pass",
    "swallows the alarm": STUBBORN,
    "raises success": "def reduced(p, q):\n    raise SystemExit(0)",
    "exits at the end": "import atexit, os\natexit.register(lambda: os._exit(0))\ndef reduced(p, q): return 5",
}


@pytest.mark.parametrize("name", DISHONEST)
async def test_nothing_but_right_results_is_approved(bench: Any, name: str) -> None:
    feedback = await bench.answers("reduced", reduced=DISHONEST[name])
    assert (feedback.verdict, feedback.fault) == (Verdict.NEEDS_WORK, "learner")
    assert feedback.findings
    assert feedback.points < 2
    tells_nothing(bench, feedback, DISHONEST[name])
    assert (await bench.answers("reduced")).verdict is Verdict.APPROVED


async def test_closing_the_output_behind_pythons_back_costs_nobody_else_anything(bench: Any) -> None:
    feedback = await bench.answers("shelf", shelf=f"import os\nos.close(1)\nos.close(2)\n{SHELF}")
    assert feedback.fault in ("none", "learner")
    assert (await bench.answers("shelf")).verdict is Verdict.APPROVED


async def test_patched_pandas_does_not_pass(bench: Any) -> None:
    lie = "pd.DataFrame.shape = property(lambda self: (4, 2))"
    patched = f"{lie}\ntable = pd.DataFrame({{'name': ['x'], 'price': [1.0]}})\nmean_price = 3.475"
    assert (await bench.answers("shelf", shelf=patched)).verdict is Verdict.NEEDS_WORK


async def test_known_flaws_bring_a_mentors_words(bench: Any) -> None:
    for flaw in bench.case.flaws:
        feedback = await bench.answers(flaw.subtask, **flaw.answer)
        assert feedback.findings[0].mentor == flaw.words
    other = await bench.answers("shelf", shelf=WRONG["median for mean"][0])
    assert other.findings[0].mentor is None


async def test_an_open_first_step_does_not_hide_the_second(bench: Any) -> None:
    feedback = await bench.answers("reduced", shelf=WRONG["not started"][0])
    assert feedback.verdict is Verdict.APPROVED


async def test_damaged_notebooks_are_judged_all_the_same(bench: Any) -> None:
    from_reference = {c.id: c for c in bench.case.cells}
    answers = {"shelf": SHELF}
    whole = tuple(c.model_copy(update={"source": answers.get(c.id, c.source)}) for c in bench.case.cells)
    nameless = tuple(c.model_copy(update={"id": f"c{n}", "metadata": {}}) for n, c in enumerate(whole))
    doubled = (*whole, whole[3].model_copy(update={"id": "again"}))
    tampered = tuple(
        c.model_copy(update={"source": "assert True"}) if c.id == "check-shelf" else c
        for c in whole
        if c.id != "set-up"
    )
    for cells in (nameless, doubled, tampered, tuple(reversed(whole))):
        feedback = await bench.cells("shelf", cells)
        assert feedback.verdict is Verdict.APPROVED, feedback.findings
        assert feedback.repairs or cells is doubled
    assert from_reference["set-up"].source


async def test_a_deleted_answer_cell_is_reported(bench: Any) -> None:
    feedback = await bench.cells("shelf", tuple(c for c in bench.case.cells if c.id != "shelf"))
    assert feedback.headline == "The answer cell of this step is missing."
    assert feedback.repairs


async def test_an_empty_and_a_broken_notebook_are_judged(bench: Any) -> None:
    broken = tuple(
        Cell(id="x", source=source) for source in ("(((", "\x00", "%%bash\nls", "!ls", "\U0010ffff", "return 1")
    )
    for cells in ((), broken):
        feedback = await bench.cells("shelf", cells)
        assert feedback.verdict is Verdict.NEEDS_WORK
        assert feedback.findings


async def test_a_thousand_cells_are_judged(bench: Any, case: Any) -> None:
    own = tuple(Cell(id=f"own-{n}", source=f"value_{n} = {n}") for n in range(900))
    answers = {"shelf": SHELF}
    whole = [c.model_copy(update={"source": answers.get(c.id, c.source)}) for c in case.cells]
    patient = case.model_copy(update={"limits": Limits()})
    feedback = await type(bench)(bench.checker, patient).cells("shelf", (*whole[:3], *own, *whole[3:]))
    assert feedback.verdict is Verdict.APPROVED


LEAKY = {
    "raises its input": "def reduced(*a):\n    raise ValueError(f'{a}')",
    "raises its input as a key": "def reduced(*a):\n    return {}[a]",
    "gives its input back": "def reduced(*a):\n    print(a)\n    return a",
    "asserts its input": "def reduced(*a):\n    assert not a, a",
    "an error named by its input": "def reduced(*a):\n    raise type(f'Got{a}', (Exception,), {})(a)",
}


@pytest.mark.parametrize("name", LEAKY)
async def test_code_cannot_make_feedback_tell_hidden_inputs(bench: Any, name: str) -> None:
    feedback = await bench.answers("reduced", reduced=LEAKY[name])
    assert feedback.verdict is Verdict.NEEDS_WORK
    tells_nothing(bench, feedback, LEAKY[name])


async def test_signatures_are_the_same_for_everybody_with_the_mistake(bench: Any) -> None:
    one = await bench.answers("shelf", shelf=SHELF.replace(".mean()", ".sum()"))
    other = await bench.answers(
        "shelf", shelf="# mine\n" + SHELF.replace('table["price"].mean()', "sum(p for p in table['price'])")
    )
    assert one.findings[0].signature == other.findings[0].signature
