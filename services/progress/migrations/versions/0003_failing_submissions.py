"""An index of failing submissions by time, for measures by week."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_FAILING = sa.text("verdict = 'needs_work'")


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        "submission_failing",
        "submission",
        ["recorded", "case_id"],
        sqlite_where=_FAILING,
        postgresql_where=_FAILING,
    )
