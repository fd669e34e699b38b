"""Which image learners of a version get."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("case_version", sa.Column("image", sa.String(71), nullable=True))
