"""What learners do: ask a mentor, write on, rate the answer, cancel."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.escalation import EscalationView, Open, RateAnswer, WriteNote
from services.contracts.identity import ScopeClaims
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.mail import is_address
from services.mentoring.errors import (
    AddressRefused,
    AlreadyAnswered,
    AnotherOpen,
    ConversationFull,
    EscalationClosed,
    EscalationNotFound,
    NothingToRate,
    OutsideScope,
)
from services.mentoring.mails import Mails
from services.mentoring.metrics import MentoringMetrics
from services.mentoring.models import ContentRow, EscalationRow, NoteRow, RatingRow, RequestRow
from services.mentoring.repository import Owner, OwnEscalations, content_of, count_notes, is_somebodys, notes_of
from services.mentoring.rows import CELLS, COMMENTS, HELP, OUTPUTS, view
from services.mentoring.settings import MentoringSettings
from services.mentoring.sought import index_note, index_question
from services.mentoring.urgency import rank

_log = structlog.get_logger(__name__)
_ALL_CASES = "*"


@dataclass(frozen=True)
class Escalations:
    """Escalations for the learners whose they are."""

    db: Database
    mails: Mails
    settings: MentoringSettings
    metrics: MentoringMetrics
    clock: Clock

    async def open(self, scope: ScopeClaims, body: Open) -> EscalationView:
        """Ask. While the step has an open question, or about the same version again, the conversation there goes on.

        What is said in addition is kept, and what was answered waits again. A request that was taken in already
        changes nothing.
        """
        owner = _owner(scope)
        if scope.subtask not in (None, body.subtask):
            raise OutsideScope(f"This permission is for the step {scope.subtask!r}, not {body.subtask!r}.")
        if body.email and not is_address(body.email):
            raise AddressRefused(f"{body.email[:80]!r} is no e-mail address. Correct it, or leave it out.")
        now, queued = self.clock(), False
        async with self.db.write(brief=True) as session:
            # Of two presses at one moment the second finds what the first has made.
            await self.db.hold(session, f"questions of {owner.user} about {owner.case}")
            own = OwnEscalations(session, owner)
            row = await own.of_request(_key(body))
            if row is None:
                row, queued = await self._take_in(session, own, scope, body, now)
            seen = await _view(session, row, now)
        if queued:
            self.metrics.opened(scope.case, body.reason)
        return seen

    async def mine(self, scope: ScopeClaims, subtask: str | None) -> tuple[EscalationView, ...]:
        """The learner's own, newest first."""
        now = self.clock()
        async with self.db.read(brief=True) as session:
            rows = await OwnEscalations(session, _owner(scope)).all(subtask)
            notes = await notes_of(session, [row.id for row in rows])
        return tuple(view(row, notes[row.id], now) for row in rows)

    async def one(self, scope: ScopeClaims, escalation: str) -> EscalationView:
        """One of the learner's own."""
        async with self.db.read(brief=True) as session:
            row = await OwnEscalations(session, _owner(scope)).one(escalation)
            if row is None:
                raise await self._missing(session, scope, escalation)
            return await _view(session, row, self.clock())

    async def write(self, scope: ScopeClaims, escalation: str, body: WriteNote) -> EscalationView:
        """The learner's next turn; after an answer it puts the escalation back in the queue."""
        now = self.clock()
        async with self.db.write(brief=True) as session:
            own, row = await self._own(session, scope, escalation)
            if row.state == "cancelled":
                raise EscalationClosed("You have cancelled this question. Ask anew if you need a mentor.")
            await self._add(session, row, scope, body, now)
            if row.state in ("answered", "rated"):
                if await own.open_of(row.subtask) is not None:
                    raise AnotherOpen("You have asked about this step anew since. Write there: a mentor reads it next.")
                self._queue_again(row, now)
                await self.mails.waits(session, row)
            await session.flush()
            return await _view(session, row, now)

    async def rate(self, scope: ScopeClaims, escalation: str, body: RateAnswer) -> EscalationView:
        """Keep whether it helped; when it did not, a mentor gets it again."""
        now = self.clock()
        async with self.db.write(brief=True) as session:
            own, row = await self._own(session, scope, escalation)
            if row.state in ("waiting", "leased") and row.helpful is False and not body.helpful:
                # The same rating, sent twice.
                return await _view(session, row, now)
            if row.state not in ("answered", "rated"):
                raise NothingToRate("There is no answer to this question that you could rate.")
            if body.text.strip():
                await self._add(session, row, scope, WriteNote(text=body.text), now)
            row.helpful, row.rated, row.updated, row.state = body.helpful, now, now, "rated"
            assert row.answered is not None
            await session.merge(
                RatingRow(
                    escalation=row.id, answered=row.answered, case_id=row.case_id, helpful=body.helpful, rated=now
                )
            )
            again = not body.helpful and await own.open_of(row.subtask) is None
            if again:
                row.reopened, row.reason = row.reopened + 1, "unhelpful_answer"
                self._queue_again(row, now)
                await self.mails.waits(session, row)
            await session.flush()
            seen = await _view(session, row, now)
        self.metrics.rated(scope.case, "mentor", helpful=body.helpful)
        if again:
            self.metrics.opened(scope.case, "unhelpful_answer")
        return seen

    async def cancel(self, scope: ScopeClaims, escalation: str) -> EscalationView:
        """Take it out of the queue, also out of a mentor's hands."""
        now = self.clock()
        async with self.db.write(brief=True) as session:
            _, row = await self._own(session, scope, escalation)
            if row.state in ("answered", "rated"):
                raise AlreadyAnswered("A mentor has answered already; there is nothing to cancel.")
            if row.state != "cancelled":
                row.state, row.updated = "cancelled", now
                row.holder = row.leased_until = row.taken = None
            await session.flush()
            return await _view(session, row, now)

    async def _take_in(
        self, session: AsyncSession, own: OwnEscalations, scope: ScopeClaims, body: Open, now: datetime
    ) -> tuple[EscalationRow, bool]:
        """(the question, whether this request has put it in the queue)."""
        row, queued = await own.going_on(body.subtask, body.submission), False
        if row is None:
            row, queued = await self._make(session, own, scope, body, now)
        if not queued:
            queued = await self._ask_on(session, row, scope, body, now)
        if queued or body.notes.strip():
            # One that has done nothing need not be known again.
            session.add(RequestRow(escalation=row.id, request=_key(body)))
        await session.flush()
        return row, queued

    async def _ask_on(
        self, session: AsyncSession, row: EscalationRow, scope: ScopeClaims, body: Open, now: datetime
    ) -> bool:
        """What is said in addition is a turn of the conversation; what was answered waits again, and True is given."""
        if body.notes.strip():
            await self._add(session, row, scope, WriteNote(text=body.notes), now)
        if row.state in ("waiting", "leased"):
            row.email = body.email or row.email
            return False
        row.reason, row.email = body.reason, body.email
        content = await content_of(session, row.id)
        if content is not None:
            # The code is the same; hints and talk have gone on since.
            content.feedback, content.help = body.feedback.model_dump_json(), HELP.dump_json(body.help).decode()
            content.outputs = OUTPUTS.dump_json(body.outputs).decode()
        self._queue_again(row, now)
        await self.mails.waits(session, row)
        return True

    async def _make(
        self, session: AsyncSession, own: OwnEscalations, scope: ScopeClaims, body: Open, now: datetime
    ) -> tuple[EscalationRow, bool]:
        """(the new escalation, True), or (the one that somebody made at the same moment, False)."""
        row = self._row(scope, body, now)
        try:
            async with session.begin_nested():
                session.add(row)
        except IntegrityError:
            found = await own.going_on(body.subtask, body.submission)
            if found is None:
                raise
            return found, False
        session.add(
            ContentRow(
                escalation=row.id,
                cells=CELLS.dump_json(body.cells).decode(),
                feedback=body.feedback.model_dump_json(),
                help=HELP.dump_json(body.help).decode(),
                outputs=OUTPUTS.dump_json(body.outputs).decode(),
            )
        )
        await index_question(session, row)
        if body.notes.strip():
            await self._add(session, row, scope, WriteNote(text=body.notes), now)
        await self.mails.waits(session, row)
        await session.flush()
        return row, True

    def _row(self, scope: ScopeClaims, body: Open, now: datetime) -> EscalationRow:
        return EscalationRow(
            id=secrets.token_hex(16),
            learner=scope.user,
            case_id=scope.case,
            case_version=scope.case_version,
            case_title=body.case_title,
            subtask=body.subtask,
            subtask_title=body.subtask_title,
            submission=body.submission,
            number=body.number,
            state="waiting",
            reason=body.reason,
            signature=body.signature,
            headline=body.feedback.headline,
            email=body.email,
            opened=now,
            updated=now,
            waiting_since=now,
            rank=rank(scope.case, now, self.settings.head_start),
            reopened=0,
        )

    def _queue_again(self, row: EscalationRow, now: datetime) -> None:
        row.state, row.updated, row.waiting_since = "waiting", now, now
        row.rank = rank(row.case_id, now, self.settings.head_start, again=True)
        row.holder = row.leased_until = row.taken = None

    async def _add(
        self, session: AsyncSession, row: EscalationRow, scope: ScopeClaims, body: WriteNote, now: datetime
    ) -> None:
        if await count_notes(session, row.id) >= self.settings.notes:
            raise ConversationFull(
                f"This conversation has {self.settings.notes} turns, which is the most that is kept. Check your code "
                "again and ask about the new version."
            )
        comments = COMMENTS.dump_json(body.comments).decode()
        session.add(
            NoteRow(
                id=secrets.token_hex(16),
                escalation=row.id,
                author="learner",
                name=scope.user,
                text=body.text,
                comments=comments,
                written=now,
            )
        )
        row.updated = now
        await session.flush()
        await index_note(session, row, body.text)

    async def _own(
        self, session: AsyncSession, scope: ScopeClaims, escalation: str
    ) -> tuple[OwnEscalations, EscalationRow]:
        own = OwnEscalations(session, _owner(scope))
        row = await own.to_change(escalation)
        if row is None:
            raise await self._missing(session, scope, escalation)
        return own, row

    async def _missing(self, session: AsyncSession, scope: ScopeClaims, escalation: str) -> EscalationNotFound:
        """The same words whether there is none or it is somebody else's; the log knows."""
        if await is_somebodys(session, escalation):
            _log.warning("somebody else's escalation was asked for", user=scope.user, escalation=escalation)
            self.metrics.refused("not_theirs")
        return EscalationNotFound("You have no question of that id in this case.")


def _key(body: Open) -> str:
    """What tells a request from another one; where the sender made none, the same words about a version are one."""
    return body.request or hashlib.sha256(f"{body.submission} {body.notes}".encode()).hexdigest()[:32]


async def _view(session: AsyncSession, row: EscalationRow, now: datetime) -> EscalationView:
    return view(row, (await notes_of(session, [row.id]))[row.id], now)


def _owner(scope: ScopeClaims) -> Owner:
    if scope.case == _ALL_CASES:
        raise OutsideScope("A learner's call is about one case.")
    return Owner(scope.user, scope.case)
