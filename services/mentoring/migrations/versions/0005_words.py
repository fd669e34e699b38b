"""The words by which mentors find questions."""

import sqlalchemy as sa
from alembic import op

from services.mentoring.sought import MOST_WORDS, name_of, words_of

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_AT_ONCE = 500
_ESCALATION = sa.table(
    "escalation",
    *(sa.column(name) for name in ("seq", "id", "learner", "headline", "subtask_title", "case_title", "about_memory")),
)
_NOTE = sa.table("note", *(sa.column(name) for name in ("escalation", "author", "text")))
_WORD = sa.table("escalation_word", sa.column("escalation"), sa.column("word"))


def upgrade() -> None:
    """Make the table, and have the questions found that are there already."""
    op.create_table(
        "escalation_word",
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.Column("word", sa.LargeBinary(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["escalation"], ["escalation.seq"], name="fk_escalation_word_escalation_escalation", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("escalation", "word", name="pk_escalation_word"),
        sqlite_with_rowid=False,
    )
    seq = 0
    while (last := _index_after(seq)) is not None:
        seq = last
    op.create_index("escalation_word_found", "escalation_word", ["word", "escalation"])


def _index_after(seq: int) -> int | None:
    """The last of the next questions, whose words are kept now; None: there are no more."""
    bind = op.get_bind()
    rows = bind.execute(
        sa.select(_ESCALATION).where(_ESCALATION.c.seq > seq).order_by(_ESCALATION.c.seq).limit(_AT_ONCE)
    ).all()
    if not rows:
        return None
    of_id = {row.id: [row.headline, row.subtask_title, row.case_title] for row in rows}
    notes = sa.select(_NOTE).where(_NOTE.c.author == "learner", _NOTE.c.escalation.in_(of_id))
    for note in bind.execute(notes):
        of_id[note.escalation].append(note.text)
    words = [
        {"escalation": row.seq, "word": word}
        for row in rows
        for word in [
            *([] if row.about_memory else [name_of(row.learner)]),
            *words_of(" ".join(of_id[row.id])),
        ][:MOST_WORDS]
    ]
    if words:
        bind.execute(sa.insert(_WORD), words)
    return int(rows[-1].seq)
