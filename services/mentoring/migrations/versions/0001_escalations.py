"""Escalations and their conversations, remembered answers, comment banks, the record of mentors' deeds, jobs."""

import sqlalchemy as sa
from alembic import op

from services.kit.append_only import only_ever_added_to
from services.kit.database import JsonDocument

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ASKED = sa.text("state IN ('waiting', 'leased') AND about_memory IS NULL")
_OPEN = sa.text("state IN ('waiting', 'leased')")
_REVIEWED = sa.text("state IN ('waiting', 'leased') AND about_memory IS NOT NULL")
_KEPT = sa.text("state <> 'cancelled' AND about_memory IS NULL")
_JOB_ACTIVE = sa.text("status IN ('queued', 'running')")
_ACTIVE = sa.text("withdrawn IS NULL AND case_version IS NULL")
_ACTIVE_VERSION = sa.text("withdrawn IS NULL AND case_version IS NOT NULL")


def upgrade() -> None:
    """Make the tables."""
    _escalations()
    _conversations()
    _memory()
    _mentors()
    _jobs()
    only_ever_added_to("mentoring_audit", "the audit log")


def _escalations() -> None:
    op.create_table(
        "escalation",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("case_version", sa.String(64), nullable=False),
        sa.Column("case_title", sa.Text(), nullable=False),
        sa.Column("subtask", sa.String(64), nullable=False),
        sa.Column("subtask_title", sa.Text(), nullable=False),
        sa.Column("submission", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("signature", sa.String(256), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(255), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mentor", sa.String(255), nullable=True),
        sa.Column("first_answer", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handled_seconds", sa.Double(), nullable=True),
        sa.Column("rated", sa.DateTime(timezone=True), nullable=True),
        sa.Column("helpful", sa.Boolean(), nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("about_memory", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_escalation"),
        sa.UniqueConstraint("id", name="uq_escalation_id"),
    )
    op.create_index(
        "escalation_asked",
        "escalation",
        ["learner", "case_id", "subtask"],
        unique=True,
        sqlite_where=_ASKED,
        postgresql_where=_ASKED,
    )
    op.create_index("escalation_first_answer", "escalation", ["first_answer"])
    op.create_index("escalation_holder", "escalation", ["holder", "seq"])
    op.create_index("escalation_mentor", "escalation", ["mentor", "seq"])
    op.create_index("escalation_opened", "escalation", ["opened"])
    op.create_index("escalation_owner", "escalation", ["learner", "case_id", "seq"])
    op.create_index("escalation_queue", "escalation", ["rank", "seq"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index(
        "escalation_queue_case", "escalation", ["case_id", "rank", "seq"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_index(
        "escalation_review",
        "escalation",
        ["about_memory"],
        unique=True,
        sqlite_where=_REVIEWED,
        postgresql_where=_REVIEWED,
    )
    op.create_index("escalation_same", "escalation", ["signature"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index(
        "escalation_submission",
        "escalation",
        ["learner", "submission"],
        unique=True,
        sqlite_where=_KEPT,
        postgresql_where=_KEPT,
    )


def _conversations() -> None:
    op.create_table(
        "escalation_content",
        sa.Column("escalation", sa.String(32), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.Column("help", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["escalation"], ["escalation.id"], name="fk_escalation_content_escalation_escalation", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("escalation", name="pk_escalation_content"),
    )
    op.create_table(
        "note",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("escalation", sa.String(32), nullable=False),
        sa.Column("author", sa.String(7), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("comments", sa.Text(), nullable=False),
        sa.Column("written", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_answer", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["escalation"], ["escalation.id"], name="fk_note_escalation_escalation", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name="pk_note"),
        sa.UniqueConstraint("id", name="uq_note_id"),
    )
    op.create_index("note_escalation", "note", ["escalation", "seq"])
    op.create_table(
        "answer_rating",
        sa.Column("escalation", sa.String(32), nullable=False),
        sa.Column("answered", sa.DateTime(timezone=True), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("rated", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["escalation"], ["escalation.id"], name="fk_answer_rating_escalation_escalation", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("escalation", "answered", name="pk_answer_rating"),
    )
    op.create_index("answer_rating_rated", "answer_rating", ["rated"])


def _memory() -> None:
    op.create_table(
        "remembered",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("case_version", sa.String(64), nullable=True),
        sa.Column("made_for", sa.String(64), nullable=False),
        sa.Column("subtask", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(256), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentor", sa.String(255), nullable=False),
        sa.Column("written", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_aside", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("helpful", sa.Integer(), nullable=False),
        sa.Column("unhelpful", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(
            ["origin"], ["escalation.id"], name="fk_remembered_origin_escalation", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("seq", name="pk_remembered"),
        sa.UniqueConstraint("id", name="uq_remembered_id"),
    )
    op.create_index(
        "remembered_active",
        "remembered",
        ["case_id", "subtask", "signature"],
        unique=True,
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    )
    op.create_index(
        "remembered_active_version",
        "remembered",
        ["case_id", "subtask", "signature", "case_version"],
        unique=True,
        sqlite_where=_ACTIVE_VERSION,
        postgresql_where=_ACTIVE_VERSION,
    )
    op.create_index("remembered_signature", "remembered", ["case_id", "subtask", "signature"])
    op.create_table(
        "showing",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("entry", sa.String(32), nullable=False),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("first", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("submission", sa.String(32), nullable=True),
        sa.Column("helpful", sa.Boolean(), nullable=True),
        sa.Column("rated", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["entry"], ["remembered.id"], name="fk_showing_entry_remembered", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name="pk_showing"),
        sa.UniqueConstraint("entry", "learner", name="showing_once"),
    )
    op.create_index("showing_first", "showing", ["first"])
    op.create_table(
        "regression_sample",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("entry", sa.String(32), nullable=False),
        sa.Column("escalation", sa.String(32), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("case_version", sa.String(64), nullable=False),
        sa.Column("subtask", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(256), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"], ["remembered.id"], name="fk_regression_sample_entry_remembered", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["escalation"], ["escalation.id"], name="fk_regression_sample_escalation_escalation", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name="pk_regression_sample"),
    )
    op.create_index("ix_regression_sample_entry", "regression_sample", ["entry"])
    op.create_index("ix_regression_sample_escalation", "regression_sample", ["escalation"])


def _mentors() -> None:
    op.create_table(
        "phrase",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("mentor", sa.String(255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_phrase"),
        sa.UniqueConstraint("id", name="uq_phrase_id"),
        sa.UniqueConstraint("mentor", "digest", name="phrase_once"),
    )
    op.create_table(
        "mentoring_audit",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("happened", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("about", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_mentoring_audit"),
    )
    op.create_index("mentoring_audit_about", "mentoring_audit", ["about", "who"])


def _jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("queue", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("key", sa.String(512), nullable=True),
        sa.Column("payload", JsonDocument, nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(64), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", JsonDocument, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index(
        "job_key", "job", ["queue", "key"], unique=True, sqlite_where=_JOB_ACTIVE, postgresql_where=_JOB_ACTIVE
    )
    op.create_index("job_next", "job", ["queue", "status", "priority", "run_at"])
