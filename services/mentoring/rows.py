"""Rows as the models that leave the service."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter

from services.contracts.escalation import (
    EscalationState,
    EscalationView,
    LineComment,
    MemoryEntry,
    Note,
    Phrase,
    QueueItem,
)
from services.contracts.model import JsonObject
from services.contracts.notebook import Cell
from services.contracts.output import CellOutputs
from services.mentoring.models import EscalationRow, NoteRow, PhraseRow, RememberedRow

COMMENTS = TypeAdapter(tuple[LineComment, ...])
CELLS = TypeAdapter(tuple[Cell, ...])
HELP: TypeAdapter[JsonObject] = TypeAdapter(JsonObject)
OUTPUTS = TypeAdapter(tuple[CellOutputs, ...])
_STATE: TypeAdapter[EscalationState] = TypeAdapter(EscalationState)


def state_of(row: EscalationRow, now: datetime) -> EscalationState:
    """The state now: a lease that has run out is none, whether anybody has written that down or not."""
    if row.state == "leased" and not held(row, now):
        return "waiting"
    return _STATE.validate_python(row.state)


def held(row: EscalationRow, now: datetime) -> bool:
    """Whether somebody has it leased."""
    return row.state == "leased" and row.leased_until is not None and row.leased_until > now


def view(row: EscalationRow, notes: Sequence[NoteRow], now: datetime) -> EscalationView:
    """As its learner sees it."""
    return EscalationView.model_validate(
        {
            "id": row.id,
            "subtask": row.subtask,
            "submission": row.submission,
            "state": state_of(row, now),
            "reason": row.reason,
            "opened": row.opened,
            "updated": row.updated,
            "mentor": row.holder if held(row, now) else row.mentor,
            "notes": tuple(note(one) for one in notes),
            "helpful": row.helpful,
            "reopened": row.reopened,
        }
    )


def item(row: EscalationRow, same: int, now: datetime) -> QueueItem:
    """As a line of the queue."""
    leased = held(row, now)
    in_queue = row.state in ("waiting", "leased")
    until = now if in_queue or row.answered is None else row.answered
    return QueueItem.model_validate(
        {
            "id": row.id,
            "case": row.case_id,
            "case_title": row.case_title,
            "subtask": row.subtask,
            "subtask_title": row.subtask_title,
            "learner": row.learner,
            "state": state_of(row, now),
            "reason": row.reason,
            "opened": row.opened,
            "waited_seconds": max(0.0, (until - row.waiting_since).total_seconds()),
            "mentor": row.holder if leased else row.mentor,
            "leased_until": row.leased_until if leased else None,
            "signature": row.signature,
            "same": same,
            "headline": row.headline,
            "reopened": row.reopened,
            "about_memory": row.about_memory,
        }
    )


def note(row: NoteRow) -> Note:
    """One turn, word for word: whoever shows it makes it harmless."""
    return Note.model_validate(
        {
            "id": row.id,
            "author": row.author,
            "name": row.name,
            "text": row.text,
            "written": row.written,
            "comments": COMMENTS.validate_json(row.comments),
            "is_answer": row.is_answer,
        }
    )


def entry(row: RememberedRow) -> MemoryEntry:
    """A remembered answer."""
    return MemoryEntry(
        id=row.id,
        case=row.case_id,
        case_version=row.case_version,
        subtask=row.subtask,
        signature=row.signature,
        text=row.text,
        mentor=row.mentor,
        written=row.written,
        edited=row.edited,
        withdrawn=row.withdrawn,
        set_aside=row.set_aside,
        shown=row.shown,
        helpful=row.helpful,
        unhelpful=row.unhelpful,
    )


def phrase(row: PhraseRow) -> Phrase:
    """An entry of a comment bank."""
    return Phrase(id=row.id, text=row.text, used=row.used)
