"""Each mentor's own comment bank."""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from services.contracts.escalation import Phrase, WritePhrase
from services.kit.database import Database
from services.mentoring.errors import BankFull
from services.mentoring.models import PhraseRow
from services.mentoring.repository import Mentor
from services.mentoring.rows import phrase
from services.mentoring.settings import MentoringSettings


@dataclass(frozen=True)
class CommentBank:
    """Words that a mentor writes often. Nobody sees another mentor's."""

    db: Database
    settings: MentoringSettings

    async def all(self, mentor: Mentor) -> tuple[Phrase, ...]:
        """All of them, the most used first."""
        query = select(PhraseRow).where(PhraseRow.mentor == mentor.name)
        async with self.db.read() as session:
            rows = await session.scalars(query.order_by(PhraseRow.used.desc(), PhraseRow.seq.desc()))
            return tuple(phrase(row) for row in rows)

    async def add(self, mentor: Mentor, body: WritePhrase) -> Phrase:
        """Keep the words; those that are there already count as used once more."""
        digest = hashlib.sha256(body.text.encode("utf-8", "surrogatepass")).hexdigest()
        own = PhraseRow.mentor == mentor.name
        async with self.db.write() as session:
            row = (await session.scalars(select(PhraseRow).where(own, PhraseRow.digest == digest))).one_or_none()
            if row is not None:
                row.used += 1
                return phrase(row)
            count = await session.scalar(select(func.count()).select_from(PhraseRow).where(own)) or 0
            if count >= self.settings.phrases:
                raise BankFull(f"Your comment bank holds {count} entries, which is the most. Drop one first.")
            row = PhraseRow(id=secrets.token_hex(16), mentor=mentor.name, text=body.text, digest=digest, used=0)
            session.add(row)
            return phrase(row)

    async def drop(self, mentor: Mentor, entry: str) -> None:
        """Forget these words."""
        async with self.db.write() as session:
            await session.execute(delete(PhraseRow).where(PhraseRow.mentor == mentor.name, PhraseRow.id == entry))
