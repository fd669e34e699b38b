"""What the learner is told of code that takes all there is, or leaves the program; and the next check is right."""

from typing import Any

import pytest

from services.contracts.feedback import Feedback, Verdict
from services.contracts.limits import Limits
from services.contracts.notebook import Cell
from tests.services.feedback.conftest import TABLE, answered

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]
SMALL = Limits(cpu_seconds=1, wall_seconds=3, probe_seconds=1, memory_mb=512, processes=16)
ENDLESS = "something repeats without end"

# answer, a part of what is shown, lines that are marked
BOMBS: dict[str, tuple[str, str, tuple[int, int]]] = {
    "fork bomb": ("import os\nwhile True:\n    os.fork()", "more processes at once than a check may use", (3, 3)),
    "thread bomb": (
        "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(60,)).start()",
        "more threads at once than a check may use",
        (3, 3),
    ),
    "a gigabyte printed at once": ("table = 1\nprint('x' * (1 << 30))", "more memory than a check may use", (2, 2)),
    "prints without end": ("table = 1\nwhile True:\n    print('x' * 10_000)", ENDLESS, (2, 2)),
    "deleted working directory": (
        "import os, shutil\nshutil.rmtree(os.getcwd())\ntable = 1",
        "deleted where nothing may be changed",
        (2, 2),
    ),
    "endless loop": ("mean_price = 0\nwhile True:\n    mean_price += 1", ENDLESS, (2, 2)),
    "hard exit": ("table = 1\nimport os\nos._exit(0)", "left from the inside", (3, 3)),
    "killed itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "left from the inside", (2, 2)),
    "crash": ("import ctypes\nctypes.string_at(0)", "it crashed", (1, 2)),
}


@pytest.fixture
def small(bench: Any, make_case: Any) -> Any:
    """Judges the case with limits that are soon reached."""
    return type(bench)(bench.checker, make_case(limits=SMALL))


def shown(feedback: Feedback) -> str:
    """All that the Lab and a report print of it."""
    return "\n".join([feedback.headline, *(w.message for w in feedback.warnings), *feedback.remarks])


@pytest.mark.parametrize("name", BOMBS)
async def test_the_learner_is_told_what_happened_in_which_cell_and_line(small: Any, name: str) -> None:
    answer, words, lines = BOMBS[name]
    feedback = await small.answers("shelf", shelf=answer)
    assert (feedback.verdict, feedback.fault) == (Verdict.NEEDS_WORK, "learner")
    first, place = feedback.warnings[0], feedback.findings[0].place
    assert words in first.message, shown(feedback)
    assert first.place == place
    assert (place.cell, place.line, place.end_line or place.line) == ("shelf", *lines)
    assert "…" not in first.message
    assert (await small.answers("shelf")).verdict is Verdict.APPROVED, "the next check suffers"


async def test_of_an_earlier_step_the_cell_is_named(small: Any) -> None:
    feedback = await small.answers("reduced", shelf="import ctypes\nctypes.string_at(0)")
    (said,) = feedback.remarks
    assert said.endswith("That was in the cell `shelf` of an earlier step, and nothing after it exists.")
    assert (feedback.findings[0].place.cell, feedback.findings[0].place.line) == ("shelf", None)
    assert (await small.answers("reduced")).verdict is Verdict.APPROVED, "the next check suffers"


async def test_of_an_own_cell_that_is_said(small: Any, case: Any) -> None:
    crash = Cell(id="mine", source="import ctypes\nctypes.string_at(0)")
    feedback = await small.cells("shelf", (case.cells[0], crash, *answered(case)[1:]))
    (said,) = feedback.remarks
    assert said.endswith("That was in a cell of your own, and nothing after it exists.")
    assert feedback.findings[0].place.cell == "mine"


async def test_much_that_is_printed_costs_right_work_nothing(bench: Any, make_case: Any) -> None:
    patient = type(bench)(bench.checker, make_case(limits=Limits()))
    answer = f"for _ in range(50):\n    print('x' * 1_000_000)\n{TABLE}"
    feedback = await patient.answers("shelf", shelf=answer)
    assert (feedback.verdict, feedback.remarks) == (Verdict.APPROVED, ())
    assert "xxx" not in feedback.model_dump_json()
