"""What a learner's own page shows of the mentors: the questions of all cases, and what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.contracts.escalation import OwnQuestion
from services.kit.clock import Clock
from services.kit.database import Database
from services.mentoring.models import EscalationRow, NoteRow
from services.mentoring.repository import notes_of, questions_of
from services.mentoring.rows import held, state_of


@dataclass(frozen=True)
class OwnQuestions:
    """A learner's questions over all cases, for the Hub, which knows who is signed in."""

    db: Database
    clock: Clock

    async def of(self, learner: str) -> tuple[OwnQuestion, ...]:
        """Newest first."""
        now = self.clock()
        async with self.db.read() as session:
            rows = await questions_of(session, learner)
            notes = await notes_of(session, [row.id for row in rows])
        return tuple(_own(row, notes[row.id], now) for row in rows)


def _own(row: EscalationRow, notes: Sequence[NoteRow], now: datetime) -> OwnQuestion:
    asked = next((note.text for note in notes if note.author == "learner"), "")
    answer = next((note for note in reversed(notes) if note.is_answer), None)
    return OwnQuestion(
        id=row.id,
        case=row.case_id,
        case_title=row.case_title,
        subtask=row.subtask,
        subtask_title=row.subtask_title,
        state=state_of(row, now),
        opened=row.opened,
        updated=row.updated,
        mentor=row.holder if held(row, now) else row.mentor,
        asked=asked,
        answer=answer.text if answer else "",
        answered=answer.written if answer else None,
        helpful=row.helpful,
    )
