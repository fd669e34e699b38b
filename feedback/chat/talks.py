"""What is kept of conversations, one transaction a step: the question, the prompt, the answer, the summary."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from feedback.assistance.reflection import enough
from feedback.chat import prompting
from feedback.chat import rows as wire
from feedback.chat.errors import ConversationDeleted, MessagesSpent, ReasoningFirst
from feedback.chat.memory import Caps, Turn, capped, newest, overfull, summary_by_rules
from feedback.chat.models import ConversationRow, MessageRow
from feedback.chat.prompting import Known
from feedback.chat.repository import ConversationRepository, Owner
from feedback.chat.rules import BY_RULES
from feedback.chat.settings import ChatSettings
from feedback.privacy.redaction import Redactor
from services.contracts.chat import Conversation, Intent, Message
from services.contracts.feedback import Feedback
from services.contracts.identity import AiMode
from services.kit.clock import Clock
from services.kit.database import Database

LEFT: Final = "You went away before this was answered, so the answer was not finished. Ask again to have it."
_REMEMBERED_ANSWERS: Final = 30
"""A model's earlier answers in which pieces of a reference could hide."""
_HALF_READ: Final = 3
"""Answers of a step that may be read in part without paying: whoever always leaves before the last word, or has the
model end with what cannot be used, would have as many answers as there is time for."""
_MOST_ATTACHED: Final = 2
"""Changes that came along with messages may take so many times the room of the code before the window is cut."""
_UNCHANGED: Final = Known("", "")
Also = Callable[[AsyncSession], Awaitable[None]]
Judged = tuple[str, Feedback]
"""Digest of the code that was judged, and what came out."""


@dataclass(frozen=True)
class Put:
    """A learner's message as it came."""

    text: str
    reasoning: str | None
    intent: Intent
    mode: AiMode
    quota: int | None


@dataclass(frozen=True)
class Asked:
    """A question that is written down, and what the conversation knew before it."""

    owner: Owner
    conversation: str
    question: Message
    reasoning: str | None
    judged: Judged | None
    typed: tuple[str, ...]
    """What the learner has written in this conversation, this question last."""
    answers: tuple[str, ...]
    """All answers of this conversation, oldest first."""
    by_model: tuple[str, ...]
    """What this learner saw of a model's answers in this subtask: those before a reset, and those that were taken back
    or left, included."""


@dataclass(frozen=True)
class Window:
    """What the prompt for an answer holds of the conversation."""

    base: Known
    bridge: str
    turns: tuple[Turn, ...]
    """The question last."""


@dataclass(frozen=True)
class Overflow:
    """What a summary has still to take in."""

    window: int
    """As it was when this was read: somebody else may move it meanwhile."""
    summary: str
    dropped: tuple[Turn, ...]
    first_kept: int


