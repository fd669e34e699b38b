"""A mentor's answer becomes one that is given again, and stays one as long as somebody stands by it."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.escalation import AnswerEscalation
from services.mentoring import audit
from services.mentoring.memory_repository import Memory
from services.mentoring.models import EscalationRow, RememberedRow, SampleRow
from services.mentoring.repository import Mentor, content_of, review_of


async def remember(
    session: AsyncSession, mentor: Mentor, rows: Sequence[EscalationRow], body: AnswerEscalation, now: datetime
) -> RememberedRow:
    """Tie the answer to the signature that all `rows` have; each leaves a regression sample.

    An older entry for the same learners is withdrawn: two answers to one problem would contradict each other.
    """
    first = rows[0]
    version = first.case_version if body.only_version else None
    for old in await Memory(session, None).of_signature(first.case_id, first.subtask, first.signature):
        if old.case_version == version:
            old.withdrawn = now
            audit.note(session, mentor.name, "replace", old.id, now, old.text)
            await close_review(session, old.id, mentor.name, now)
    # The unique index must see them gone before the new one comes.
    await session.flush()
    entry = RememberedRow(
        id=secrets.token_hex(16),
        case_id=first.case_id,
        case_version=version,
        made_for=first.case_version,
        subtask=first.subtask,
        signature=first.signature,
        text=body.text,
        mentor=mentor.name,
        written=now,
        confirmed=now,
        shown=0,
        helpful=0,
        unhelpful=0,
        origin=first.id,
    )
    session.add(entry)
    await session.flush()
    for row in rows:
        content = await content_of(session, row.id)
        assert content is not None
        session.add(
            SampleRow(
                entry=entry.id,
                escalation=row.id,
                case_id=row.case_id,
                case_version=row.case_version,
                subtask=row.subtask,
                signature=row.signature,
                cells=content.cells,
                words=body.text,
                made=now,
            )
        )
    audit.note(session, mentor.name, "remember", entry.id, now)
    return entry


def confirm(session: AsyncSession, mentor: Mentor, entry: RememberedRow, text: str, now: datetime) -> None:
    """A mentor stands by the entry, with these words; those before stay in the record."""
    changed = text != entry.text
    audit.note(session, mentor.name, "edit" if changed else "confirm", entry.id, now, entry.text if changed else "")
    if changed:
        entry.text, entry.edited, entry.mentor = text, now, mentor.name
    entry.confirmed, entry.set_aside = now, None


async def close_review(session: AsyncSession, entry: str, who: str, now: datetime) -> None:
    """Take the item out of the queue that asks to look at the entry again: somebody has."""
    review = await review_of(session, entry)
    if review is not None:
        review.state, review.mentor, review.answered, review.updated = "answered", who, now, now
        review.first_answer = review.first_answer or now
        review.holder = review.leased_until = review.taken = None
    await session.flush()
