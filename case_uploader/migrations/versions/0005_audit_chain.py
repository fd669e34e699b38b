"""The audit log as a chain, which is only ever added to."""

from services.kit.append_only import chain

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Link the entries that are there, and have every later one linked."""
    chain("case_action", "the audit log")
