from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.progress.models import Base


class DismissalRow(Base):
    """One change of a learner's mind about a remark; the newest counts. Rows are added and never changed."""

    __tablename__ = "dismissal"
    __table_args__ = (
        Index("dismissal_newest", "learner", "case_id", "subtask", "finding", "seq"),
        Index("dismissal_learner", "learner", "case_id", "seq"),
    )

    seq: Mapped[int] = mapped_column(primary_key=True)
    learner: Mapped[str] = mapped_column(String(255))
    case_id: Mapped[str] = mapped_column(String(64))
    case_version: Mapped[str] = mapped_column(String(64))
    subtask: Mapped[str] = mapped_column(String(64))
    finding: Mapped[str] = mapped_column(String(64))
    remark: Mapped[str] = mapped_column(Text)
    """`services.contracts.style.Remark` as JSON."""
    reason: Mapped[str | None] = mapped_column(Text)
    """None: the dismissal was taken back."""
    happened: Mapped[datetime]
