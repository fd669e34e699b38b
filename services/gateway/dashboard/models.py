from datetime import datetime

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kit.database import TYPES, table_metadata


class Base(DeclarativeBase):
    """Tables of the mentors' desk."""

    metadata = table_metadata()
    type_annotation_map = TYPES


class SessionRow(Base):
    """One browser that is signed in. Without its cookie the row opens nothing: the cookie is the key to the token."""

    __tablename__ = "desk_session"
    __table_args__ = (Index("desk_session_expiry", "expires"), Index("desk_session_person", "person", "begun"))

    cookie: Mapped[str] = mapped_column(String(64), primary_key=True)
    """sha256 of the cookie, in hex."""
    person: Mapped[str] = mapped_column(String(255))
    token: Mapped[bytes] = mapped_column(LargeBinary)
    """The Hub's token, sealed with a key made of the cookie."""
    begun: Mapped[datetime]
    expires: Mapped[datetime]
