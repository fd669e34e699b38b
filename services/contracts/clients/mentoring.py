from urllib.parse import quote

from pydantic import TypeAdapter

from services.contracts.clients.service import ServiceClient
from services.contracts.escalation import (
    AnswerEscalation,
    AskQueue,
    EditMemory,
    EscalationFull,
    EscalationView,
    MemoryEntry,
    MemoryPage,
    Open,
    OwnQuestion,
    Phrase,
    QueuePage,
    RateAnswer,
    RateMemory,
    Recall,
    Recalled,
    WriteNote,
    WritePhrase,
)
from services.contracts.measures import Measures

_VIEWS = TypeAdapter(tuple[EscalationView, ...])
_OWN = TypeAdapter(tuple[OwnQuestion, ...])
_IDS = TypeAdapter(tuple[str, ...])
_PHRASES = TypeAdapter(tuple[Phrase, ...])
_FIRST = AskQueue()


class MentoringClient(ServiceClient):
    """`services.mentoring`: escalations, remembered answers, comment banks, measures.

    `scope` is the scope token of whoever asks: a learner's for their own escalations, a mentor's (role `mentor` or
    `admin`, case `*` for all of them) for the queue. 403 `not_a_mentor` for mentors' calls with another role, 404
    `escalation_not_found` for what is not there or somebody else's.
    """

    name = "mentoring"

    # Learners, through the gateway.

    async def open(self, escalation: Open, scope: str) -> EscalationView:
        """Ask a mentor. Idempotent by submission; while one of the subtask is open, that one is returned.

        Who asks, and about which case and version, is taken from the scope alone.
        """
        return _view(await self._post("/escalations", escalation.model_dump_json(), scope))

    async def mine(self, scope: str, subtask: str | None = None) -> tuple[EscalationView, ...]:
        """The learner's own escalations of the case, newest first; at most 200."""
        params = {} if subtask is None else {"subtask": subtask}
        return _VIEWS.validate_json((await self._call("GET", "/escalations", scope=scope, params=params)).content)

    async def one(self, escalation: str, scope: str) -> EscalationView:
        """One escalation of the learner's own. 404 `escalation_not_found`."""
        return _view((await self._call("GET", f"/escalations/{escalation}", scope=scope)).content)

    async def write(self, escalation: str, note: WriteNote, scope: str) -> EscalationView:
        """The learner's next turn. 409 `escalation_closed` when cancelled, 429 `conversation_full`."""
        return _view(await self._post(f"/escalations/{escalation}/notes", note.model_dump_json(), scope))

    async def rate(self, escalation: str, rating: RateAnswer, scope: str) -> EscalationView:
        """Whether the answer helped; unhelpful reopens. 409 `nothing_to_rate` before there is an answer."""
        return _view(await self._post(f"/escalations/{escalation}/rating", rating.model_dump_json(), scope))

    async def cancel(self, escalation: str, scope: str) -> EscalationView:
        """The learner needs no mentor any more; idempotent. 409 `already_answered`."""
        return _view(await self._post(f"/escalations/{escalation}/cancellation", None, scope))

    async def rate_memory(self, entry: str, rating: RateMemory, scope: str) -> MemoryEntry:
        """Whether a remembered answer helped; once a learner, entry and submission. 404 `memory_not_found`."""
        content = await self._post(f"/memory/{entry}/rating", rating.model_dump_json(), scope)
        return MemoryEntry.model_validate_json(content)

    async def unhelpful_memory(self, scope: str) -> tuple[str, ...]:
        """The learner's versions in the case to which a remembered answer did not help, newest first; at most 200."""
        return _IDS.validate_json((await self._call("GET", "/memory/unhelpful", scope=scope)).content)

    # The Hub, which speaks for whoever is signed in.

    async def questions_of(self, user: str) -> tuple[OwnQuestion, ...]:
        """A learner's questions in all cases, newest first; at most 200. Without a scope, for the Hub's page only."""
        return _OWN.validate_json((await self._call("GET", f"/users/{quote(user, safe='')}/questions")).content)

    # Mentors, through the dashboard.

    async def queue(self, scope: str, asked: AskQueue = _FIRST) -> QueuePage:
        """A part of the queue, most urgent first; of what is over, the newest first."""
        params = asked.model_dump(mode="json", exclude_defaults=True)
        return QueuePage.model_validate_json((await self._call("GET", "/queue", scope=scope, params=params)).content)

    async def same(
        self, escalation: str, scope: str, *, after: str | None = None, limit: int | None = None
    ) -> QueuePage:
        """Others in the queue with the same problem, most urgent first: 50, or `limit` (at most 200).

        404 `escalation_not_found`.
        """
        asked = {"after": after, "limit": None if limit is None else str(limit)}
        params = {name: value for name, value in asked.items() if value is not None}
        content = (await self._call("GET", f"/queue/{escalation}/same", scope=scope, params=params)).content
        return QueuePage.model_validate_json(content)

    async def take_next(self, scope: str) -> EscalationFull:
        """Take the most urgent one that waits, for half an hour. 404 `queue_empty`."""
        return _full(await self._post("/queue/next", None, scope))

    async def full(self, escalation: str, scope: str) -> EscalationFull:
        """All about one escalation; that it was looked at is kept in the audit log."""
        return _full((await self._call("GET", f"/queue/{escalation}", scope=scope)).content)

    async def lease(self, escalation: str, scope: str) -> EscalationFull:
        """Take this one, or hold it for longer. 409 `lease_taken`, `not_waiting`."""
        return _full(await self._post(f"/queue/{escalation}/lease", None, scope))

    async def release(self, escalation: str, scope: str) -> None:
        """Give it back to the queue; nothing happens when this mentor does not hold it."""
        await self._call("DELETE", f"/queue/{escalation}/lease", scope=scope)

    async def write_as_mentor(self, escalation: str, note: WriteNote, scope: str) -> EscalationFull:
        """A turn that is no answer yet, or one after it. 409 `lease_needed`, 429 `conversation_full`."""
        return _full(await self._post(f"/queue/{escalation}/notes", note.model_dump_json(), scope))

    async def answer(self, escalation: str, answer: AnswerEscalation, scope: str) -> EscalationFull:
        """Answer it, and those in `also`, all or none. 409 `lease_needed`, `other_signature`, `not_waiting`."""
        return _full(await self._post(f"/queue/{escalation}/answer", answer.model_dump_json(), scope))

    async def memory(
        self,
        scope: str,
        *,
        case: str | None = None,
        subtask: str | None = None,
        q: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> MemoryPage:
        """A part of the remembered answers: 50, or `limit` (at most 200).

        Those first that wait for a mentor's confirmation, then the newest. `q` stands in the answer, the signature or
        the headline of the question that was answered.
        """
        asked = {
            "case": case,
            "subtask": subtask,
            "q": q,
            "after": after,
            "limit": None if limit is None else str(limit),
        }
        params = {name: value for name, value in asked.items() if value is not None}
        return MemoryPage.model_validate_json((await self._call("GET", "/memory", scope=scope, params=params)).content)

    async def edit_memory(self, entry: str, edit: EditMemory, scope: str) -> MemoryEntry:
        """Change a remembered answer, which confirms it too. 404 `memory_not_found`, 409 `memory_withdrawn`."""
        response = await self._call("PUT", f"/memory/{entry}", content=edit.model_dump_json(), scope=scope)
        return MemoryEntry.model_validate_json(response.content)

    async def withdraw(self, entry: str, scope: str) -> None:
        """Give it to nobody any more; idempotent. 404 `memory_not_found`."""
        await self._call("DELETE", f"/memory/{entry}", scope=scope)

    async def phrases(self, scope: str) -> tuple[Phrase, ...]:
        """This mentor's comment bank, most used first."""
        return _PHRASES.validate_json((await self._call("GET", "/phrases", scope=scope)).content)

    async def add_phrase(self, phrase: WritePhrase, scope: str) -> Phrase:
        """Put words into the comment bank; the same words again count as a use. 429 `bank_full`."""
        return Phrase.model_validate_json(await self._post("/phrases", phrase.model_dump_json(), scope))

    async def drop_phrase(self, phrase: str, scope: str) -> None:
        """Take words out of the comment bank; idempotent."""
        await self._call("DELETE", f"/phrases/{phrase}", scope=scope)

    async def measures(self, scope: str, *, case: str | None = None, days: int = 7) -> Measures:
        """How much mentors were asked in the last days, 1 to 365, and week by week.

        `judged` and `hints_helpful_share` are not known here.
        """
        params = {"days": str(days)} if case is None else {"days": str(days), "case": case}
        return Measures.model_validate_json((await self._call("GET", "/measures", scope=scope, params=params)).content)

    # `feedback`, in the middle of a check.

    async def recall(self, recall: Recall, scope: str) -> Recalled:
        """What mentors have answered to these signatures, in the scope's case and version; counts as shown."""
        return Recalled.model_validate_json(await self._post("/memory/recalls", recall.model_dump_json(), scope))

    async def _post(self, path: str, content: str | None, scope: str) -> bytes:
        return (await self._call("POST", path, content=content, scope=scope)).content


def _view(content: bytes) -> EscalationView:
    return EscalationView.model_validate_json(content)


def _full(content: bytes) -> EscalationFull:
    return EscalationFull.model_validate_json(content)
