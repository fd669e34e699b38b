"""Mentors' answers, for those who evaluate the feedback. Who asked and answered is to be left behind by them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import or_, select

from services.contracts.escalation import LineComment
from services.contracts.notebook import Cell
from services.kit.database import Database
from services.mentoring.memory_repository import Memory, RegressionSample
from services.mentoring.models import ContentRow, EscalationRow, NoteRow
from services.mentoring.rows import CELLS, COMMENTS

_PART: Final = 100
"""Rows read at a time."""


@dataclass(frozen=True)
class SettledDispute:
    """A question that a mentor has answered: a learner was not helped by the machine, and a person said what is so."""

    learner: str
    mentor: str
    case: str
    version: str
    subtask: str
    cells: tuple[Cell, ...]
    text: str
    """The last answer."""
    comments: tuple[LineComment, ...]
    """What it says of single lines."""
    reason: str
    """Why the learner could ask."""


class KeptAnswers:
    """Reads, and never writes."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def remembered(self, case: str) -> AsyncIterator[RegressionSample]:
        """The programs that answers in force were given for, in the order in which they were answered."""
        after = 0
        while True:
            async with self._db.read() as session:
                part = await Memory(session, case).samples(after, _PART)
            for one in part:
                if not (one.withdrawn or one.set_aside):
                    yield one
            if len(part) < _PART:
                return
            after = part[-1].seq

    async def disputes(self, case: str) -> AsyncIterator[SettledDispute]:
        """Answered questions, oldest first; without those whose answer did not help the learner either."""
        after = 0
        while True:
            part = await self._part(case, after)
            for row, cells, answer in part:
                if answer is not None:
                    yield SettledDispute(
                        learner=row.learner,
                        mentor=answer.name,
                        case=row.case_id,
                        version=row.case_version,
                        subtask=row.subtask,
                        cells=cells,
                        text=answer.text,
                        comments=COMMENTS.validate_json(answer.comments),
                        reason=row.reason,
                    )
            if len(part) < _PART:
                return
            after = part[-1][0].seq

    async def _part(self, case: str, after: int) -> Sequence[tuple[EscalationRow, tuple[Cell, ...], NoteRow | None]]:
        """Questions with the learner's code and the last answer."""
        asked = (
            select(EscalationRow, ContentRow.cells)
            .join(ContentRow, ContentRow.escalation == EscalationRow.id)
            .where(
                EscalationRow.case_id == case,
                EscalationRow.about_memory.is_(None),
                EscalationRow.state.in_(("answered", "rated")),
                or_(EscalationRow.helpful.is_(None), EscalationRow.helpful.is_(True)),
                EscalationRow.seq > after,
            )
            .order_by(EscalationRow.seq)
            .limit(_PART)
        )
        async with self._db.read() as session:
            found = (await session.execute(asked)).all()
            said = select(NoteRow).where(NoteRow.escalation.in_([row.id for row, _ in found]), NoteRow.is_answer)
            # Of several answers the last one stays.
            last = {note.escalation: note for note in await session.scalars(said.order_by(NoteRow.seq))}
        return [(row, CELLS.validate_json(cells), last.get(row.id)) for row, cells in found]
