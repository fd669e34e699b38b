from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kit.adapters.job_rows import job_table
from services.kit.audit_chain import Chained
from services.kit.database import TYPES, table_metadata

OPEN = text("state IN ('waiting', 'leased')")
"""An escalation that is in the queue. Queries say it in these very words, so that the partial indexes serve them."""
_ASKED = text("state IN ('waiting', 'leased') AND about_memory IS NULL")
_REVIEWED = text("state IN ('waiting', 'leased') AND about_memory IS NOT NULL")
_KEPT = text("state <> 'cancelled' AND about_memory IS NULL")
_QUESTION = text("about_memory IS NULL")
_ACTIVE = text("withdrawn IS NULL AND case_version IS NULL")
_ACTIVE_VERSION = text("withdrawn IS NULL AND case_version IS NOT NULL")
WORD_BYTES = 64
"""Of a word by which questions are found."""


class Table(DeclarativeBase):
    """Base of everything that `mentoring` keeps."""

    metadata = table_metadata()
    type_annotation_map = TYPES


JOBS = job_table(Table.metadata)
"""Durable jobs, in the same database as what they are about: mail, leases that run out, the digest."""


class EscalationRow(Table):
    """A question to a mentor, or a remembered answer that came back to be looked at (`about_memory`)."""

    __tablename__ = "escalation"
    __table_args__ = (
        # One that is open a learner and subtask, one that is not cancelled a submission: two presses meet in it.
        Index(
            "escalation_asked",
            "learner",
            "case_id",
            "subtask",
            unique=True,
            sqlite_where=_ASKED,
            postgresql_where=_ASKED,
        ),
        Index(
            "escalation_submission", "learner", "submission", unique=True, sqlite_where=_KEPT, postgresql_where=_KEPT
        ),
        Index("escalation_review", "about_memory", unique=True, sqlite_where=_REVIEWED, postgresql_where=_REVIEWED),
        Index("escalation_queue", "rank", "seq", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("escalation_queue_case", "case_id", "rank", "seq", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("escalation_same", "signature", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("escalation_owner", "learner", "case_id", "seq"),
        Index("escalation_mentor", "mentor", "seq"),
        Index("escalation_holder", "holder", "seq"),
        # Measures read these two and never the table.
        Index("escalation_opened", "opened", "case_id", sqlite_where=_QUESTION, postgresql_where=_QUESTION),
        Index(
            "escalation_first_answer",
            "first_answer",
            "case_id",
            "first_answer_seconds",
            "handled_seconds",
            sqlite_where=_QUESTION,
            postgresql_where=_QUESTION,
        ),
    )

    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    learner: Mapped[str] = mapped_column(String(255))
    """Whose code it is; where a remembered answer came back, that of the question which it answered first."""
    case_id: Mapped[str] = mapped_column(String(64))
    case_version: Mapped[str] = mapped_column(String(64))
    case_title: Mapped[str] = mapped_column(Text)
    subtask: Mapped[str] = mapped_column(String(64))
    subtask_title: Mapped[str] = mapped_column(Text)
    submission: Mapped[str] = mapped_column(String(32))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(9))
    """As written last; `leased` with a lease that has run out counts as `waiting` everywhere."""
    reason: Mapped[str] = mapped_column(String(20))
    signature: Mapped[str] = mapped_column(String(256))
    headline: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(String(254), default="")
    opened: Mapped[datetime]
    updated: Mapped[datetime]
    waiting_since: Mapped[datetime]
    """When the learner began to wait for what comes next: the opening, or the last reopening."""
    rank: Mapped[int] = mapped_column(BigInteger)
    """Place in the queue, smaller is more urgent: see `urgency.rank`."""
    holder: Mapped[str | None] = mapped_column(String(255))
    """Who has it leased."""
    leased_until: Mapped[datetime | None]
    taken: Mapped[datetime | None]
    """When the holder took it."""
    mentor: Mapped[str | None] = mapped_column(String(255))
    """Who answered last."""
    first_answer: Mapped[datetime | None]
    first_answer_seconds: Mapped[float | None]
    """From the opening to it."""
    answered: Mapped[datetime | None]
    handled_seconds: Mapped[float | None]
    """From taking it to the last answer; None where it was answered along with another one."""
    rated: Mapped[datetime | None]
    helpful: Mapped[bool | None]
    reopened: Mapped[int] = mapped_column(default=0)
    about_memory: Mapped[str | None] = mapped_column(String(32))
    """The remembered answer that a mentor is asked to look at again."""


class ContentRow(Table):
    """What a mentor sees of an escalation, as it was when the learner asked. Apart: lists never load it."""

    __tablename__ = "escalation_content"

    escalation: Mapped[str] = mapped_column(
        String(32), ForeignKey("escalation.id", ondelete="CASCADE"), primary_key=True
    )
    cells: Mapped[str] = mapped_column(Text)
    """JSON as text, here and below: a database's JSON type would refuse the character NUL, which learners produce."""
    feedback: Mapped[str] = mapped_column(Text)
    help: Mapped[str] = mapped_column(Text)
    outputs: Mapped[str] = mapped_column(Text, default="[]", server_default="[]")
    """What the notebook showed, made harmless by the gateway."""


class WordRow(Table):
    """A word by which an escalation is found: see `sought`. Goes with it when its learner is forgotten."""

    __tablename__ = "escalation_word"
    __table_args__ = (Index("escalation_word_found", "word", "escalation"), {"sqlite_with_rowid": False})

    escalation: Mapped[int] = mapped_column(ForeignKey("escalation.seq", ondelete="CASCADE"), primary_key=True)
    word: Mapped[bytes] = mapped_column(LargeBinary(WORD_BYTES), primary_key=True)
    """UTF-8 in bytes: text would be in the order of the database's language."""


class NoteRow(Table):
    """One turn of a conversation, kept as it was written."""

    __tablename__ = "note"
    __table_args__ = (Index("note_escalation", "escalation", "seq"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    escalation: Mapped[str] = mapped_column(String(32), ForeignKey("escalation.id", ondelete="CASCADE"))
    author: Mapped[str] = mapped_column(String(7))
    name: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(Text)
    comments: Mapped[str] = mapped_column(Text, default="[]")
    written: Mapped[datetime]
    is_answer: Mapped[bool] = mapped_column(default=False)


class RequestRow(Table):
    """A learner's request that was taken in; sent again by a browser whose connection broke, it changes nothing."""

    __tablename__ = "escalation_request"

    escalation: Mapped[str] = mapped_column(
        String(32), ForeignKey("escalation.id", ondelete="CASCADE"), primary_key=True
    )
    request: Mapped[str] = mapped_column(String(32), primary_key=True)


class RatingRow(Table):
    """What the learner said of one answer. Kept when a later answer is rated otherwise."""

    __tablename__ = "answer_rating"
    __table_args__ = (Index("answer_rating_rated", "rated", "case_id", "helpful"),)

    escalation: Mapped[str] = mapped_column(
        String(32), ForeignKey("escalation.id", ondelete="CASCADE"), primary_key=True
    )
    answered: Mapped[datetime] = mapped_column(primary_key=True)
    """When the answer was given."""
    case_id: Mapped[str] = mapped_column(String(64))
    helpful: Mapped[bool]
    rated: Mapped[datetime]


class RememberedRow(Table):
    """A mentor's answer, tied to a signature."""

    __tablename__ = "remembered"
    __table_args__ = (
        # At most one is given to a learner of a version: a newer answer takes the older one's place.
        Index(
            "remembered_active",
            "case_id",
            "subtask",
            "signature",
            unique=True,
            sqlite_where=_ACTIVE,
            postgresql_where=_ACTIVE,
        ),
        Index(
            "remembered_active_version",
            "case_id",
            "subtask",
            "signature",
            "case_version",
            unique=True,
            sqlite_where=_ACTIVE_VERSION,
            postgresql_where=_ACTIVE_VERSION,
        ),
        Index("remembered_signature", "case_id", "subtask", "signature"),
    )

    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    case_id: Mapped[str] = mapped_column(String(64))
    case_version: Mapped[str | None] = mapped_column(String(64))
    """None: every version."""
    made_for: Mapped[str] = mapped_column(String(64))
    """The version of the escalation that it answered first."""
    subtask: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(256))
    text: Mapped[str] = mapped_column(Text)
    mentor: Mapped[str] = mapped_column(String(255))
    written: Mapped[datetime]
    edited: Mapped[datetime | None]
    withdrawn: Mapped[datetime | None]
    confirmed: Mapped[datetime]
    """When a mentor stood by it last; ratings before that are history."""
    set_aside: Mapped[datetime | None]
    """Since when it is given to nobody, because it did not help several learners in a row."""
    shown: Mapped[int] = mapped_column(default=0)
    helpful: Mapped[int] = mapped_column(default=0)
    unhelpful: Mapped[int] = mapped_column(default=0)
    origin: Mapped[str | None] = mapped_column(String(32), ForeignKey("escalation.id", ondelete="SET NULL"))


class ShowingRow(Table):
    """That a learner was given a remembered answer. One row however often they check: one question spared."""

    __tablename__ = "showing"
    __table_args__ = (
        UniqueConstraint("entry", "learner", name="showing_once"),
        Index("showing_first", "first", "case_id"),
        Index("showing_rated", "rated", "case_id", "helpful"),
        Index("showing_learner", "learner", "case_id"),
    )

    seq: Mapped[int] = mapped_column(primary_key=True)
    entry: Mapped[str] = mapped_column(String(32), ForeignKey("remembered.id", ondelete="CASCADE"))
    learner: Mapped[str] = mapped_column(String(255))
    case_id: Mapped[str] = mapped_column(String(64))
    first: Mapped[datetime]
    times: Mapped[int] = mapped_column(default=1)
    submission: Mapped[str | None] = mapped_column(String(32))
    """The one that was rated."""
    helpful: Mapped[bool | None]
    rated: Mapped[datetime | None]


class SampleRow(Table):
    """A program that a remembered answer was given for, kept for evaluation. It does not say whose it was."""

    __tablename__ = "regression_sample"

    seq: Mapped[int] = mapped_column(primary_key=True)
    entry: Mapped[str] = mapped_column(String(32), ForeignKey("remembered.id", ondelete="CASCADE"), index=True)
    escalation: Mapped[str] = mapped_column(String(32), ForeignKey("escalation.id", ondelete="CASCADE"), index=True)
    """Goes with it when its learner is forgotten."""
    case_id: Mapped[str] = mapped_column(String(64))
    case_version: Mapped[str] = mapped_column(String(64))
    subtask: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(256))
    cells: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    made: Mapped[datetime]


class PhraseRow(Table):
    """An entry of a mentor's own comment bank."""

    __tablename__ = "phrase"
    __table_args__ = (UniqueConstraint("mentor", "digest", name="phrase_once"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    mentor: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    """sha256 of the text."""
    used: Mapped[int] = mapped_column(default=0)


class AuditRow(Chained, Table):
    """What somebody did with another person's work or words. Rows are added and never changed."""

    __tablename__ = "mentoring_audit"
    __table_args__ = (Index("mentoring_audit_about", "about", "who"),)

    happened: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(255))
    action: Mapped[str] = mapped_column(String(16))
    about: Mapped[str] = mapped_column(String(32))
    """Id of the escalation or the remembered answer."""
    detail: Mapped[str] = mapped_column(Text, default="")
    """The mentor's own words that were changed; never a learner's."""
