from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.adapters.job_rows import job_table
from services.kit.audit_chain import Chained
from services.kit.database import LargeInteger
from services.progress.models import Base

JOBS = job_table(Base.metadata)
"""Durable jobs, in the same database as what they are about."""


class ChoiceRow(Base):
    """One change of a learner's mind about being recorded; the newest counts. Rows are added and never changed."""

    __tablename__ = "recording_choice"
    __table_args__ = (Index("recording_choice_newest", "learner", "case_id", "seq"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    learner: Mapped[str] = mapped_column(String(255))
    case_id: Mapped[str] = mapped_column(String(64))
    record: Mapped[bool]
    chosen: Mapped[datetime]


class SessionRow(Base):
    """One recorded session. Its id is the recorder's own and means something together with its owner only."""

    __tablename__ = "recorded_session"
    __table_args__ = (
        UniqueConstraint("learner", "case_id", "session", name="recorded_session_identity"),
        Index("recorded_session_class", "case_id", "learner", "received"),
        Index("recorded_session_age", "received"),
    )

    key: Mapped[int] = mapped_column(primary_key=True)
    learner: Mapped[str] = mapped_column(String(255))
    case_id: Mapped[str] = mapped_column(String(64))
    case_version: Mapped[str] = mapped_column(String(64))
    session: Mapped[str] = mapped_column(String(32))
    started: Mapped[datetime]
    received: Mapped[datetime]
    """When its newest event came."""
    next_seq: Mapped[int] = mapped_column(LargeInteger)
    events: Mapped[int]
    bytes: Mapped[int]
    measures: Mapped[str | None] = mapped_column(Text)
    """JSON; None: events came out of order, and whoever asks next counts anew."""


class EventRow(Base):
    """One event. The table lies on the disk in the order in which a replay reads it."""

    __tablename__ = "session_event"
    __table_args__ = ({"sqlite_with_rowid": False},)

    session: Mapped[int] = mapped_column(
        Integer, ForeignKey("recorded_session.key", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    seq: Mapped[int] = mapped_column(LargeInteger, primary_key=True, autoincrement=False)
    at: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    cell: Mapped[str | None] = mapped_column(String(64))
    data: Mapped[str] = mapped_column(Text)
    """JSON as text: a database's JSON type would refuse the character NUL, which learners produce."""


class KeyframeRow(Base):
    """A notebook as it was before one event of a session, so that a replay can begin there."""

    __tablename__ = "session_keyframe"

    session: Mapped[int] = mapped_column(
        Integer, ForeignKey("recorded_session.key", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    seq: Mapped[int] = mapped_column(LargeInteger, primary_key=True, autoincrement=False)
    at: Mapped[int]
    events: Mapped[int]
    """Events of the session before it."""
    cells: Mapped[str] = mapped_column(Text)


class DeletedSessionRow(Base):
    """A session that its learner deleted: what a recorder still sends of it is not kept again."""

    __tablename__ = "deleted_session"

    learner: Mapped[str] = mapped_column(String(255), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    session: Mapped[str] = mapped_column(String(32), primary_key=True)
    deleted: Mapped[datetime]


class LookRow(Chained, Base):
    """A look that somebody took at a learner's work, or that it was deleted for them.

    The database refuses to change or delete rows of this table.
    """

    __tablename__ = "mentor_look"
    __table_args__ = (
        Index("mentor_look_learner", "learner", "case_id", "seq"),
        Index("mentor_look_who", "who", "happened"),
    )

    happened: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16))
    what: Mapped[str] = mapped_column(String(16))
    """What was looked at, as `sessions.looks.What` names it; forget: an operator had a learner forgotten."""
    learner: Mapped[str | None] = mapped_column(String(255))
    """None: the whole class, or somebody who was forgotten."""
    case_id: Mapped[str] = mapped_column(String(64))
    item: Mapped[str] = mapped_column(String(64), default="")
    """Which session, version or step; of a learner who was forgotten the SHA-256 of the name."""
