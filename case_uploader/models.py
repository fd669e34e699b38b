from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kit.adapters.job_rows import job_table
from services.kit.audit_chain import Chained
from services.kit.database import TYPES, table_metadata


class Base(DeclarativeBase):
    """Tables of `cases`."""

    metadata = table_metadata()
    type_annotation_map = TYPES


JOBS = job_table(Base.metadata)
"""Durable jobs, in the same database as what they are about: uploads and regrades."""


class VersionRow(Base):
    """One state of a case: a draft until a publication names it."""

    __tablename__ = "case_version"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(String(16))
    minutes: Mapped[int]
    subtasks: Mapped[int]
    author_object: Mapped[str] = mapped_column(String(64))
    """Digest of AuthorCase as JSON in the object store."""
    learner_object: Mapped[str] = mapped_column(String(64))
    """Digest of LearnerCase as JSON; its number is put in when it is read."""
    requirements: Mapped[list[Any]]
    created: Mapped[datetime]
    environment: Mapped[str | None] = mapped_column(String(64))
    """Digest of the environment it was tried in; None: the common one."""
    image: Mapped[str | None] = mapped_column(String(71))
    """`sha256:…` of the image with the same packages; None: the common one, or it was tried where there are none."""


class DataRow(Base):
    """One data file of a version; its digest is its address in the object store."""

    __tablename__ = "version_data"
    __table_args__ = (Index(None, "digest"),)

    version: Mapped[str] = mapped_column(ForeignKey("case_version.digest", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)


class ClaimRow(Base):
    """Somebody is trying a version right now; a draft lives as long as it has a claim."""

    __tablename__ = "draft_claim"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[str] = mapped_column(ForeignKey("case_version.digest", ondelete="CASCADE"), index=True)
    claimed: Mapped[datetime]


class PublicationRow(Base):
    """A version became the case's newest. Never changed, never deleted."""

    __tablename__ = "publication"

    case_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """1 for the case's first publication, counting up."""
    version: Mapped[str] = mapped_column(ForeignKey("case_version.digest"), index=True)
    published: Mapped[datetime]
    by: Mapped[str | None] = mapped_column(String(255))
    """Who published it; None: before it was noted."""


class CheckedRow(Base):
    """A version that passed everything and waits for somebody to publish it; it keeps the version alive."""

    __tablename__ = "checked_version"

    version: Mapped[str] = mapped_column(ForeignKey("case_version.digest", ondelete="CASCADE"), primary_key=True)
    checked: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(255))


class WithdrawalRow(Base):
    """A publication that nobody new gets; those who work on it stay. Never changed, never deleted."""

    __tablename__ = "withdrawal"
    __table_args__ = (ForeignKeyConstraint(["case_id", "number"], ["publication.case_id", "publication.number"]),)

    case_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    withdrawn: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(255))
    reason: Mapped[str] = mapped_column(Text)


class ActionRow(Chained, Base):
    """The audit log: who did what to a case. Only ever added to."""

    __tablename__ = "case_action"
    __table_args__ = (Index("case_action_list", "case_id", "seq"),)

    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(255))
    what: Mapped[str] = mapped_column(String(32))
    case_id: Mapped[str] = mapped_column(String(64))
    version: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text, default="")


class UploadRow(Base):
    """One archive on its way to a version."""

    __tablename__ = "upload"
    __table_args__ = (Index("upload_list", "state", "begun"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    by: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    """Bytes that are on the disk and were checked; the file may be longer when a write was cut off."""
    publish: Mapped[bool]
    """Publish it when it passes; else it waits as a checked version."""
    state: Mapped[str] = mapped_column(String(12))
    begun: Mapped[datetime]
    touched: Mapped[datetime]
    """When the last part came: what stays unfinished for long is thrown away."""
    ended: Mapped[datetime | None]
    case_id: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text, default="")
    """Why it failed; empty unless it did."""


class UploadStepRow(Base):
    """One thing that an upload has told, in order."""

    __tablename__ = "upload_step"
    __table_args__ = (UniqueConstraint("upload", "sequence", name="upload_step_order"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    upload: Mapped[str] = mapped_column(ForeignKey("upload.id", ondelete="CASCADE"))
    sequence: Mapped[int]
    at: Mapped[datetime]
    step: Mapped[str] = mapped_column(Text)
    """A step as JSON text; see `case_uploader.steps`."""


class TurnRow(Base):
    """Whose turn it is at a case; a holder that stops renewing loses it."""

    __tablename__ = "case_turn"

    case_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(32))
    until: Mapped[datetime]


class RegradeRow(Base):
    """Everybody's work of a case judged again by one version: a preview, until it is applied."""

    __tablename__ = "regrade"
    __table_args__ = (Index("regrade_list", "case_id", "begun"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(64))
    by: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(8))
    begun: Mapped[datetime]
    ended: Mapped[datetime | None]
    applied: Mapped[int | None]
    """How many verdicts changed in earnest."""
    detail: Mapped[str] = mapped_column(Text, default="")


class RegradeItemRow(Base):
    """What one submission's verdict would become."""

    __tablename__ = "regrade_item"

    regrade: Mapped[str] = mapped_column(ForeignKey("regrade.id", ondelete="CASCADE"), primary_key=True)
    submission: Mapped[str] = mapped_column(String(32), primary_key=True)
    learner: Mapped[str] = mapped_column(String(255))
    subtask: Mapped[str] = mapped_column(String(64))
    before: Mapped[str] = mapped_column(String(16))
    before_points: Mapped[float]
    after: Mapped[str] = mapped_column(String(16))
    after_points: Mapped[float]
    effect: Mapped[str] = mapped_column(String(8))
    feedback: Mapped[str] = mapped_column(Text)
    """As JSON text, as a learner may see it."""
