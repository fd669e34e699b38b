from datetime import datetime

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from feedback.models import Table

_UNDER_WAY = text("state IN ('working', 'reflect')")


class HintRow(Table):
    """One hint, from the question to its rating.

    JSON is kept as text: a database's JSON type would refuse the character NUL, which learners and models produce.
    """

    __tablename__ = "hint"
    __table_args__ = (
        Index("hint_owner", "learner", "case_id", "subtask", "seq"),
        Index("hint_rated", "rated", "case_id", "helpful"),
        # One at a time for a learner and subtask: whoever asks at the same moment meets this, and so no quota is raced.
        Index(
            "hint_under_way",
            "learner",
            "case_id",
            "subtask",
            unique=True,
            sqlite_where=_UNDER_WAY,
            postgresql_where=_UNDER_WAY,
        ),
    )

    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    learner: Mapped[str] = mapped_column(String(255))
    case_id: Mapped[str] = mapped_column(String(64))
    case_version: Mapped[str] = mapped_column(String(64))
    subtask: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(8))
    digest: Mapped[str] = mapped_column(String(64))
    """Of the cells it is about."""
    cells: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    """The claims under which it was asked for, as JSON: the job that makes it has no token."""
    state: Mapped[str] = mapped_column(String(8))
    stage: Mapped[str] = mapped_column(String(10))
    counted: Mapped[bool]
    """Whether it takes a place of the quota; decided when it ends, taken from the beginning."""
    asked: Mapped[datetime]
    given: Mapped[datetime | None]
    """When its text was written."""
    text: Mapped[str | None] = mapped_column(Text)
    place: Mapped[str | None] = mapped_column(Text)
    words_by: Mapped[str] = mapped_column(String(8))
    reflection: Mapped[str | None] = mapped_column(Text)
    reflected: Mapped[datetime | None]
    helpful: Mapped[bool | None]
    rated: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(Text)
    trace: Mapped[str | None] = mapped_column(Text)
    """How it was made, for evaluation: candidates, verdicts, distances, prompts' digests, timings. Holds secrets."""
