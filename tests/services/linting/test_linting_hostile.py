"""Code that is made to break the reviewer."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from linting.review.module import Module
from linting.service import ReviewService
from linting.tools.mypy import Mypy
from linting.tools.tool import ToolFailed, ToolTimedOut
from linting.tools.worker import Worker
from services.contracts.lint import LintReport, ReviewRequest
from services.contracts.notebook import MAX_CELLS, MAX_SOURCE_CHARS, Cell

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def review(service: ReviewService, *sources: str) -> LintReport:
    cells = tuple(Cell.model_construct(id=f"c{n}", kind="code", source=s) for n, s in enumerate(sources))
    return await service.review(ReviewRequest.model_construct(cells=cells, editable=(), python="3.11"))


def failures(report: LintReport) -> list[tuple[str, str]]:
    return [(run.tool, run.detail) for run in report.tools if run.status != "ok"]


@pytest.mark.parametrize(
    "source",
    [
        "x = '\0'",
        "x = '\ud800'",
        "-" * 100_000 + "1",
        "1" + "+1" * 90_000,
        "a" + "()" * 90_000,
        "f(" * 5_000 + ")" * 5_000,
        "x = " + "9" * 10_000,
    ],
    ids=["null", "surrogate", "minus", "plus", "calls", "brackets", "digits"],
)
async def test_a_hostile_cell_is_named_and_the_rest_is_reviewed(service: ReviewService, source: str) -> None:
    report = await review(service, source, "import os")
    assert failures(report) == []
    assert ("not-python", "c0") in [(f.rule, f.place.cell) for f in report.findings]


@pytest.mark.parametrize(
    "source",
    [
        "x = 1  # " + "é" * 100_000,
        "x = '" + "a" * 190_000 + "'",
        "if True:\n\tx = 1\n\tprint(x)",
        "x = 1\r\nprint(x)\r",
        "\ufeffx = 1",
        "# -*- coding: utf-16 -*-\nx = 'é'",
        "x = 1\x0c\ny = 2",
        "x = '\u2028'\ny = 2",
        "x = " + "+".join("1" for _ in range(250)),
        "@property\n" * 400 + "def f(): ...",
        "# mypy: nonsense-option\n# type: ignore\nx = 1",
        "from __future__ import annotations\nx: int = 1",
        "%%time\n" + "!echo 'x'\n" * 2_000,
        "del x, y\nglobal z",
        "import services, vault, mypy.main, sqlalchemy\nprint(services, vault, mypy.main, sqlalchemy)",
        "match x:\n    case [*_]:\n        pass",
        "x = (yield_ := 3)",
        "reveal_type(1)\nreveal_locals()",
    ],
)
async def test_odd_but_legal_code_makes_no_tool_fail(service: ReviewService, source: str) -> None:
    report = await review(service, "before = 1", source, "after = 2\nprint(before, after)")
    assert failures(report) == []
    assert "not-python" not in [f.rule for f in report.findings]


async def test_a_thousand_cells_are_reviewed(service: ReviewService) -> None:
    report = await review(service, *(f"x{n} = [i for i in range({n})]\nprint(x{n})" for n in range(MAX_CELLS)))
    assert failures(report) == []
    assert len(report.findings) + report.dropped >= MAX_CELLS


async def test_one_cell_of_the_greatest_size_is_reviewed(service: ReviewService) -> None:
    line = "print('some text', sum(range(3)))\n"
    report = await review(service, line * (MAX_SOURCE_CHARS // len(line)) + "eval('1')")
    # On a busy machine mypy may be cut off; nothing else may.
    assert [tool for tool, _ in failures(report) if tool != "mypy"] == []
    assert "B307" in [f.rule for f in report.findings]


async def test_code_is_never_run(service: ReviewService, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    code = f"open({str(witness)!r}, 'w').close()"
    await review(service, code, f"%time {code}", f"!touch {witness}", f"import os\nos.system('touch {witness}')")
    assert not witness.exists()


async def test_a_configuration_where_the_tools_run_is_not_found(service: ReviewService, linting_home: Path) -> None:
    empty = linting_home / "linting" / "empty"
    await review(service, "x = 1")
    assert list(empty.iterdir()) == []


async def test_a_worker_killed_between_reviews_is_replaced(service: ReviewService) -> None:
    await review(service, "x = eval('1')")
    for worker in service._workers:
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
    report = await review(service, "x = eval('1')")
    assert failures(report) == []
    assert [f.rule for f in report.findings] == ["B307"]


async def test_a_job_that_takes_too_long_is_killed_and_the_next_one_works(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    endless = "value = 0\n" + "value = compute(value)\n" * 20_000
    with pytest.raises(ToolTimedOut):
        await worker.call("mypy", 0.2, source=endless, python="3.11", config=os.devnull, cache=str(tmp_path / "cache"))
    assert worker.pid is None
    assert await worker.call("vulture", 60, source="import os\n", min_confidence=80) != []
    await worker.close()


async def test_a_forking_worker_loses_a_slow_job_and_nothing_else(tmp_path: Path) -> None:
    worker = Worker(tmp_path, forks="mypy")
    endless = "value = 0\n" + "value = compute(value)\n" * 20_000
    options: dict[str, object] = {"python": "3.11", "config": os.devnull, "cache": str(tmp_path / "cache")}
    first = await worker.call("mypy", 60, source="x: int = 1\n", **options)
    before = worker.pid
    with pytest.raises(ToolTimedOut, match="no answer within"):
        await worker.call("mypy", 0.2, source=endless, **options)
    assert worker.pid == before
    assert await worker.call("mypy", 60, source="x: int = 1\n", **options) == first
    await worker.close()


async def test_a_child_that_is_killed_is_a_failed_run_of_its_job_alone(tmp_path: Path) -> None:
    worker = Worker(tmp_path, forks="mypy")
    await worker.call("vulture", 60, source="x = 1\n", min_confidence=80)
    job = asyncio.create_task(worker.call("vulture", 60, source="import os\n" * 20_000, min_confidence=80))
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
    while not (found := children.read_text().split()):
        await asyncio.sleep(0.001)
    os.kill(int(found[0]), signal.SIGKILL)
    with pytest.raises(ToolFailed, match="ended before it answered"):
        await job
    assert await worker.call("vulture", 60, source="import os\n", min_confidence=80) != []
    await worker.close()


async def test_a_process_that_dies_in_the_middle_of_a_job_is_a_failed_run(tmp_path: Path) -> None:
    worker = Worker(tmp_path)

    async def kill_when_started() -> None:
        while worker.pid is None:
            await asyncio.sleep(0.005)
        os.kill(worker.pid, signal.SIGKILL)

    killing = asyncio.create_task(kill_when_started())
    with pytest.raises(ToolFailed, match="ended before it answered"):
        await worker.call("vulture", 60, source="x = 1\n" * 100, min_confidence=80)
    await killing
    assert await worker.call("vulture", 60, source="import os\n", min_confidence=80) != []
    await worker.close()


async def test_a_tool_that_is_too_slow_is_named_and_the_others_findings_count(
    service: ReviewService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linting.tools.mypy.SECONDS", 0.0)
    report = await review(service, "x = eval('1')")
    assert [(run.tool, run.status) for run in report.tools if run.status != "ok"] == [("mypy", "timed_out")]
    assert [f.rule for f in report.findings] == ["B307"]


async def test_a_caller_who_gives_up_leaves_no_answer_behind_for_the_next(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    await worker.call("vulture", 60, source="x = 1\n", min_confidence=80)
    impatient = asyncio.create_task(worker.call("vulture", 60, source="import os\n" * 2_000, min_confidence=80))
    await asyncio.sleep(0.01)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert await worker.call("vulture", 60, source="x = 1\n", min_confidence=80) == []
    await worker.close()


async def test_a_worker_gets_no_variable_of_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASELOOP_SECRET", "s3cret")
    worker = Worker(tmp_path)
    await worker.call("vulture", 60, source="x = 1\n", min_confidence=80)
    environment = Path(f"/proc/{worker.pid}/environ").read_text()
    await worker.close()
    assert "s3cret" not in environment


async def test_mypy_says_why_it_could_not_work(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    mypy = Mypy(worker, tmp_path / "mypy")
    with pytest.raises(ToolFailed, match="mypy could not check the module"):
        await mypy.run(Module(source="def (\n", origins=(None,)))
    await worker.close()
