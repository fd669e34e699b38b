from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from feedback.models import Table
from services.kit.audit_chain import Chained

_OPEN = text("closed IS NULL")


class ConversationRow(Table):
    """One learner's conversation about one subtask, from its start or last reset to the next."""

    __tablename__ = "conversation"
    __table_args__ = (
        # At most one is open: two first questions at once meet in it.
        Index(
            "conversation_open",
            "learner",
            "case_id",
            "subtask",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("conversation_owner", "learner", "case_id", "subtask"),
        Index("conversation_case", "case_id", "started"),
        Index("conversation_last", "last"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    learner: Mapped[str] = mapped_column(String(255))
    case_id: Mapped[str] = mapped_column(String(64))
    subtask: Mapped[str] = mapped_column(String(64))
    started: Mapped[datetime]
    last: Mapped[datetime]
    """When something was said last."""
    closed: Mapped[datetime | None]
    """When the learner began anew; None: this is the one that goes on."""
    reasoning: Mapped[str | None] = mapped_column(Text)
    """What the learner thought at the beginning, where the case asks for it first."""
    summary: Mapped[str] = mapped_column(Text, default="")
    """What was said before the first message that prompts still hold."""
    window: Mapped[int] = mapped_column(default=0)
    """`seq` of the first message that prompts hold."""
    base_code: Mapped[str] = mapped_column(Text, default="")
    """The learner's code as it stands in front of the talk in prompts."""
    base_facts: Mapped[str] = mapped_column(Text, default="")
    """What the check found, as it stands there."""
    bridge: Mapped[str] = mapped_column(Text, default="")
    """The message of the prompt between that and the window, as it was sent: the summary, and what has changed."""
    code: Mapped[str] = mapped_column(Text, default="")
    """The learner's code as the prompt knows it, with all later changes."""
    facts: Mapped[str] = mapped_column(Text, default="")
    """What the check found, as the prompt knows it."""
    attached: Mapped[int] = mapped_column(default=0)
    """Characters of code and facts that came along with messages of the window."""
    judged: Mapped[str | None] = mapped_column(String(64))
    """Digest of the cells that `feedback` judges."""
    feedback: Mapped[str | None] = mapped_column(Text)
    """The last verdict, as learners may see it, as JSON text."""


class MessageRow(Table):
    """One message. A learner's has a state; an assistant's names the question that it answers."""

    __tablename__ = "message"
    __table_args__ = (Index("message_conversation", "conversation", "seq"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    conversation: Mapped[str] = mapped_column(String(32), ForeignKey("conversation.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(9))
    text: Mapped[str] = mapped_column(Text)
    """A learner's own words as they were written; an answer as it was shown."""
    prompted: Mapped[str] = mapped_column(Text, default="")
    """What prompts hold of it: without names and addresses, cut, with the code that came along. Empty: they do not."""
    sent: Mapped[datetime]
    reasoning: Mapped[str | None] = mapped_column(Text)
    intent: Mapped[str | None] = mapped_column(String(16))
    state: Mapped[str | None] = mapped_column(String(8))
    """Of a question: open, answered, left (its learner went away before the answer)."""
    counted: Mapped[bool] = mapped_column(default=False)
    """Whether the question takes a place of the quota."""
    answers: Mapped[str | None] = mapped_column(String(32), unique=True)
    """Id of the question that this answers."""
    words_by: Mapped[str | None] = mapped_column(String(8))
    cites: Mapped[str] = mapped_column(Text, default="[]")
    """JSON as text: a database's JSON type would refuse the character NUL, which learners produce."""
    follow_ups: Mapped[str] = mapped_column(Text, default="[]")
    truncated: Mapped[bool] = mapped_column(default=False)
    withdrawn: Mapped[str | None] = mapped_column(Text)
    """What a model had said in this answer's place and its learner had seen before it was taken back, or left. Read by
    the firewall alone: whoever was shown a piece knows it."""


class AuditRow(Chained, Table):
    """What somebody did with other people's conversations. Rows are added and never changed; they hold no content."""

    __tablename__ = "chat_audit"

    happened: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(255))
    action: Mapped[str] = mapped_column(String(16))
    """export, reset, forget, retention."""
    case_id: Mapped[str | None] = mapped_column(String(64))
    subject: Mapped[str | None] = mapped_column(String(64))
    """sha256 of the name of the learner who was forgotten: enough to answer «was it done for …?», and no name."""
    conversations: Mapped[int] = mapped_column(default=0)
    messages: Mapped[int] = mapped_column(default=0)
    others: Mapped[int] = mapped_column(default=0)
    """Rows and lines other than conversations that were deleted."""
    path: Mapped[str | None] = mapped_column(Text)
    """The file of an export, below the folder of exports."""
    job: Mapped[str | None] = mapped_column(String(32))


class ForgetRow(Table):
    """Whom a job has still to forget. Goes with everything else of that learner when the job is done."""

    __tablename__ = "forget_request"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    learner: Mapped[str] = mapped_column(String(255))
    who: Mapped[str] = mapped_column(String(255))
    asked: Mapped[datetime]
