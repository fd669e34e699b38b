"""Regrades and what they found."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "regrade",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_regrade"),
    )
    op.create_index("regrade_list", "regrade", ["case_id", "begun"])
    op.create_table(
        "regrade_item",
        sa.Column("regrade", sa.String(32), nullable=False),
        sa.Column("submission", sa.String(32), nullable=False),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("subtask", sa.String(64), nullable=False),
        sa.Column("before", sa.String(16), nullable=False),
        sa.Column("before_points", sa.Double(), nullable=False),
        sa.Column("after", sa.String(16), nullable=False),
        sa.Column("after_points", sa.Double(), nullable=False),
        sa.Column("effect", sa.String(8), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["regrade"], ["regrade.id"], name="fk_regrade_item_regrade_regrade", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("regrade", "submission", name="pk_regrade_item"),
    )
