"""Answers that are given again: recalled in the middle of a check, rated by learners, looked after by mentors."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.escalation import EditMemory, MemoryEntry, MemoryPage, RateMemory, Recall, Recalled
from services.contracts.identity import ScopeClaims
from services.kit.clock import Clock
from services.kit.database import Database
from services.mentoring import audit
from services.mentoring.errors import BadCursor, MemoryNotFound, MemoryTaken, MemoryWithdrawn, OutsideScope
from services.mentoring.mails import Mails
from services.mentoring.memory_repository import Memory, Sought
from services.mentoring.metrics import MentoringMetrics
from services.mentoring.models import ContentRow, EscalationRow, RememberedRow, ShowingRow
from services.mentoring.remembering import close_review, confirm
from services.mentoring.repository import Mentor, Queue, content_of, review_of
from services.mentoring.rows import entry as entry_of
from services.mentoring.screens import told
from services.mentoring.settings import MentoringSettings
from services.mentoring.sought import index_question
from services.mentoring.urgency import rank

_CURSOR: Final = re.compile(r"([01])~(\d{1,18})")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Remembered:
    """The memory of mentors' answers."""

    db: Database
    mails: Mails
    settings: MentoringSettings
    metrics: MentoringMetrics
    clock: Clock

    async def recall(self, scope: ScopeClaims, body: Recall) -> Recalled:
        """Signature -> the entry that this learner gets. Writes only when there is one: most checks find none."""
        if scope.subtask not in (None, body.subtask):
            raise OutsideScope(f"This permission is for the step {scope.subtask!r}, not {body.subtask!r}.")
        asked = (scope.case, scope.case_version, body.subtask, body.signatures)
        async with self.db.read(brief=True) as session:
            memory = Memory(session, scope.case)
            if body.look_only:
                return Recalled(entries={}, known=await memory.any_given(*asked[:3]))
            if not await memory.given(*asked):
                return Recalled(entries={})
        async with self.db.write(brief=True) as session:
            memory = Memory(session, scope.case)
            # Once more: a mentor may have withdrawn it since.
            given = await memory.given(*asked)
            await memory.count_shown(list(given.values()), scope.user, scope.case, self.clock())
            entries = {signature: entry_of(row) for signature, row in given.items()}
        self.metrics.given(scope.case, len(entries))
        return Recalled(entries=entries, known=True)

    async def rate(self, scope: ScopeClaims, entry: str, body: RateMemory) -> MemoryEntry:
        """Keep whether it helped the learner who got it; if not, it goes back to a mentor."""
        now = self.clock()
        async with self.db.write(brief=True) as session:
            memory = Memory(session, scope.case)
            row = await memory.one(entry)
            showing = None if row is None else await memory.showing(entry, scope.user, scope.case)
            if row is None or showing is None:
                _log.warning("a remembered answer was rated that was never given", user=scope.user, entry=entry)
                self.metrics.refused("not_theirs")
                raise MemoryNotFound("You were given no mentor's answer of that id in this case.")
            if showing.helpful is body.helpful and showing.submission == body.submission:
                return entry_of(row)
            _count(row, showing, body, now)
            await session.flush()
            await self._answer_to_rating(session, memory, row, now)
            rated = entry_of(row)
        self.metrics.rated(scope.case, "remembered", helpful=body.helpful)
        return rated

    async def unhelpful_to(self, scope: ScopeClaims) -> tuple[str, ...]:
        """The learner's versions to which a remembered answer did not help, as they say now."""
        async with self.db.read(brief=True) as session:
            return tuple(await Memory(session, scope.case).unhelpful_to(scope.user, scope.case))

    async def found(self, mentor: Mentor, sought: Sought, after: str | None, limit: int) -> MemoryPage:
        """A part of the entries, for mentors."""
        place = None if after is None else _place(after)
        async with self.db.read() as session:
            memory = Memory(session, mentor.case)
            rows, total = await memory.page(sought, place, limit + 1)
            shown = await told(session, rows[:limit])
        more = None
        if len(rows) > limit:
            last = rows[limit - 1]
            more = f"{int(last.set_aside is not None and last.withdrawn is None)}~{last.seq}"
        return MemoryPage(items=tuple(shown), total=total, next=more)

    async def edit(self, mentor: Mentor, entry: str, body: EditMemory) -> MemoryEntry:
        """Other words, another reach; a mentor's look at it is what it waited for, if it was set aside."""
        now = self.clock()
        async with self.db.write() as session:
            row = await _one(session, mentor, entry)
            if row.withdrawn is not None:
                raise MemoryWithdrawn("This answer has been withdrawn; answer a question anew to remember it.")
            confirm(session, mentor, row, body.text, now)
            row.case_version = row.made_for if body.only_version else None
            try:
                await session.flush()
            except IntegrityError:
                raise MemoryTaken(
                    "Another remembered answer to the same problem serves those versions; withdraw it first."
                ) from None
            await close_review(session, row.id, mentor.name, now)
            return entry_of(row)

    async def withdraw(self, mentor: Mentor, entry: str) -> None:
        """Nobody gets it any more."""
        now = self.clock()
        async with self.db.write() as session:
            row = await _one(session, mentor, entry)
            if row.withdrawn is None:
                row.withdrawn = now
                audit.note(session, mentor.name, "withdraw", row.id, now)
                await close_review(session, row.id, mentor.name, now)

    async def _answer_to_rating(self, session: AsyncSession, memory: Memory, row: RememberedRow, now: datetime) -> None:
        """Have a mentor look as soon as it did not help somebody; after several in a row, give it no more.

        Ratings before a mentor stood by it last are history. When the only one who said so thinks otherwise now, nobody
        need look.
        """
        review = await review_of(session, row.id)
        if row.withdrawn is None and row.set_aside is None:
            if await self._keeps_not_helping(memory, row):
                row.set_aside = now
                audit.note(session, audit.CASELOOP, "set_aside", row.id, now)
            if await memory.has_not_helped(row.id, row.confirmed):
                if review is None:
                    await self._bring_back(session, row, now)
            elif review is not None and review.state == "waiting":
                await close_review(session, row.id, audit.CASELOOP, now)
        if review is not None:
            review.headline = self._headline(row)

    async def _keeps_not_helping(self, memory: Memory, row: RememberedRow) -> bool:
        most = self.settings.set_aside_after
        newest = await memory.newest_ratings(row.id, row.confirmed, most)
        return len(newest) >= most and not any(newest)

    def _headline(self, entry: RememberedRow) -> str:
        """What came back, whose words it is, what learners say of it, and whether others still get it."""
        came = f"An answer of {entry.mentor}'s came back: helped {entry.helpful}, did not help {entry.unhelpful}"
        if entry.set_aside is None:
            return f"{came}. It is still given."
        in_a_row = f"the last {self.settings.set_aside_after} in a row"
        return f"{came}, {in_a_row}. Nobody gets it until a mentor has looked at it."

    async def _bring_back(self, session: AsyncSession, entry: RememberedRow, now: datetime) -> None:
        """An item in the queue, with the code that the answer was written for."""
        origin, content = await _origin(session, entry)
        if origin is None or content is None:
            # Its learner was forgotten, and the code with them; the list of remembered answers shows the ratings.
            return
        review = EscalationRow(
            id=secrets.token_hex(16),
            learner=origin.learner,
            case_id=origin.case_id,
            case_version=origin.case_version,
            case_title=origin.case_title,
            subtask=origin.subtask,
            subtask_title=origin.subtask_title,
            submission=origin.submission,
            number=origin.number,
            state="waiting",
            reason="unhelpful_answer",
            signature=origin.signature,
            headline=self._headline(entry),
            opened=now,
            updated=now,
            waiting_since=now,
            rank=rank(origin.case_id, now, self.settings.head_start, again=True),
            reopened=1,
            about_memory=entry.id,
        )
        session.add(review)
        await session.flush()
        copied = ContentRow(
            escalation=review.id,
            cells=content.cells,
            feedback=content.feedback,
            help='{"remembered": true}',
            outputs=content.outputs,
        )
        session.add(copied)
        await index_question(session, review)
        await self.mails.waits(session, review)


def _count(row: RememberedRow, showing: ShowingRow, body: RateMemory, now: datetime) -> None:
    """A learner has one voice: a new rating takes the place of the one before."""
    if showing.helpful is not None:
        row.helpful -= showing.helpful
        row.unhelpful -= not showing.helpful
    row.helpful += body.helpful
    row.unhelpful += not body.helpful
    showing.helpful, showing.rated, showing.submission = body.helpful, now, body.submission


async def _origin(session: AsyncSession, entry: RememberedRow) -> tuple[EscalationRow | None, ContentRow | None]:
    if entry.origin is None:
        return None, None
    return await Queue(session, None).one(entry.origin), await content_of(session, entry.origin)


def _place(after: str) -> tuple[int, int]:
    found = _CURSOR.fullmatch(after)
    if found is None:
        raise BadCursor("`after` must be what `next` of the page before said.")
    return int(found[1]), int(found[2])


async def _one(session: AsyncSession, mentor: Mentor, entry: str) -> RememberedRow:
    row = await Memory(session, mentor.case).one(entry)
    if row is None:
        raise MemoryNotFound("There is no remembered answer of that id that you may see.")
    return row
