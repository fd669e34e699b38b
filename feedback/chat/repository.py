"""All SQL of conversations. What a learner reads is bound to that learner, case and subtask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from feedback.chat.models import ConversationRow, MessageRow

_CHUNK: Final = 500
"""Values that one statement takes; SQLite has a limit of its own."""


@dataclass(frozen=True)
class Owner:
    """Whose conversation, of which case, about which subtask: what a scope token states."""

    learner: str
    case: str
    subtask: str


class ConversationRepository:
    """Conversations and messages of one owner."""

    def __init__(self, session: AsyncSession, owner: Owner) -> None:
        self._session, self._owner = session, owner

    async def current(self, *, lock: bool = False) -> ConversationRow | None:
        """The conversation that goes on. `lock`: until the transaction ends, where the database locks rows."""
        return await self._one(self._mine().where(ConversationRow.closed.is_(None)), lock)

    async def current_or(self, new: ConversationRow) -> ConversationRow:
        """As `current`; `new` where there is none, also when two transactions begin one at once."""
        found = await self.current(lock=True)
        if found is not None:
            return found
        try:
            async with self._session.begin_nested():
                self._session.add(new)
        except IntegrityError:
            found = await self.current(lock=True)
            if found is None:
                raise
            return found
        return new

    async def messages(self, conversation: str, newest: int | None = None) -> Sequence[MessageRow]:
        """Messages of one conversation, each answer behind its question; the newest so many, or all."""
        query = select(MessageRow).where(MessageRow.conversation == conversation)
        if newest is None:
            return (await self._session.scalars(query.order_by(MessageRow.seq))).all()
        rows = (await self._session.scalars(query.order_by(MessageRow.seq.desc()).limit(newest))).all()
        return rows[::-1]

    async def in_prompt(self, conversation: str, window: int) -> Sequence[MessageRow]:
        """Messages from `window` on that prompts hold, in order."""
        query = select(MessageRow).where(
            MessageRow.conversation == conversation, MessageRow.seq >= window, MessageRow.prompted != ""
        )
        return (await self._session.scalars(query.order_by(MessageRow.seq))).all()

    async def said_by_model(self, newest: int) -> Sequence[str]:
        """What this owner saw of a model's newest answers, oldest first.

        Those before a reset are included, and what was taken back or left.
        """
        by_model = MessageRow.words_by == "model"
        query = (
            select(case((by_model, MessageRow.text), else_=MessageRow.withdrawn))
            .join(ConversationRow, MessageRow.conversation == ConversationRow.id)
            .where(*self._owned(), or_(by_model, MessageRow.withdrawn.is_not(None)))
            .order_by(MessageRow.seq.desc())
            .limit(newest)
        )
        return (await self._session.scalars(query)).all()[::-1]

    async def seen_for_nothing(self) -> int:
        """Questions of this owner that cost nothing although something of a model's answer was seen."""
        note = aliased(MessageRow)
        query = (
            select(func.count())
            .select_from(MessageRow)
            .join(ConversationRow, MessageRow.conversation == ConversationRow.id)
            .join(note, note.answers == MessageRow.id)
            .where(*self._owned(), MessageRow.counted.is_(False), note.withdrawn.is_not(None))
        )
        return (await self._session.scalars(query)).one()

    async def places_taken(self, asked_after: datetime) -> int:
        """Places of the quota that are taken: by questions that are over, and by open ones since `asked_after`."""
        under_way = and_(MessageRow.state == "open", MessageRow.sent > asked_after)
        over = MessageRow.state.in_(("answered", "left"))
        query = (
            select(func.count())
            .select_from(MessageRow)
            .join(ConversationRow, MessageRow.conversation == ConversationRow.id)
            .where(*self._owned(), MessageRow.counted, or_(over, under_way))
        )
        return (await self._session.scalars(query)).one()

    async def message(self, id_: str) -> MessageRow | None:
        """One message of the owner's."""
        query = (
            select(MessageRow)
            .join(ConversationRow, MessageRow.conversation == ConversationRow.id)
            .where(*self._owned(), MessageRow.id == id_)
        )
        return (await self._session.scalars(query)).one_or_none()

    async def conversation(self, id_: str, *, lock: bool = False) -> ConversationRow | None:
        """One conversation of the owner's. `lock`: as in `current`."""
        return await self._one(self._mine().where(ConversationRow.id == id_), lock)

    async def add(self, message: MessageRow) -> None:
        """Write a message down; it has its place in the order afterwards."""
        self._session.add(message)
        await self._session.flush()

    async def _one(self, query: Select[ConversationRow], lock: bool) -> ConversationRow | None:
        if lock:
            # populate_existing: after waiting for the lock, what another transaction wrote must be seen.
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.scalars(query)).one_or_none()

    def _mine(self) -> Select[ConversationRow]:
        return select(ConversationRow).where(*self._owned())

    def _owned(self) -> tuple[ColumnElement[bool], ...]:
        columns = (ConversationRow.learner, ConversationRow.case_id, ConversationRow.subtask)
        values = (self._owner.learner, self._owner.case, self._owner.subtask)
        return tuple(column == value for column, value in zip(columns, values, strict=True))


