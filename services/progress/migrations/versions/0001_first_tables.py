"""First tables: standings, submissions, reviews and notebook states."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "standing",
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("subtask", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("learner", "case_id", "subtask", name="pk_standing"),
    )
    op.create_table(
        "submission",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("case_version", sa.String(64), nullable=False),
        sa.Column("subtask", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cells", sa.String(64), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=True),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_submission"),
        sa.UniqueConstraint("id", name="uq_submission_id"),
        sa.UniqueConstraint("learner", "case_id", "case_version", "subtask", "digest", name="submission_identity"),
        sa.UniqueConstraint("learner", "case_id", "subtask", "number", name="submission_number"),
    )
    op.create_index("submission_history", "submission", ["learner", "case_id", "seq"])
    op.create_index("submission_cells", "submission", ["cells"])
    op.create_table(
        "review",
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("subtask", sa.String(64), nullable=False),
        sa.Column("case_version", sa.String(64), nullable=False),
        sa.Column("reviewed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clean", sa.Boolean(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("learner", "case_id", "subtask", name="pk_review"),
    )
    op.create_table(
        "notebook_state",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("saved", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_notebook_state"),
    )
    op.create_index("notebook_state_list", "notebook_state", ["learner", "case_id", "seq"])
    op.create_index("notebook_state_digest", "notebook_state", ["digest"])
