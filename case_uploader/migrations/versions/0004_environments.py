"""Which environment a version was tried in."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("case_version", sa.Column("environment", sa.String(64), nullable=True))
