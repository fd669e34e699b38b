"""Export, reset of a class, retention, forgetting: durable, contained, and down to the last byte on the disk."""

import asyncio
import importlib
import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from feedback.chat import audit
from feedback.chat.archiving import ArchiveJob
from feedback.chat.models import AuditRow, ConversationRow, ForgetRow, MessageRow
from feedback.chat.retention import RETENTION
from feedback.hints.models import HintRow
from feedback.model.port import ModelRequest
from feedback.models import JOBS, Table
from services.contracts.chat import AskChat
from services.kit.jobs import Job
from tests.databases import ON_BOTH
from tests.services.chat.conftest import WRONG, Desk, OpenDesk, notebook

ANSWER = "Some rows hold no price. Which of them can be used?"
SECRET = "zwetschgenkuchen"
"""A word that only one learner has ever written."""


def lines(desk: Desk) -> list[dict[str, Any]]:
    files = sorted((desk.home / "exports").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


async def everything(desk: Desk, table: Any) -> list[Any]:
    async with desk.db.read() as session:
        return list((await session.scalars(select(table))).all())


async def talks(desk: Desk, *users: str, turns: int = 1) -> None:
    for user in users:
        await desk.allow(user)
        for turn in range(turns):
            await desk.ask(f"{user} asks {turn}?", user=user)
    await desk.service.close()


def files_with(home: Path, word: str) -> list[str]:
    """Files below the home that hold the word, in whatever way it is written down."""
    forms = (word.encode(), word.encode("utf-16-le"))
    return [str(f) for f in home.rglob("*") if f.is_file() and any(form in f.read_bytes() for form in forms)]


@ON_BOTH
async def test_an_export_holds_every_conversation_and_deletes_nothing(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await talks(desk, "ada", "bob")
        await desk.service.reset(desk.scope())
        await talks(desk, "ada", turns=2)
        await desk.ask("About another step?", subtask="reduced", code="x = 1")
        state = await desk.ended(await desk.staff.export("shop", "lena"))
        kept = await everything(desk, ConversationRow)
        record = await everything(desk, AuditRow)
    assert state.progress["conversations"] == len(kept) == 4
    found = lines(desk)
    assert {(line["learner"], line["subtask"], len(line["messages"])) for line in found} == {
        ("ada", "shelf", 2),
        ("ada", "shelf", 4),
        ("ada", "reduced", 2),
        ("bob", "shelf", 2),
    }
    talk = next(line for line in found if line["learner"] == "bob")
    assert [m["text"] for m in talk["messages"]] == ["bob asks 0?", ANSWER]
    assert (talk["format"], talk["part"], talk["parts"]) == ("caseloop-chat/1", 1, 1)
    assert [(r.who, r.action, r.case_id, r.conversations, r.messages) for r in record] == [
        ("lena", "export", "shop", 4, 10)
    ]
    assert [r.path for r in record] == state.progress["files"]


async def test_exports_are_nobody_elses_business(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await talks(desk, "ada")
        await desk.ended(await desk.staff.export("shop", "lena"))
    folder = desk.home / "exports"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert len(modes) == 2
    assert set(modes.values()) == {0o600}


async def test_large_classes_and_long_talks_are_cut_into_files_and_lines(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER], export_conversations=2, export_messages=4) as desk:
        await talks(desk, "ada", "bob", "cy", turns=3)
        state = await desk.ended(await desk.staff.export("shop", "lena"))
    assert len(state.progress["files"]) == len(list((desk.home / "exports").glob("*.jsonl"))) == 2
    found = lines(desk)
    assert sorted((line["learner"], line["part"], line["parts"], len(line["messages"])) for line in found) == [
        (user, part, 2, length) for user in ("ada", "bob", "cy") for part, length in ((1, 4), (2, 2))
    ]


@ON_BOTH
async def test_a_class_is_reset_after_it_was_exported(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER], export_conversations=2) as desk:
        await talks(desk, "ada", "bob", "cy")
        state = await desk.ended(await desk.staff.reset_class("shop", "lena"))
        assert state.status == "done"
        assert await everything(desk, ConversationRow) == []
        assert await everything(desk, MessageRow) == []
        assert (await desk.service.conversation(desk.scope())).messages == ()
        record = await everything(desk, AuditRow)
    assert {line["learner"] for line in lines(desk)} == {"ada", "bob", "cy"}
    assert {r.action for r in record} == {"reset"}
    assert sum(r.conversations for r in record) == 3


@ON_BOTH
async def test_another_cases_conversations_are_left_alone(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await talks(desk, "ada")
        state = await desk.ended(await desk.staff.reset_class("other", "lena"))
        assert len(await everything(desk, ConversationRow)) == 1
    assert (state.status, state.progress) == ("done", {})
    assert lines(desk) == []


class _Dies(Exception):
    """Stands for the end of a process."""


@ON_BOTH
async def test_killed_anywhere_a_reset_loses_nothing(open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("_settle", "_report", "_file"):
        genuine, died = getattr(ArchiveJob, place), []

        async def dying(self: Any, *args: Any, genuine: Any = genuine, died: list[int] = died) -> Any:
            done = await genuine(self, *args)
            if not died:
                died.append(1)
                raise _Dies
            return done

        async with open_desk([ANSWER], export_conversations=1) as desk:
            await talks(desk, "ada", "bob", "cy")
            with monkeypatch.context() as patched:
                patched.setattr(ArchiveJob, place, dying)
                state = await desk.ended(await desk.staff.reset_class("shop", "lena"))
            assert (state.status, state.attempt, died) == ("done", 2, [1])
            assert await everything(desk, ConversationRow) == []
        assert {line["learner"] for line in lines(desk)} == {"ada", "bob", "cy"}, place
        for file in (desk.home / "exports").glob("*.jsonl"):
            file.unlink()


@ON_BOTH
async def test_what_is_said_while_a_class_is_reset_is_in_a_file_before_it_goes(
    open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine, went_on = ArchiveJob._settle, []
    async with open_desk([ANSWER], export_conversations=2) as desk:
        await talks(desk, "ada", "bob")

        async def talking(self: Any, *args: Any) -> bool:
            if not went_on:
                went_on.append(1)
                await desk.ask("One more thing?")
            return await genuine(self, *args)

        monkeypatch.setattr(ArchiveJob, "_settle", talking)
        state = await desk.ended(await desk.staff.reset_class("shop", "lena"))
        assert await everything(desk, ConversationRow) == []
    assert len(state.progress["files"]) == 2
    exported = {m["text"] for line in lines(desk) for m in line["messages"]}
    assert {"ada asks 0?", "bob asks 0?", "One more thing?"} <= exported


@ON_BOTH
async def test_old_conversations_and_exports_go_once_a_day(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER], retention=timedelta(days=30)) as desk:
        await talks(desk, "old", "ada")
        await desk.ended(await desk.staff.export("shop", "lena"))
        for file in (desk.home / "exports").glob("*.jsonl"):
            made = desk.clock().timestamp()
            os.utime(file, (made, made))
        desk.clock.turn(timedelta(days=31))
        await desk.ask("I am still here?")
        await desk.staff.begin()
        await desk.staff.begin()
        async with desk.db.read() as session:
            ids = list((await session.scalars(select(JOBS.c.id).where(JOBS.c.kind == RETENTION))).all())
        assert len(ids) == 1
        assert (await desk.ended(ids[0])).status == "done"
        assert [row.learner for row in await everything(desk, ConversationRow)] == ["ada"]
        assert list((desk.home / "exports").glob("*.jsonl")) == []
        async with desk.db.read() as session:
            waiting = (await session.execute(select(JOBS).where(JOBS.c.status == "queued"))).mappings().all()
        record = (await everything(desk, AuditRow))[-1]
    assert [(job["kind"], job["run_at"] - desk.clock() > timedelta(hours=23)) for job in waiting] == [(RETENTION, True)]
    assert (record.who, record.action, record.conversations, record.others) == ("caseloop", "retention", 1, 1)


async def test_a_learner_who_is_forgotten_is_nowhere(open_desk: OpenDesk) -> None:
    async with open_desk([_parrot], summaries=[_parrot]) as desk:
        await desk.allow("bob")
        await desk.allow("eve")
        for turn in range(6):
            await desk.ask(
                f"{turn} {SECRET}?", code=f"{WRONG}\n# {SECRET} {turn}", user="bob", reasoning=f"because {SECRET}"
            )
            await desk.service.close()
        await desk.service.reset(desk.scope(user="bob"))
        await desk.ask(f"again {SECRET}?", user="bob")
        await desk.ask("Mine stays?", user="eve")
        await desk.ended(await desk.staff.export("shop", "lena"))
        await _hint(desk, "bob", SECRET)
        await _hint(desk, "eve", "rhubarb")
        assert files_with(desk.home, SECRET)

        job = await desk.staff.forget("bob", "lena")
        state = await desk.ended(job)
        assert state.status == "done", state.error
        assert files_with(desk.home, SECRET) == []
        for table in Table.metadata.sorted_tables:
            async with desk.db.read() as session:
                rows = (await session.execute(select(table))).all()
            told = " ".join(str(value) for row in rows for value in row)
            assert SECRET not in told, table.name
            assert "bob" not in told, table.name
        record = (await everything(desk, AuditRow))[-1]
        assert (record.who, record.action, record.subject) == ("lena", "forget", audit.subject("bob"))
        assert (record.conversations, record.messages) == (2, 14)

        assert {row.learner for row in await everything(desk, ConversationRow)} == {"eve"}
        assert [row.learner for row in await everything(desk, HintRow)] == ["eve"]
        assert (await desk.service.conversation(desk.scope(user="eve"))).messages[0].text == "Mine stays?"
    assert {line["learner"] for line in lines(desk)} == {"eve"}


def _parrot(request: ModelRequest) -> str:
    """Says what it was told."""
    told = "".join(message.content for message in request.messages)
    return f"You spoke of {SECRET if SECRET in told else 'rhubarb'}, what is it?"


async def _hint(desk: Desk, learner: str, word: str) -> None:
    """A hint of the learner's with its job, as `feedback.hints` writes them down."""
    columns = HintRow.__table__.columns
    known: dict[str, Any] = {
        "id": (learner * 32)[:32],
        "learner": learner,
        "state": "ready",
        "cells": word,
        "text": word,
        "reflection": word,
        "trace": word,
        "counted": True,
        "asked": datetime.now(UTC),
    }
    values = {c.name: known.get(c.name, "" if not c.nullable else None) for c in columns if c.name != "seq"}
    async with desk.db.write() as session:
        session.add(HintRow(**values))
        await desk.queue.enqueue(session, Job("hints", "hint", {"hint": known["id"]}, key=known["id"]))


async def test_no_table_of_a_learner_is_out_of_reach() -> None:
    """Whatever holds something of a learner names the learner, or goes with a row that does."""
    reached = {"learner"}
    free = {"job", "chat_audit"}
    for table in Table.metadata.sorted_tables:
        owned = any(
            fk.column.table.c.get("learner") is not None and fk.ondelete == "CASCADE" for fk in table.foreign_keys
        )
        assert table.name in free or owned or reached & set(table.c.keys()), table.name


@ON_BOTH
async def test_killed_anywhere_forgetting_is_finished(open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (
        "feedback.chat.forgetting.ForgetJob._rows",
        "feedback.chat.exports.Exports.forget",
        "services.kit.database.Database.compact",
        "feedback.chat.forgetting.ForgetJob._record",
    ):
        async with open_desk([ANSWER]) as desk:
            await talks(desk, "bob")
            await desk.ask(f"{SECRET}?", user="bob")
            await desk.ended(await desk.staff.export("shop", "lena"))
            died: list[int] = []
            with monkeypatch.context() as patched:
                _dies_once_after(patched, place, died)
                state = await desk.ended(await desk.staff.forget("bob", "lena"))
            assert (state.status, died) == ("done", [1]), place
            assert files_with(desk.home, SECRET) == [], place
            assert await everything(desk, ForgetRow) == []
            record = [row for row in await everything(desk, AuditRow) if row.action == "forget"]
            assert record[-1].conversations == 1
            assert len({row.job for row in record}) == len(record)


def _dies_once_after(patched: pytest.MonkeyPatch, place: str, died: list[int]) -> None:
    module, owner, name = place.rsplit(".", 2)
    kind = getattr(importlib.import_module(module), owner)
    genuine = getattr(kind, name)

    def die() -> None:
        if not died:
            died.append(1)
            raise _Dies

    async def later(self: Any, *args: Any) -> Any:
        done = await genuine(self, *args)
        die()
        return done

    def now(self: Any, *args: Any) -> Any:
        done = genuine(self, *args)
        die()
        return done

    patched.setattr(kind, name, later if asyncio.iscoroutinefunction(genuine) else now)


async def test_a_learner_of_whom_nothing_is_kept_can_be_forgotten(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        state = await desk.ended(await desk.staff.forget("nobody", "lena"))
        record = await everything(desk, AuditRow)
    assert state.status == "done"
    assert [(r.action, r.conversations, r.others) for r in record] == [("forget", 0, 0)]


@ON_BOTH
async def test_an_answer_under_way_brings_nobody_back(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        events = desk.service.ask(AskChat(subtask="shelf", cells=notebook(desk.case), text=SECRET), desk.scope())
        await anext(events)
        await desk.ended(await desk.staff.forget("ada", "lena"))
        with pytest.raises(Exception, match="was deleted while"):
            [event async for event in events]
        assert files_with(desk.home, SECRET) == []


async def test_an_export_that_cannot_be_read_stops_nobody_from_being_forgotten_elsewhere(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await talks(desk, "bob")
        await desk.ended(await desk.staff.export("shop", "lena"))
        damaged = desk.home / "exports" / f"chat-shop-{'0' * 12}-{'1' * 12}.jsonl"
        damaged.write_text("no json\n")
        state = await desk.ended(await desk.staff.forget("bob", "lena"))
        assert state.status == "failed"
        assert state.error is not None
        assert damaged.name in state.error
        assert await everything(desk, ConversationRow) == []
        assert [r.learner for r in await everything(desk, ForgetRow)] == ["bob"]
    assert "bob" not in "".join(f.read_text() for f in (desk.home / "exports").glob("*.jsonl"))


@ON_BOTH
async def test_the_record_can_only_be_added_to(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await desk.ended(await desk.staff.forget("ada", "lena"))
        for statement in ("UPDATE chat_audit SET who = 'nobody'", "DELETE FROM chat_audit"):
            with pytest.raises(Exception, match="only ever added to"):
                await _execute(desk, statement)
        assert len(await everything(desk, AuditRow)) == 1


async def _execute(desk: Desk, statement: str) -> None:
    async with desk.db.write() as session:
        await session.execute(text(statement))