class Archive:
    """Conversations of everybody, for those who keep the place in order."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of_case(self, case: str, before: datetime, after: str, limit: int) -> Sequence[ConversationRow]:
        """Conversations of a case begun before that moment, in the order of their ids, behind the id `after`."""
        query = (
            select(ConversationRow)
            .where(ConversationRow.case_id == case, ConversationRow.started < before, ConversationRow.id > after)
            .order_by(ConversationRow.id)
            .limit(limit)
        )
        return (await self._session.scalars(query)).all()

    async def messages(self, conversation: str) -> Sequence[MessageRow]:
        """All messages of one conversation."""
        query = select(MessageRow).where(MessageRow.conversation == conversation).order_by(MessageRow.seq)
        return (await self._session.scalars(query)).all()

    async def last_message(self, conversation: str) -> int:
        """`seq` of the newest message of one conversation; 0: it has none."""
        newest = select(func.max(MessageRow.seq)).where(MessageRow.conversation == conversation)
        return await self._session.scalar(newest) or 0

    async def counted(self, *, learner: str) -> tuple[int, int]:
        """How many conversations and messages of a learner there are."""
        ids = select(ConversationRow.id).where(ConversationRow.learner == learner)
        conversations = await self._session.scalar(select(func.count()).select_from(ids.subquery()))
        messages = await self._session.scalar(
            select(func.count()).select_from(MessageRow).where(MessageRow.conversation.in_(ids))
        )
        return conversations or 0, messages or 0

    async def drop_unchanged(self, last_messages: Mapping[str, int]) -> int:
        """Delete conversations, but for those in which something was said after that message; returns how many.

        `last_messages`: id of a conversation -> `seq` of its last message as far as it is known; 0: it had none.
        """
        gone = 0
        ids = list(last_messages)
        for chunk in (ids[at : at + _CHUNK] for at in range(0, len(ids), _CHUNK)):
            now = select(MessageRow.conversation, func.max(MessageRow.seq)).where(MessageRow.conversation.in_(chunk))
            rows = await self._session.execute(now.group_by(MessageRow.conversation))
            newest = {row.conversation: row[1] for row in rows}
            unchanged = [id_ for id_ in chunk if newest.get(id_, 0) <= last_messages[id_]]
            dropped = delete(ConversationRow).where(ConversationRow.id.in_(unchanged)).returning(ConversationRow.id)
            gone += len((await self._session.scalars(dropped)).all())
        return gone

    async def drop_older(self, than: datetime, limit: int) -> tuple[int, int]:
        """Delete conversations in which nothing was said since, at most so many; (conversations, messages)."""
        ids = (
            await self._session.scalars(
                select(ConversationRow.id)
                .where(ConversationRow.last < than)
                .order_by(ConversationRow.last)
                .limit(limit)
            )
        ).all()
        messages = await self._session.scalar(
            select(func.count()).select_from(MessageRow).where(MessageRow.conversation.in_(ids))
        )
        await self._session.execute(delete(ConversationRow).where(ConversationRow.id.in_(ids)))
        return len(ids), messages or 0
