"""An index of ratings of hints by time, for measures by week."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("hint_rated", "hint", ["rated", "case_id", "helpful"])
