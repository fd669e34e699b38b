from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kit.database import TYPES, table_metadata

_FAILING = text("verdict = 'needs_work'")


class Base(DeclarativeBase):
    """Tables of `progress`."""

    metadata = table_metadata()
    type_annotation_map = TYPES


class StandingRow(Base):
    """Where a learner stands in a subtask; its row is also the lock under which attempts are counted."""

    __tablename__ = "standing"
    __table_args__ = (Index("standing_class", "case_id", "learner"),)

    learner: Mapped[str] = mapped_column(String(255), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    subtask: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    points: Mapped[float] = mapped_column(default=0.0)
    last_number: Mapped[int] = mapped_column(default=0)
    """Number of the newest submission."""
    quota: Mapped[int | None]
    """Checks allowed, as the case version in force said at the newest submission; None: unlimited."""
    updated: Mapped[datetime]


class SubmissionRow(Base):
    """One version of a learner's cells for a subtask, and what became of it."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("learner", "case_id", "case_version", "subtask", "digest", name="submission_identity"),
        UniqueConstraint("learner", "case_id", "subtask", "number", name="submission_number"),
        Index("submission_history", "learner", "case_id", "seq"),
        Index("submission_cells", "cells"),
        Index("submission_failing", "recorded", "case_id", sqlite_where=_FAILING, postgresql_where=_FAILING),
    )

    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    learner: Mapped[str] = mapped_column(String(255))
    case_id: Mapped[str] = mapped_column(String(64))
    case_version: Mapped[str] = mapped_column(String(64))
    subtask: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    number: Mapped[int]
    cells: Mapped[str] = mapped_column(String(64))
    """Digest of the cells' JSON in the object store."""
    recorded: Mapped[datetime]
    opened: Mapped[datetime]
    """When it was last sent to be judged: an open submission holds a place in the quota for some minutes from here."""
    verdict: Mapped[str | None] = mapped_column(String(16))
    points: Mapped[float] = mapped_column(default=0.0)
    headline: Mapped[str] = mapped_column(Text, default="")
    feedback: Mapped[str | None] = mapped_column(Text)
    """Feedback as JSON text: a database's JSON type would refuse NaN and the character NUL, which learners produce."""


class ReviewRow(Base):
    """The newest style review of an approved subtask."""

    __tablename__ = "review"

    learner: Mapped[str] = mapped_column(String(255), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    subtask: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_version: Mapped[str] = mapped_column(String(64))
    reviewed: Mapped[datetime]
    clean: Mapped[bool]
    """Nothing graver than the case allowed was left, with what was dismissed then."""
    approved_code: Mapped[bool] = mapped_column(default=False)
    """A check had approved exactly the answers that were reviewed."""
    report: Mapped[str] = mapped_column(Text)


class NotebookRow(Base):
    """One kept state of a learner's notebook; its digest is also its address in the object store."""

    __tablename__ = "notebook_state"
    __table_args__ = (
        Index("notebook_state_list", "learner", "case_id", "seq"),
        Index("notebook_state_digest", "digest"),
    )

    seq: Mapped[int] = mapped_column(primary_key=True)
    learner: Mapped[str] = mapped_column(String(255))
    case_id: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    saved: Mapped[datetime]


class RegradeRow(Base):
    """A verdict that was taken over from a regrade. Only ever added to."""

    __tablename__ = "regrade"
    __table_args__ = (Index(None, "submission"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    submission: Mapped[str] = mapped_column(String(32))
    case_version: Mapped[str] = mapped_column(String(64))
    """By which version it was judged."""
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(255))
    before: Mapped[str] = mapped_column(String(16))
    before_points: Mapped[float]
    after: Mapped[str] = mapped_column(String(16))
    after_points: Mapped[float]
