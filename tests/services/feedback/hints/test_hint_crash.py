"""Killed in the middle of a hint and started again, there is one hint, written once and counted once."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feedback.model.adapters.script import HANG
from tests.services.feedback.hints.conftest import OpenBench
from tests.services.feedback.hints.hint_bench import HINT, HintBench, ask_for, hint_answer, model_of, scope_of


@contextlib.asynccontextmanager
async def another_process(project: Path, folder: Path, purpose: str) -> AsyncIterator[asyncio.subprocess.Process]:
    module = "tests.services.feedback.hints.hint_worker"
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", module, str(folder), purpose, cwd=project)
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(signal.SIGKILL)
        await child.wait()


async def until_stage(bench: HintBench, hint: str, stage: str) -> None:
    async with asyncio.timeout(40):
        while (await bench.service.get(hint, scope_of())).stage != stage:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("purpose", "stage"), [("repair", "repairing"), ("hint", "wording"), ("simulate", "trying")])
async def test_a_hint_survives_the_process_that_makes_it(
    opened: OpenBench, project: Path, tmp_path: Path, purpose: str, stage: str
) -> None:
    bench = opened()
    await bench.consent("ada")
    asked = await bench.service.ask(ask_for(), scope_of())
    async with another_process(project, tmp_path, purpose) as child:
        await until_stage(bench, asked.id, stage)
        child.send_signal(signal.SIGKILL)
        await child.wait()
    assert (await bench.service.ask(ask_for(), scope_of())).id == asked.id
    async with bench.working():
        ready = await bench.settled(asked.id, scope_of())
    assert (ready.text, ready.words_by, ready.counted) == (HINT, "model", True)
    async with bench.db.read() as session:
        state = await bench.queue.state(session, asked.id)
    assert state is not None
    assert (state.status, state.attempt) == ("done", 2)
    shelf = await bench.service.shelf("shelf", scope_of())
    assert [hint.id for hint in shelf.hints] == [asked.id]
    assert shelf.left.debug == 2
    assert (await bench.choices.of(scope_of())).uses == 1
    assert len(json.loads((await bench.row(asked.id)).trace or "")["written"]) == 1


async def test_a_hint_that_kills_every_process_fails_and_costs_nothing(
    opened: OpenBench, project: Path, tmp_path: Path
) -> None:
    bench = opened(attempts=1)
    await bench.consent("ada")
    asked = await bench.service.ask(ask_for(), scope_of())
    async with another_process(project, tmp_path, "hint"):
        await until_stage(bench, asked.id, "wording")
    async with bench.working():
        failed = await bench.settled(asked.id, scope_of())
    assert (failed.state, failed.counted, failed.text) == ("failed", False, None)
    assert (await bench.service.shelf("shelf", scope_of())).left.debug == 3


async def test_a_clean_stop_in_the_middle_costs_no_attempt(opened: OpenBench) -> None:
    model = model_of({"hint": (HANG, hint_answer())})
    bench = opened(model=model, attempts=1)
    await bench.consent("ada")
    asked = await bench.service.ask(ask_for(), scope_of())
    async with bench.working(), asyncio.timeout(20):
        while not model.asked("hint"):
            await asyncio.sleep(0.02)
    async with bench.working():
        assert (await bench.settled(asked.id, scope_of())).text == HINT
