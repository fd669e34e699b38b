"""What mentors see, put together from rows."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.escalation import EscalationFull, MemoryEntry, QueueItem
from services.contracts.feedback import Feedback
from services.contracts.notebook import without_extras
from services.mentoring.memory_repository import Memory
from services.mentoring.models import ContentRow, EscalationRow, RememberedRow
from services.mentoring.repository import Mentor, Queue, content_of, notes_of
from services.mentoring.rows import CELLS, HELP, OUTPUTS, entry, item, note


async def items(session: AsyncSession, mentor: Mentor, rows: Sequence[EscalationRow], now: datetime) -> list[QueueItem]:
    """Lines of the queue, each with how many others wait with the same problem."""
    counts = await Queue(session, mentor.case).same_counts(rows)
    return [item(row, _others(row, counts), now) for row in rows]


async def full(session: AsyncSession, mentor: Mentor, row: EscalationRow, now: datetime) -> EscalationFull:
    """The screen of one escalation."""
    content = await content_of(session, row.id)
    if content is None:
        raise LookupError(f"the escalation {row.id} has no content, which is written in the same transaction")
    same = await Queue(session, mentor.case).same(row)
    memory = Memory(session, mentor.case)
    problem = (row.case_id, row.subtask, row.signature)
    remembered = await memory.of_signature(*problem)
    similar = () if remembered else await memory.similar(*problem)
    shown = await told(session, [*remembered, *similar])
    notes = (await notes_of(session, [row.id]))[row.id]
    (own, *others) = await items(session, mentor, [row, *same], now)
    return EscalationFull(
        item=own,
        case_version=row.case_version,
        submission=row.submission,
        number=row.number,
        cells=tuple(without_extras(cell) for cell in CELLS.validate_json(content.cells)),
        outputs=OUTPUTS.validate_json(content.outputs),
        feedback=Feedback.model_validate_json(content.feedback),
        help=HELP.validate_json(content.help),
        notes=tuple(note(one) for one in notes),
        same=tuple(others),
        remembered=tuple(shown[: len(remembered)]),
        similar=tuple(shown[len(remembered) :]),
    )


async def told(session: AsyncSession, rows: Sequence[RememberedRow]) -> list[MemoryEntry]:
    """Remembered answers as mentors see them: with the mistake that they were written for, where it is still kept."""
    origins = {row.origin for row in rows if row.origin is not None}
    query = select(ContentRow.escalation, ContentRow.feedback).where(ContentRow.escalation.in_(origins))
    feedback = {found[0]: Feedback.model_validate_json(found[1]) for found in await session.execute(query)}
    return [
        entry(row).model_copy(update={"origin": row.origin, "mistake": mistake(row.signature, feedback[row.origin])})
        if row.origin is not None and row.origin in feedback
        else entry(row)
        for row in rows
    ]


def mistake(signature: str, feedback: Feedback) -> str:
    """A signature in words: those of its finding, else of the first, behind which a repair may have told more."""
    findings = sorted(feedback.findings, key=lambda finding: finding.signature != signature)
    return findings[0].message if findings else feedback.headline


def _others(row: EscalationRow, counts: dict[tuple[str, str, str], int]) -> int:
    if not row.signature:
        return 0
    itself = row.state in ("waiting", "leased") and row.about_memory is None
    return max(0, counts.get((row.case_id, row.subtask, row.signature), 0) - itself)
