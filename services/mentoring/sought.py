"""By what words mentors find questions: an index that is a table, and so the same on both databases."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from sqlalchemy import ColumnElement, Select, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.mentoring.models import WORD_BYTES, EscalationRow, WordRow

MOST_WORDS: Final = 1_000
"""Of one question. A conversation may be a book; what comes after so many different words is not found."""
_MOST_SOUGHT: Final = 8
_WORD: Final = re.compile(r"\w+")
_LEARNER: Final = "@"
"""Stands before a learner's name, and in no word."""
_AFTER: Final = b"\xff"
"""In no UTF-8, and after all of it."""


def words_of(text: str) -> list[bytes]:
    """The words of a text, each once, as they are kept: `usual_price` is also `usual` and `price`."""
    found: dict[bytes, None] = {}
    for match in _WORD.finditer(unicodedata.normalize("NFKC", text).casefold()):
        for word in (match[0], *match[0].split("_")):
            if word.strip("_"):
                found.setdefault(_kept(word))
    return list(found)


def name_of(learner: str) -> bytes:
    """A learner's name, as it is kept."""
    return _kept(_LEARNER + unicodedata.normalize("NFKC", learner).casefold())


async def index_question(session: AsyncSession, row: EscalationRow) -> None:
    """Have a new question found by its title, step, headline and learner. The row must have been flushed."""
    asker = [] if row.about_memory else [name_of(row.learner)]
    await _add(session, row, [*asker, *words_of(f"{row.headline} {row.subtask_title} {row.case_title}")])


async def index_note(session: AsyncSession, row: EscalationRow, text: str) -> None:
    """Have a question found by what its learner wrote, too."""
    await _add(session, row, words_of(text))


def found_by(words: str, learner: str) -> list[ColumnElement[bool]]:
    """Each of the words begins one of the question's, and its learner's name begins so; nothing asked, nothing told."""
    beginnings = words_of(words)[:_MOST_SOUGHT]
    if learner.strip():
        beginnings.append(name_of(learner.strip()))
    return [EscalationRow.seq.in_(_beginning(one)) for one in beginnings]


def _beginning(word: bytes) -> Select[int]:
    return select(WordRow.escalation).where(WordRow.word >= word, WordRow.word < word + _AFTER)


async def _add(session: AsyncSession, row: EscalationRow, words: Iterable[bytes]) -> None:
    known = set(await session.scalars(select(WordRow.word).where(WordRow.escalation == row.seq)))
    fresh = [word for word in dict.fromkeys(words) if word not in known][: MOST_WORDS - len(known)]
    if fresh:
        await session.execute(insert(WordRow), [{"escalation": row.seq, "word": word} for word in fresh])


def _kept(word: str) -> bytes:
    """In bytes, which both databases put in the same order; a long one is cut, and found by its beginning."""
    return word.encode()[:WORD_BYTES]
