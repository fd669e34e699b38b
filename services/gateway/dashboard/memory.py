from services.contracts.clients.mentoring import MentoringClient
from services.contracts.escalation import EditMemory, MemoryEntry, MemoryPage, Phrase, WritePhrase
from services.gateway.dashboard.mentor import Mentor, MentorScopes


class Memory:
    """Remembered answers, and each mentor's own comment bank."""

    def __init__(self, mentoring: MentoringClient, scopes: MentorScopes) -> None:
        self._mentoring, self._scopes = mentoring, scopes

    async def page(
        self, mentor: Mentor, *, case: str | None, subtask: str | None, q: str | None, after: str | None, limit: int
    ) -> MemoryPage:
        """A part of the remembered answers of a case and step or all, with these words or all."""
        scope = self._scopes.everywhere(mentor)
        return await self._mentoring.memory(scope, case=case, subtask=subtask, q=q, after=after, limit=limit)

    async def edit(self, mentor: Mentor, entry: str, edit: EditMemory) -> MemoryEntry:
        """Change what is said from now on."""
        return await self._mentoring.edit_memory(entry, edit, self._scopes.everywhere(mentor))

    async def withdraw(self, mentor: Mentor, entry: str) -> None:
        """Give it to nobody any more."""
        await self._mentoring.withdraw(entry, self._scopes.everywhere(mentor))

    async def phrases(self, mentor: Mentor) -> tuple[Phrase, ...]:
        """The mentor's comment bank."""
        return await self._mentoring.phrases(self._scopes.everywhere(mentor))

    async def add_phrase(self, mentor: Mentor, phrase: WritePhrase) -> Phrase:
        """Put words into it."""
        return await self._mentoring.add_phrase(phrase, self._scopes.everywhere(mentor))

    async def drop_phrase(self, mentor: Mentor, phrase: str) -> None:
        """Take words out of it."""
        await self._mentoring.drop_phrase(phrase, self._scopes.everywhere(mentor))