class Talks:
    """Conversations in the database."""

    def __init__(self, db: Database, settings: ChatSettings, clock: Clock) -> None:
        self._db, self._settings, self._clock = db, settings, clock
        self._caps = Caps(settings.messages, settings.turn_chars, settings.history_chars, settings.summary_chars)

    async def begin(self, owner: Owner, put: Put) -> Asked:
        """Write the question down and take its place of the quota, in one transaction.

        Raises:
            ReasoningFirst: the conversation needs the learner's own reasoning first.
            MessagesSpent: no place is left.
        """
        now = self._clock()
        # The answer survives a power cut, and with it all that came before; until then nobody was told anything.
        async with self._db.write(survives=False, brief=True) as session:
            rows = ConversationRepository(session, owner)
            row = await rows.current_or(wire.new_conversation(owner, now))
            _require_reasoning(row, put)
            if put.quota is not None and await rows.places_taken(now - self._settings.held) >= put.quota:
                raise MessagesSpent(f"All {put.quota} messages to the assistant that this step allows are used.")
            earlier = await rows.messages(row.id, self._settings.shown)
            mine = MessageRow(
                id=secrets.token_hex(16),
                conversation=row.id,
                role="learner",
                text=put.text,
                prompted="",
                sent=now,
                reasoning=put.reasoning,
                intent=put.intent,
                state="open",
                counted=put.quota is not None,
                cites="[]",
                follow_ups="[]",
                truncated=False,
            )
            await rows.add(mine)
            row.last = now
            return Asked(
                owner=owner,
                conversation=row.id,
                question=wire.message(mine),
                reasoning=put.reasoning,
                judged=wire.judged(row),
                typed=tuple(wire.typed([*earlier, mine])),
                answers=tuple(m.text for m in earlier if m.role == "assistant"),
                by_model=tuple(await rows.said_by_model(_REMEMBERED_ANSWERS)),
            )

    async def window(self, asked: Asked, redactor: Redactor, judged: Judged | None, now: Known) -> Window:
        """Give the question its place in the prompt; what no longer fits is summed up by rules.

        Args:
            asked: the question, written down.
            redactor: of its learner; the prompt holds nothing that identifies a person.
            judged: to be remembered, where it is new.
            now: the learner's code and what the check says about it, as the prompt shall show them.

        Raises ConversationDeleted.
        """
        async with self._db.write(survives=False, brief=True) as session:
            rows = ConversationRepository(session, asked.owner)
            row, mine = await _both(rows, asked)
            if judged is not None:
                row.judged, row.feedback = judged[0], judged[1].for_learner().model_dump_json()
            talk = await rows.in_prompt(row.id, row.window)
            turns = self._turns(talk, redactor)
            if not row.base_facts:
                row.base_code, row.base_facts, row.code, row.facts = now.code, now.facts, now.code, now.facts
            elif overfull(turns, self._caps) or row.attached > _MOST_ATTACHED * len(row.base_code + row.base_facts):
                kept = newest(turns, self._caps)
                dropped = turns[: len(turns) - len(kept)]
                row.summary = summary_by_rules(row.summary, dropped, self._caps.summary_chars)
                row.window = kept[0].seq if kept else mine.seq
                turns = _without_code(talk, kept)
                _bridge(row, now)
            said = self._said(mine, redactor)
            reasoning = capped(redactor.text(asked.reasoning), self._caps.turn_chars) if asked.reasoning else None
            mine.prompted, attached = prompting.question(said, reasoning, Known(row.code, row.facts), now)
            row.code, row.facts, row.attached = now.code, now.facts, row.attached + attached
            last = Turn(mine.seq, "learner", said, mine.prompted)
            return Window(Known(row.base_code, row.base_facts), row.bridge, (*turns, last))

    async def keep(
        self,
        asked: Asked,
        question: Message,
        answer: Message,
        *,
        counted: bool,
        quota: int | None,
        also: Also,
        withdrawn: str = "",
        spoiled: bool = False,
    ) -> int | None:
        """Write down the answer, the question's intent, and whatever else belongs into the same transaction.

        `withdrawn`: what the learner saw of another answer before that was taken back; `spoiled`: that it was for what
        the answer went on to say, not because the model failed.

        Returns how many places of the quota are left. Raises ConversationDeleted.
        """
        async with self._db.write(brief=True) as session:
            rows = ConversationRepository(session, asked.owner)
            row, mine = await _both(rows, asked)
            mine.state, mine.intent = "answered", question.intent
            mine.counted = quota is not None and (counted or (spoiled and await _is_habit(rows)))
            spoken = capped(answer.text.removesuffix(BY_RULES).strip(), self._caps.turn_chars)
            await rows.add(wire.answer_row(row.id, mine.id, answer, spoken, withdrawn or None))
            row.last = answer.sent
            await also(session)
            return await self._left(rows, quota)

    async def leave(self, asked: Asked, shown: str, also: Also) -> None:
        """Note that the learner did not wait: the question stays, and costs nothing where that is no habit.

        `shown`: what they saw of a model's answer; `also` belongs into the same transaction where that is something.
        """
        now = self._clock()
        async with self._db.write(brief=True) as session:
            rows = ConversationRepository(session, asked.owner)
            try:
                row, mine = await _both(rows, asked)
            except ConversationDeleted:
                return
            mine.state, mine.counted = "left", mine.counted and bool(shown) and await _is_habit(rows)
            note = Message(id=secrets.token_hex(16), role="assistant", text=LEFT, sent=now, words_by="rules")
            await rows.add(wire.answer_row(row.id, mine.id, note, prompted="", withdrawn=shown or None))
            row.last = now
            if shown:
                await also(session)

    async def overflow(self, asked: Asked, redactor: Redactor) -> Overflow | None:
        """What should be summed up before the next question; None: everything still fits."""
        async with self._db.read(brief=True) as session:
            rows = ConversationRepository(session, asked.owner)
            row = await rows.conversation(asked.conversation)
            if row is None or row.closed is not None:
                return None
            turns = self._turns(await rows.in_prompt(row.id, row.window), redactor)
            if not overfull(turns, self._caps):
                return None
            kept = newest(turns, self._caps)
            dropped = turns[: len(turns) - len(kept)]
            return Overflow(row.window, row.summary, tuple(dropped), dropped[-1].seq + 1)

    async def sum_up(self, asked: Asked, overflow: Overflow, summary: str, redactor: Redactor) -> bool:
        """Put the summary in the place of what it sums up; False: the window has been moved meanwhile."""
        async with self._db.write() as session:
            rows = ConversationRepository(session, asked.owner)
            row = await rows.conversation(asked.conversation, lock=True)
            if row is None or row.window != overflow.window:
                return False
            row.window, row.summary = overflow.first_kept, capped(summary, self._caps.summary_chars)
            talk = await rows.in_prompt(row.id, row.window)
            _without_code(talk, self._turns(talk, redactor))
            _bridge(row, Known(row.code, row.facts))
            return True

    async def view(self, owner: Owner, mode: AiMode, quota: int | None) -> Conversation:
        """The conversation that goes on, as its learner may read it."""
        async with self._db.read(brief=True) as session:
            rows = ConversationRepository(session, owner)
            row = await rows.current()
            messages = await rows.messages(row.id, self._settings.shown) if row is not None else ()
            return Conversation(
                subtask=owner.subtask,
                messages=tuple(wire.message(m) for m in wire.paired(messages)),
                reasoning_needed=mode == "lead_and_reveal" and not enough(row.reasoning if row else None),
                left=await self._left(rows, quota),
            )

    async def close(self, owner: Owner) -> None:
        """End the conversation that goes on; the next question begins another one."""
        async with self._db.write() as session:
            row = await ConversationRepository(session, owner).current(lock=True)
            if row is not None:
                row.closed = self._clock()

    async def _left(self, rows: ConversationRepository, quota: int | None) -> int | None:
        if quota is None:
            return None
        return max(0, quota - await rows.places_taken(self._clock() - self._settings.held))

    def _turns(self, talk: Sequence[MessageRow], redactor: Redactor) -> list[Turn]:
        return [
            Turn(m.seq, "learner", self._said(m, redactor), m.prompted)
            if m.role == "learner"
            else Turn(m.seq, "assistant", m.prompted, m.prompted)
            for m in talk
        ]

    def _said(self, message: MessageRow, redactor: Redactor) -> str:
        return capped(redactor.text(message.text), self._caps.turn_chars)


