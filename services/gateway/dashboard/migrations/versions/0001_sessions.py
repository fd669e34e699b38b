"""First table: sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "desk_session",
        sa.Column("cookie", sa.String(64), nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cookie", name="pk_desk_session"),
    )
    op.create_index("desk_session_expiry", "desk_session", ["expires"])
    op.create_index("desk_session_person", "desk_session", ["person", "begun"])
