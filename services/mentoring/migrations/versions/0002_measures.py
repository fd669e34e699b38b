"""How long first answers took; indexes for measures and for a learner's own ratings."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_QUESTION = sa.text("about_memory IS NULL")
_SECONDS = {
    "sqlite": "ROUND((JULIANDAY(first_answer) - JULIANDAY(opened)) * 86400, 3)",
    "postgresql": "EXTRACT(EPOCH FROM first_answer - opened)",
}


def upgrade() -> None:
    """Make the column and the indexes."""
    dialect = op.get_bind().dialect.name
    op.add_column("escalation", sa.Column("first_answer_seconds", sa.Double(), nullable=True))
    op.execute(f"UPDATE escalation SET first_answer_seconds = {_SECONDS[dialect]} WHERE first_answer IS NOT NULL")  # noqa: S608
    _index("escalation_opened", "escalation", ["opened", "case_id"], where=_QUESTION)
    answered = ["first_answer", "case_id", "first_answer_seconds", "handled_seconds"]
    _index("escalation_first_answer", "escalation", answered, where=_QUESTION)
    _index("showing_first", "showing", ["first", "case_id"])
    _index("answer_rating_rated", "answer_rating", ["rated", "case_id", "helpful"])
    op.create_index("showing_rated", "showing", ["rated", "case_id", "helpful"])
    op.create_index("showing_learner", "showing", ["learner", "case_id"])


def _index(name: str, table: str, columns: list[str], where: sa.TextClause | None = None) -> None:
    """Put a wider index in the place of the one of that name."""
    op.drop_index(name, table)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
