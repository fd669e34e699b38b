"""Verdicts that were taken over from a regrade."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "regrade",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("submission", sa.String(32), nullable=False),
        sa.Column("case_version", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("before", sa.String(16), nullable=False),
        sa.Column("before_points", sa.Double(), nullable=False),
        sa.Column("after", sa.String(16), nullable=False),
        sa.Column("after_points", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_regrade"),
    )
    op.create_index("ix_regrade_submission", "regrade", ["submission"])
