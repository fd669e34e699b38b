"""Dismissals of remarks of the style review; whether the reviewed code was approved code."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the column."""
    op.add_column("review", sa.Column("approved_code", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "dismissal",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("case_version", sa.String(64), nullable=False),
        sa.Column("subtask", sa.String(64), nullable=False),
        sa.Column("finding", sa.String(64), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("happened", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_dismissal"),
    )
    op.create_index("dismissal_newest", "dismissal", ["learner", "case_id", "subtask", "finding", "seq"])
    op.create_index("dismissal_learner", "dismissal", ["learner", "case_id", "seq"])
