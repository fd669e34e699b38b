"""What a learner saw of answers that were taken back or left."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("message", sa.Column("withdrawn", sa.Text(), nullable=True))
