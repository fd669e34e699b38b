"""Which requests of learners were taken in, so that one that is sent again changes nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table. Of questions that are there already, a repeated request is a further one."""
    op.create_table(
        "escalation_request",
        sa.Column("escalation", sa.String(32), nullable=False),
        sa.Column("request", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["escalation"], ["escalation.id"], name="fk_escalation_request_escalation_escalation", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("escalation", "request", name="pk_escalation_request"),
    )
