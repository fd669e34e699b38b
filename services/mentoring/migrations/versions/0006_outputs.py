"""What learners' notebooks showed when they asked."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column. Of questions that are there already, nothing was kept."""
    op.add_column("escalation_content", sa.Column("outputs", sa.Text(), nullable=False, server_default="[]"))
