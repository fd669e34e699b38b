from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kit.database import TYPES, table_metadata


class Base(DeclarativeBase):
    """Tables of `cases`."""

    metadata = table_metadata()
    type_annotation_map = TYPES


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
