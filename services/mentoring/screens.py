"""What mentors see, put together from rows."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.escalation import EscalationFull, QueueItem
from services.contracts.feedback import Feedback
from services.contracts.notebook import without_extras
from services.mentoring.memory_repository import Memory
from services.mentoring.models import EscalationRow
from services.mentoring.repository import Mentor, Queue, content_of, notes_of
from services.mentoring.rows import CELLS, HELP, entry, item, note


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
    remembered = await Memory(session, mentor.case).of_signature(row.case_id, row.subtask, row.signature)
    notes = (await notes_of(session, [row.id]))[row.id]
    (own, *others) = await items(session, mentor, [row, *same], now)
    return EscalationFull(
        item=own,
        case_version=row.case_version,
        submission=row.submission,
        number=row.number,
        cells=tuple(without_extras(cell) for cell in CELLS.validate_json(content.cells)),
        feedback=Feedback.model_validate_json(content.feedback),
        help=HELP.validate_json(content.help),
        notes=tuple(note(one) for one in notes),
        same=tuple(others),
        remembered=tuple(entry(one) for one in remembered),
    )


def _others(row: EscalationRow, counts: dict[tuple[str, str, str], int]) -> int:
    if not row.signature:
        return 0
    itself = row.state in ("waiting", "leased") and row.about_memory is None
    return max(0, counts.get((row.case_id, row.subtask, row.signature), 0) - itself)
