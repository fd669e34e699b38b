"""Jobs, hints, choices about AI and its uses."""

import sqlalchemy as sa
from alembic import op

from services.kit.database import JsonDocument

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _jobs()
    _hints()
    _assistance()


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
    op.create_index("job_next", "job", ["queue", "status", "priority", "run_at"])
    active = sa.text("status IN ('queued', 'running')")
    op.create_index("job_key", "job", ["queue", "key"], unique=True, sqlite_where=active, postgresql_where=active)


def _hints() -> None:
    op.create_table(
        "hint",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("case_version", sa.String(64), nullable=False),
        sa.Column("subtask", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("stage", sa.String(10), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("words_by", sa.String(8), nullable=False),
        sa.Column("reflection", sa.Text(), nullable=True),
        sa.Column("reflected", sa.DateTime(timezone=True), nullable=True),
        sa.Column("helpful", sa.Boolean(), nullable=True),
        sa.Column("rated", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_hint"),
        sa.UniqueConstraint("id", name="uq_hint_id"),
    )
    op.create_index("hint_owner", "hint", ["learner", "case_id", "subtask", "seq"])
    under_way = sa.text("state IN ('working', 'reflect')")
    owner = ["learner", "case_id", "subtask"]
    op.create_index("hint_under_way", "hint", owner, unique=True, sqlite_where=under_way, postgresql_where=under_way)


def _assistance() -> None:
    op.create_table(
        "ai_choice",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("case_version", sa.String(64), nullable=False),
        sa.Column("ai", sa.Boolean(), nullable=False),
        sa.Column("chosen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("model", sa.String(255), nullable=True),
        sa.Column("remote", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_ai_choice"),
    )
    op.create_index("ai_choice_newest", "ai_choice", ["learner", "case_id", "seq"])
    op.create_table(
        "ai_use",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("case_version", sa.String(64), nullable=False),
        sa.Column("subtask", sa.String(64), nullable=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("words_by", sa.String(8), nullable=False),
        sa.Column("model", sa.String(255), nullable=True),
        sa.Column("used", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_ai_use"),
    )
    op.create_index("ai_use_owner", "ai_use", ["learner", "case_id", "words_by"])
