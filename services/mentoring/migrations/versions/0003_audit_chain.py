"""The audit log as a chain: every entry names all that stands before it."""

from services.kit.append_only import chain

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Link the entries that are there, and have every later one linked."""
    chain("mentoring_audit", "the audit log")
