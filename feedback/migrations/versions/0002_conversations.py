"""Conversations, their messages, and the record of what staff did with them."""

import sqlalchemy as sa
from alembic import op

from services.kit.append_only import only_ever_added_to

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "conversation",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("subtask", sa.String(64), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reasoning", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("base_code", sa.Text(), nullable=False),
        sa.Column("base_facts", sa.Text(), nullable=False),
        sa.Column("bridge", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("attached", sa.Integer(), nullable=False),
        sa.Column("judged", sa.String(64), nullable=True),
        sa.Column("feedback", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_conversation"),
    )
    still_open = sa.text("closed IS NULL")
    op.create_index(
        "conversation_open",
        "conversation",
        ["learner", "case_id", "subtask"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index("conversation_owner", "conversation", ["learner", "case_id", "subtask"])
    op.create_index("conversation_case", "conversation", ["case_id", "started"])
    op.create_index("conversation_last", "conversation", ["last"])
    op.create_table(
        "message",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("conversation", sa.String(32), nullable=False),
        sa.Column("role", sa.String(9), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("prompted", sa.Text(), nullable=False),
        sa.Column("sent", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reasoning", sa.Text(), nullable=True),
        sa.Column("intent", sa.String(16), nullable=True),
        sa.Column("state", sa.String(8), nullable=True),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("answers", sa.String(32), nullable=True),
        sa.Column("words_by", sa.String(8), nullable=True),
        sa.Column("cites", sa.Text(), nullable=False),
        sa.Column("follow_ups", sa.Text(), nullable=False),
        sa.Column("truncated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_message"),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversation.id"], name="fk_message_conversation_conversation", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("id", name="uq_message_id"),
        sa.UniqueConstraint("answers", name="uq_message_answers"),
    )
    op.create_index("message_conversation", "message", ["conversation", "seq"])
    op.create_table(
        "chat_audit",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("happened", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=True),
        sa.Column("subject", sa.String(64), nullable=True),
        sa.Column("conversations", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("others", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("job", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_chat_audit"),
    )
    op.create_table(
        "forget_request",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_forget_request"),
    )
    only_ever_added_to("chat_audit", "the audit log")
