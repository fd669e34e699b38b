"""Versions, their data, drafts and publications."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "case_version",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("subtasks", sa.Integer(), nullable=False),
        sa.Column("author_object", sa.String(64), nullable=False),
        sa.Column("learner_object", sa.String(64), nullable=False),
        sa.Column("requirements", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_case_version")),
    )
    op.create_index(op.f("ix_case_version_case_id"), "case_version", ["case_id"])
    op.create_table(
        "version_data",
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("path", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        _version_key("version_data", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("version", "path", name=op.f("pk_version_data")),
    )
    op.create_index(op.f("ix_version_data_digest"), "version_data", ["digest"])
    op.create_table(
        "draft_claim",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("claimed", sa.DateTime(timezone=True), nullable=False),
        _version_key("draft_claim", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_claim")),
    )
    op.create_index(op.f("ix_draft_claim_version"), "draft_claim", ["version"])
    op.create_table(
        "publication",
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True), nullable=False),
        _version_key("publication"),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_publication")),
    )
    op.create_index(op.f("ix_publication_version"), "publication", ["version"])


def _version_key(table: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["version"],
        ["case_version.digest"],
        name=op.f(f"fk_{table}_version_case_version"),
        ondelete=ondelete,
    )
