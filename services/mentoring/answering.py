"""What mentors say: a turn of the conversation, or an answer, for one or for all with the same problem."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.escalation import AnswerEscalation, EscalationFull, WriteNote
from services.kit.clock import Clock
from services.kit.database import Database
from services.mentoring import audit
from services.mentoring.errors import (
    AlreadyAnswered,
    ConversationFull,
    EscalationNotFound,
    LeaseNeeded,
    LeaseTaken,
    NoSignature,
    NotLookedAt,
    NotWaiting,
    OtherSignature,
)
from services.mentoring.mails import Mails
from services.mentoring.memory_repository import Memory
from services.mentoring.metrics import MentoringMetrics
from services.mentoring.models import EscalationRow, NoteRow
from services.mentoring.remembering import confirm, remember
from services.mentoring.repository import Mentor, Queue, count_notes, end_leases
from services.mentoring.rows import COMMENTS, held
from services.mentoring.screens import full
from services.mentoring.settings import MentoringSettings


@dataclass(frozen=True)
class Answering:
    """Mentors' words."""

    db: Database
    mails: Mails
    settings: MentoringSettings
    metrics: MentoringMetrics
    clock: Clock

    async def write(self, mentor: Mentor, escalation: str, body: WriteNote) -> EscalationFull:
        """A turn that is no answer: by whoever holds the escalation, or has answered it."""
        now = self.clock()
        async with self.db.write() as session:
            await end_leases(session, now)
            row = await _found(session, mentor, escalation)
            answered_it = row.state in ("answered", "rated") and row.mentor == mentor.name
            if not answered_it and not (held(row, now) and row.holder == mentor.name):
                raise _not_held(row)
            note = await self._add(session, mentor, row, body, now)
            audit.note(session, mentor.name, "write", row.id, now)
            await self.mails.written(session, row, note.id)
            await session.flush()
            return await full(session, mentor, row, now)

    async def answer(self, mentor: Mentor, escalation: str, body: AnswerEscalation) -> EscalationFull:
        """Answer it, and those in `also`: all of them or none, each with its mail, and the memory of it."""
        now = self.clock()
        async with self.db.write() as session:
            await end_leases(session, now)
            row = await _found(session, mentor, escalation)
            if row.state in ("answered", "rated"):
                raise AlreadyAnswered("This question has been answered already; write a note if there is more to say.")
            if not held(row, now) or row.holder != mentor.name:
                raise _not_held(row)
            also = await self._also(session, mentor, row, body.also, now)
            # What came back to be looked at is nobody's question, and none has waited for it.
            waited = [] if row.about_memory is not None else [self._first_wait(one, now) for one in (row, *also)]
            await self._say(session, mentor, row, body, now)
            for one in also:
                # A comment's place is in the code of the one that it was written about.
                await self._say(session, mentor, one, body.model_copy(update={"comments": ()}), now)
            if row.about_memory is not None:
                await self._stand_by(session, mentor, row, body, now)
            elif body.remember:
                if not row.signature:
                    raise NoSignature("No finding of this version has a signature; answer without remembering it.")
                await remember(session, mentor, (row, *also), body, now)
            await session.flush()
            shown = await full(session, mentor, row, now)
        for seconds in waited:
            self.metrics.answered(row.case_id, seconds)
        return shown

    async def _also(
        self, session: AsyncSession, mentor: Mentor, row: EscalationRow, also: Sequence[str], now: datetime
    ) -> list[EscalationRow]:
        """The others, if every one of them may be answered along with `row`."""
        ids = [one for one in dict.fromkeys(also) if one != row.id]
        others = [await _found(session, mentor, one) for one in ids]
        problem = (row.case_id, row.subtask, row.signature)
        for other in others:
            same = (other.case_id, other.subtask, other.signature) == problem
            if not same or not row.signature or row.about_memory is not None or other.about_memory is not None:
                raise OtherSignature(f"The question {other.id} has another problem. Nothing was answered.")
            if other.state not in ("waiting", "leased"):
                raise NotWaiting(f"The question {other.id} is {other.state} by now. Nothing was answered.")
            if held(other, now) and other.holder != mentor.name:
                raise LeaseTaken(f"{other.holder} has the question {other.id}. Nothing was answered.")
        unseen = set(ids) - await audit.looked_at(session, mentor.name, ids)
        if unseen:
            raise NotLookedAt(f"Look at {', '.join(sorted(unseen))} first. Nothing was answered.")
        return others

    async def _say(
        self, session: AsyncSession, mentor: Mentor, row: EscalationRow, body: WriteNote, now: datetime
    ) -> None:
        note = await self._add(session, mentor, row, body, now, is_answer=True)
        row.state, row.mentor, row.answered, row.updated = "answered", mentor.name, now, now
        row.handled_seconds = None if row.taken is None else (now - row.taken).total_seconds()
        if row.first_answer is None:
            row.first_answer, row.first_answer_seconds = now, (now - row.opened).total_seconds()
        # The new answer has not been rated.
        row.helpful = row.rated = None
        row.holder = row.leased_until = row.taken = None
        audit.note(session, mentor.name, "answer", row.id, now)
        await self.mails.written(session, row, note.id)

    async def _stand_by(
        self, session: AsyncSession, mentor: Mentor, row: EscalationRow, body: AnswerEscalation, now: datetime
    ) -> None:
        """A remembered answer that came back: these words take the place of those that did not help."""
        assert row.about_memory is not None
        entry = await Memory(session, mentor.case).one(row.about_memory)
        if entry is not None and entry.withdrawn is None:
            confirm(session, mentor, entry, body.text, now)

    async def _add(
        self,
        session: AsyncSession,
        mentor: Mentor,
        row: EscalationRow,
        body: WriteNote,
        now: datetime,
        *,
        is_answer: bool = False,
    ) -> NoteRow:
        # An answer is let through: a conversation must not end in the queue because it is long.
        if not is_answer and await count_notes(session, row.id) >= self.settings.notes:
            raise ConversationFull(f"This conversation has {self.settings.notes} turns; end it with an answer.")
        note = NoteRow(
            id=secrets.token_hex(16),
            escalation=row.id,
            author="mentor",
            name=mentor.name,
            text=body.text,
            comments=COMMENTS.dump_json(body.comments).decode(),
            written=now,
            is_answer=is_answer,
        )
        session.add(note)
        row.updated = now
        return note

    @staticmethod
    def _first_wait(row: EscalationRow, now: datetime) -> float | None:
        return None if row.first_answer is not None else (now - row.opened).total_seconds()


async def _found(session: AsyncSession, mentor: Mentor, escalation: str) -> EscalationRow:
    row = await Queue(session, mentor.case).to_change(escalation)
    if row is None:
        raise EscalationNotFound(f"There is no question {escalation} that you may see.")
    return row


def _not_held(row: EscalationRow) -> LeaseNeeded:
    if row.state == "cancelled":
        return LeaseNeeded("The learner has cancelled this question.")
    whose = f"{row.holder} has it now" if row.holder else "your hold on it is over, or never began"
    return LeaseNeeded(f"Take this question first: {whose}.")