def _require_reasoning(row: ConversationRow, put: Put) -> None:
    if put.mode != "lead_and_reveal" or enough(row.reasoning):
        return
    if not enough(put.reasoning):
        raise ReasoningFirst(
            "This case wants your own thought first: say in three words or more what you think is going on, and send "
            "it with your question."
        )
    row.reasoning = put.reasoning


async def _is_habit(rows: ConversationRepository) -> bool:
    return await rows.seen_for_nothing() >= _HALF_READ


async def _both(rows: ConversationRepository, asked: Asked) -> tuple[ConversationRow, MessageRow]:
    """The conversation and the question, unless somebody deleted them meanwhile."""
    row = await rows.conversation(asked.conversation, lock=True)
    mine = await rows.message(asked.question.id)
    if row is None or mine is None:
        raise ConversationDeleted(
            "This conversation was deleted while your question was being answered. Ask again to begin a new one."
        )
    return row, mine


def _bridge(row: ConversationRow, now: Known) -> None:
    """Say in front of the window what has changed; only where the code is another one the front is written anew."""
    base = Known(row.base_code, row.base_facts)
    if prompting.rewritten(base, now):
        base = now
        row.base_code, row.base_facts = now.code, now.facts
    row.bridge = prompting.bridge(row.summary, base, now)
    row.code, row.facts, row.attached = now.code, now.facts, 0


def _without_code(talk: Sequence[MessageRow], kept: Sequence[Turn]) -> list[Turn]:
    """The turns that stay, without the code that came along with them: what stands in front of them holds it."""
    by_seq = {message.seq: message for message in talk}
    plain = []
    for turn in kept:
        if turn.role == "learner":
            by_seq[turn.seq].prompted = prompting.question(turn.said, None, _UNCHANGED, _UNCHANGED)[0]
        plain.append(Turn(turn.seq, turn.role, turn.said, by_seq[turn.seq].prompted))
    return plain
