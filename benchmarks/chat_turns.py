"""A learner's conversation as the chat service keeps and prompts it, in a database of its own."""

import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks import case_at_hand
from feedback.chat.changes import answer_code
from feedback.chat.prompting import Known, Manner, chat_request, checked
from feedback.chat.repository import Owner
from feedback.chat.settings import ChatSettings
from feedback.chat.talks import Put, Talks
from feedback.model.port import ModelRequest
from feedback.privacy.redaction import Redactor
from services.contracts.chat import Message
from services.kit.clock import utc_now
from services.kit.database import Database
from services.kit.migrations import migrate

_MANNER: Final = Manner(strictness="light", scope_mode="soft", topics=(), languages=())
_QUESTIONS: Final = (
    "I do not see why this step is not accepted yet. What should I look at first?",
    "The table looks fine to me. How would I notice that something is missing in it?",
    "Do I have to look at every column, or is there one that decides?",
    "I changed the second line. Does that go into the right direction?",
    "What would happen to the later steps if I left it like this?",
    "Is there a way to check that on two rows only?",
    "I think the units are mixed. How could I find out?",
    "So the order of the two operations matters here?",
)


class Conversation:
    """One learner's talk about one step."""

    def __init__(self, talks: Talks, case: case_at_hand.CaseAtHand, number: int) -> None:
        author = case.draft.author
        self._talks, self._case, self._number = talks, author, number
        self._subtask = author.subtasks[number % len(author.subtasks)]
        self._owner = Owner(f"learner-{number}", author.id, self._subtask.view.id)
        self._cells = case.cells(f"attempt of learner {number}")
        self._redactor = Redactor(self._owner.learner)

    async def ask(self, turn: int) -> tuple[ModelRequest, Callable[[str], Awaitable[None]]]:
        """The prompt for an answer to the next question, and how to keep that answer. The code changes at times."""
        question = f"{_QUESTIONS[(turn + self._number) % len(_QUESTIONS)]} ({self._number})"
        asked = await self._talks.begin(self._owner, Put(question, None, "debug", "full", None))
        code = answer_code(self._case, self._subtask, self._cells, ChatSettings().code_chars)
        if edits := turn // 3:
            code += f"\n# tried again, {edits}"
        window = await self._talks.window(asked, self._redactor, None, Known(code, checked(None, self._redactor.text)))
        request = chat_request(self._case, self._subtask, _MANNER, window.base, window.bridge, window.turns)

        async def keep(text: str) -> None:
            said = Message(id=secrets.token_hex(16), role="assistant", text=text, sent=utc_now(), words_by="model")
            await self._talks.keep(asked, asked.question, said, counted=False, quota=None, also=_nothing)

        return request, keep


@asynccontextmanager
async def conversations() -> AsyncIterator[Talks]:
    """A fresh database for them."""
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as folder:
        db = Database(f"sqlite+aiosqlite:///{Path(folder) / 'feedback.sqlite'}")
        try:
            await migrate(db, "feedback")
            yield Talks(db, ChatSettings(), utc_now)
        finally:
            await db.close()


async def _nothing(_: AsyncSession) -> None:
    return None
