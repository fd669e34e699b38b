"""Taking a class's conversations out of the system, or only a copy of them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.chat import audit
from feedback.chat.exports import Exports
from feedback.chat.models import ConversationRow, MessageRow
from feedback.chat.repository import Archive
from feedback.chat.rows import message
from feedback.chat.settings import ChatSettings
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.jobs import Held, Lease

FORMAT: Final = "caseloop-chat/1"
_ROUNDS: Final = 3
"""How often conversations that went on while they were being exported are exported again before they are let be."""


class ArchiveOrder(BaseModel):
    """Payload of a job."""

    case: str
    who: str
    before: datetime
    """Conversations that began later are not meant."""


@dataclass(frozen=True)
class Taken:
    """One file of an export."""

    name: str
    last: str
    """Id of the last conversation in it."""
    last_messages: Mapping[str, int]
    """Conversation -> `seq` of its last message in the file."""
    messages: int


class ArchiveJob:
    """Exports all conversations of a case; with `delete` each file's conversations are deleted once it is safe on disk.

    Killed at any moment and done again it loses nothing and deletes nothing that is in no file.
    """

    def __init__(self, db: Database, exports: Exports, settings: ChatSettings, clock: Clock, *, delete: bool) -> None:
        self._db, self._exports, self._settings, self._clock = db, exports, settings, clock
        self._delete = delete

    async def run(self, lease: Lease) -> None:
        """Do it."""
        order = ArchiveOrder.model_validate(dict(lease.job.payload))
        rounds = _ROUNDS if self._delete else 1
        for _ in range(rounds):
            if not await self._round(lease, order):
                break
        if self._delete:
            await self._db.compact()

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:
        """Nothing is half done; whoever asked sees the job's error."""

    async def _round(self, lease: Lease, order: ArchiveOrder) -> bool:
        """Go through all conversations once; whether some were left because they went on."""
        after, left = "", False
        while True:
            async with self._exports.alone():
                taken = await self._file(lease.job.id, order, after)
                if taken is None:
                    return left
                left = await self._settle(lease.job.id, order, taken) or left
            after = taken.last
            await self._report(lease)

    async def _file(self, job: str, order: ArchiveOrder, after: str) -> Taken | None:
        """Write the next file; None: there is nothing more to write."""
        async with self._db.read() as session:
            archive = Archive(session)
            rows = await archive.of_case(order.case, order.before, after, self._settings.export_conversations)
            if not rows:
                return None
            last_messages = {row.id: await archive.last_message(row.id) for row in rows}
            # Named for what is in it: done again, or anew after some went on, it never takes another file's place.
            name = f"chat-{order.case}-{job[:12]}-{_digest(last_messages)}.jsonl"
            count = 0
            with self._exports.writing(name) as lines:
                for row in rows:
                    messages = await archive.messages(row.id)
                    for line in _lines(row, messages, self._settings.export_messages):
                        lines.add(line)
                    count += len(messages)
        return Taken(name, rows[-1].id, last_messages, count)

    async def _settle(self, job: str, order: ArchiveOrder, taken: Taken) -> bool:
        """Delete what is in the file, where that was asked for, and write it into the record, in one transaction."""
        async with self._db.write() as session:
            gone = 0
            if self._delete:
                gone = await Archive(session).drop_unchanged(taken.last_messages)
            noted = {row.path for row in await audit.entries(session, job)}
            if taken.name not in noted or self._delete:
                entry = audit.Entry(
                    who=order.who,
                    action="reset" if self._delete else "export",
                    case=order.case,
                    conversations=len(taken.last_messages),
                    messages=taken.messages,
                    path=taken.name,
                    job=job,
                )
                audit.note(session, entry, self._clock())
        return self._delete and gone < len(taken.last_messages)

    async def _report(self, lease: Lease) -> None:
        """Say how far it is: what whoever asked reads at the end."""
        async with self._db.read() as session:
            files = {row.path: row for row in await audit.entries(session, lease.job.id)}
        await lease.report(
            {
                "files": [path for path in files if path is not None],
                "conversations": sum(row.conversations for row in files.values()),
                "messages": sum(row.messages for row in files.values()),
            }
        )


def _digest(last_messages: Mapping[str, int]) -> str:
    return hashlib.sha256(repr(sorted(last_messages.items())).encode()).hexdigest()[:12]


def _lines(row: ConversationRow, messages: Sequence[MessageRow], most: int) -> Iterator[dict[str, Any]]:
    """A conversation as documents of at most `most` messages each."""
    parts = [messages[at : at + most] for at in range(0, len(messages), most)] or [[]]
    for number, part in enumerate(parts, 1):
        yield {
            "format": FORMAT,
            "conversation": row.id,
            "learner": row.learner,
            "case": row.case_id,
            "subtask": row.subtask,
            "started": row.started.isoformat(),
            "last": row.last.isoformat(),
            "closed": row.closed.isoformat() if row.closed else None,
            "reasoning": row.reasoning,
            "summary": row.summary,
            "part": number,
            "parts": len(parts),
            "messages": [_document(one) for one in part],
        }


def _document(row: MessageRow) -> dict[str, Any]:
    document = message(row).model_dump(mode="json")
    return document | {"reasoning": row.reasoning, "state": row.state, "answers": row.answers}
