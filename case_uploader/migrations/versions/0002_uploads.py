"""Uploads and their jobs, checked versions, withdrawals, the audit log."""

import sqlalchemy as sa
from alembic import op

from services.kit.database import JsonDocument

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.add_column("publication", sa.Column("by", sa.String(255), nullable=True))
    _jobs()
    _versions()
    _uploads()


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


def _versions() -> None:
    op.create_table(
        "checked_version",
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("checked", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"],
            ["case_version.digest"],
            name="fk_checked_version_version_case_version",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version", name="pk_checked_version"),
    )
    op.create_table(
        "withdrawal",
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("withdrawn", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "number"],
            ["publication.case_id", "publication.number"],
            name="fk_withdrawal_case_id_number_publication",
        ),
        sa.PrimaryKeyConstraint("case_id", "number", name="pk_withdrawal"),
    )
    op.create_table(
        "case_action",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_case_action"),
    )
    op.create_index("case_action_list", "case_action", ["case_id", "seq"])


def _uploads() -> None:
    op.create_table(
        "upload",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("publish", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("case_id", sa.String(64), nullable=True),
        sa.Column("version", sa.String(64), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
    )
    op.create_index("upload_list", "upload", ["state", "begun"])
    op.create_table(
        "upload_step",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("upload", sa.String(32), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["upload"], ["upload.id"], name="fk_upload_step_upload_upload", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name="pk_upload_step"),
        sa.UniqueConstraint("upload", "sequence", name="upload_step_order"),
    )
    op.create_table(
        "case_turn",
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(32), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_case_turn"),
    )
