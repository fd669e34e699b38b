"""Session events: consent, sessions, events, keyframes, deleted sessions, mentors' looks, jobs; an index by class."""

import sqlalchemy as sa
from alembic import op

from services.kit.append_only import only_ever_added_to
from services.kit.database import JsonDocument, LargeInteger

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _sessions()
    _looks()
    _jobs()
    op.create_index("standing_class", "standing", ["case_id", "learner"])


def _sessions() -> None:
    op.create_table(
        "recording_choice",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("record", sa.Boolean(), nullable=False),
        sa.Column("chosen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_recording_choice"),
    )
    op.create_index("recording_choice_newest", "recording_choice", ["learner", "case_id", "seq"])
    op.create_table(
        "recorded_session",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("case_version", sa.String(64), nullable=False),
        sa.Column("session", sa.String(32), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_seq", LargeInteger, nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_recorded_session"),
        sa.UniqueConstraint("learner", "case_id", "session", name="recorded_session_identity"),
    )
    op.create_index("recorded_session_class", "recorded_session", ["case_id", "learner", "received"])
    op.create_index("recorded_session_age", "recorded_session", ["received"])
    op.create_table(
        "session_event",
        sa.Column("session", sa.Integer(), nullable=False),
        sa.Column("seq", LargeInteger, nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("cell", sa.String(64), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("session", "seq", name="pk_session_event"),
        _of_a_session("session_event"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "session_keyframe",
        sa.Column("session", sa.Integer(), nullable=False),
        sa.Column("seq", LargeInteger, nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("session", "seq", name="pk_session_keyframe"),
        _of_a_session("session_keyframe"),
    )
    op.create_table(
        "deleted_session",
        sa.Column("learner", sa.String(255), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("session", sa.String(32), nullable=False),
        sa.Column("deleted", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("learner", "case_id", "session", name="pk_deleted_session"),
    )


def _of_a_session(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["session"], ["recorded_session.key"], name=f"fk_{table}_session_recorded_session", ondelete="CASCADE"
    )


def _looks() -> None:
    op.create_table(
        "mentor_look",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("happened", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("learner", sa.String(255), nullable=True),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("item", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_mentor_look"),
    )
    op.create_index("mentor_look_learner", "mentor_look", ["learner", "case_id", "seq"])
    op.create_index("mentor_look_who", "mentor_look", ["who", "happened"])
    only_ever_added_to("mentor_look", "the record of looks")


def _jobs() -> None:
    active = sa.text("status IN ('queued', 'running')")
    op.create_table(
        "job",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("queue", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("key", sa.String(512), nullable=True),
        sa.Column("payload", JsonDocument, nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(64), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", JsonDocument, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index("job_next", "job", ["queue", "status", "priority", "run_at"])
    op.create_index("job_key", "job", ["queue", "key"], unique=True, sqlite_where=active, postgresql_where=active)
