"""Killed in the middle of a class-wide job and started again, it is finished once."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from feedback.chat.models import AuditRow, ConversationRow, MessageRow
from tests.services.chat.conftest import Desk, OpenDesk

ANSWER = "Some rows hold no price. Which of them can be used?"
CLASS = ("ada", "bob", "cy")


@contextlib.asynccontextmanager
async def killed_at(project: Path, home: Path, step: str) -> AsyncIterator[None]:
    """Another process works until it is at that step; then it is killed."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.services.chat.chat_worker",
        str(home),
        step,
        cwd=project,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert child.stdout is not None
        async with asyncio.timeout(60):
            assert await child.stdout.readline() == b"there\n"
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(signal.SIGKILL)
        await child.wait()


async def rows(desk: Desk, table: type) -> list[object]:
    async with desk.db.read() as session:
        return list((await session.scalars(select(table))).all())


@pytest.mark.parametrize(("step", "already"), [("_file", 0), ("_settle", 0), ("_report", 1)])
async def test_a_class_is_reset_once_though_its_process_was_killed(
    open_desk: OpenDesk, project: Path, step: str, already: int
) -> None:
    async with open_desk([ANSWER], export_conversations=1) as desk:
        for user in CLASS:
            await desk.allow(user)
            await desk.ask(f"{user} asks?", user=user)
        await desk.service.close()
        job = await desk.staff.reset_class("shop", "lena")
        async with killed_at(project, desk.home, step):
            assert len(await rows(desk, ConversationRow)) == len(CLASS) - already
        state = await desk.ended(job)
        assert (state.status, state.attempt) == ("done", 2)
        assert await rows(desk, ConversationRow) == []
        assert await rows(desk, MessageRow) == []
        record = await rows(desk, AuditRow)
    files = (desk.home / "exports").glob("*.jsonl")
    told = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    assert sorted(talk["learner"] for talk in told) == list(CLASS)
    assert [message["text"] for talk in told for message in talk["messages"][:1]] == [
        f"{talk['learner']} asks?" for talk in told
    ]
    assert [row.conversations for row in record if row.action == "reset"] == [1, 1, 1]  # type: ignore[attr-defined]
