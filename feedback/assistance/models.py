from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from feedback.models import Table


class AiChoiceRow(Table):
    """What a learner decided about AI in a case. Rows are added and never changed: the newest one counts."""

    __tablename__ = "ai_choice"
    __table_args__ = (Index("ai_choice_newest", "learner", "case_id", "seq"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    learner: Mapped[str] = mapped_column(String(255))
    case_id: Mapped[str] = mapped_column(String(64))
    case_version: Mapped[str] = mapped_column(String(64))
    ai: Mapped[bool]
    chosen: Mapped[datetime]
    model: Mapped[str | None] = mapped_column(String(255))
    """Which model the learner was told would write."""
    remote: Mapped[bool]
    """Whether the learner was told that their text leaves the machine."""


class AiUseRow(Table):
    """One thing that was written for a learner: a hint, an answer in the chat, the words of a feedback."""

    __tablename__ = "ai_use"
    __table_args__ = (Index("ai_use_owner", "learner", "case_id", "words_by"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    learner: Mapped[str] = mapped_column(String(255))
    case_id: Mapped[str] = mapped_column(String(64))
    case_version: Mapped[str] = mapped_column(String(64))
    subtask: Mapped[str | None] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(8))
    words_by: Mapped[str] = mapped_column(String(8))
    model: Mapped[str | None] = mapped_column(String(255))
    used: Mapped[datetime]
