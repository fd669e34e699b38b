"""Words, hints and chat as the gateway double gives them: scripted, slow on demand, able to fail, leak and be away."""

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from pydantic import BaseModel

from services.contracts.assistance import AiChoice, Assistance, WordsBy
from services.contracts.chat import AskChat, ChatDelta, ChatDone, ChatRetracted, Cited, Conversation, Message
from services.contracts.feedback import Feedback, LocalizedWarning, Verdict
from services.contracts.hint import (
    MIN_REFLECTION_WORDS,
    AskHint,
    HintKind,
    HintShelf,
    HintsLeft,
    HintView,
    RateHint,
    Reflect,
)
from services.contracts.identity import AiMode
from services.contracts.lab import LabWorded
from services.contracts.notebook import Place
from services.contracts.progress import Version
from services.contracts.words import WordsPart
from services.kit.errors import CaseloopError
from tests.e2e.lab.case_double import Standing

Events = AsyncIterator[tuple[str, BaseModel]]

HEADLINE = "Your code runs; what it adds up is not the whole list."
WARNING = "Each round forgets what the rounds before it had found."
REMARK = "A running sum is a value that every round takes over from the one before."
ANSWER = "Look at what `total` holds after the second price. Which prices does it know about?"
LEAK = "Just write total = sum(prices) and"
RULES_ANSWER = "The last check found that `total` leaves prices out. Open the hints below the cell one at a time."
FOLLOW_UPS = ("Why is it the last price?", "How do I see each round?", "What is a running sum?")
HINTS: dict[HintKind, str] = {
    "plan": "Decide first what has to survive from one price to the next.",
    "debug": "Print `total` inside the loop: it should never get smaller on this list.",
    "optimize": "The language has a word of its own for this loop.",
}


class HintNotFound(CaseloopError):
    """There is no such hint of the learner's."""

    status, error = 404, "hint_not_found"


class AiOff(CaseloopError):
    """The case is without AI."""

    status, error = 403, "ai_off"


class AiDeclined(CaseloopError):
    """The learner decided against AI."""

    status, error = 403, "ai_declined"


class ChoiceMissing(CaseloopError):
    """The learner has not decided yet."""

    status, error = 409, "choice_missing"


class RatingFirst(CaseloopError):
    """An earlier hint waits for its rating."""

    status, error = 409, "rating_first"


class HintsSpent(CaseloopError):
    """No hint of this kind is left."""

    status, error = 429, "hints_spent"


class MessagesSpent(CaseloopError):
    """No message is left."""

    status, error = 429, "messages_spent"


class ReasoningFirst(CaseloopError):
    """The learner's own reasoning is missing."""

    status, error = 409, "reasoning_first"


class Assistant:
    """What the double's assistant knows and how it behaves; tests read and change it.

    As in the product: nothing by a model before the learner's choice, hints and chat refused without it.
    """

    def __init__(self) -> None:
        self.mode: AiMode = "full"
        self.choice: bool | None = None
        self.chosen: list[bool] = []
        self.uses = 0
        self.model: str | None = "a-model"
        self.remote = False
        self.pace = 0.0
        """Seconds before each sentence of words, each stage of a hint, each word of an answer."""
        self.hold = threading.Event()
        """Words wait after their first sentence, hints in the stage `repairing`, answers after their third word."""
        self.hold.set()
        self.instead = threading.Event()
        """What comes in place of a retracted answer waits after its third word until it is set."""
        self.instead.set()
        self.away = False
        """The model is away: everything is worded by rules."""
        self.leak = False
        """The model gives something away: what was shown is retracted and rules answer."""
        self.refusal: CaseloopError | None = None
        """Refuse words, hints and messages with this."""
        self.breaks: CaseloopError | None = None
        """End words and answers with this error after they began; hints fail."""
        self.quota: dict[HintKind, int | None] = {"plan": 1, "debug": 3, "optimize": 1}
        self.overall: int | None = None
        self.messages_left: int | None = None
        self.worded: list[str] = []
        self.hints: list[HintView] = []
        self.asked: list[AskHint] = []
        self.questions: list[AskChat] = []
        self.cancelled = 0
        """Streams that their reader left."""
        self._said: dict[str, list[Message]] = {}
        self._making: set[asyncio.Task[None]] = set()

    def release(self) -> None:
        """Let go of everything that waits."""
        self.hold.set()
        self.instead.set()

    def standing(self) -> Assistance:
        chosen = datetime.now(UTC) if self.chosen else None
        return Assistance(
            mode=self.mode, choice=self.choice, chosen=chosen, uses=self.uses, model=self.model, remote=self.remote
        )

    def choose(self, choice: AiChoice) -> Assistance:
        self.choice = choice.ai
        self.chosen.append(choice.ai)
        return self.standing()

    async def words(self, version: Version, standing: Standing) -> Events:
        """Sentence by sentence; rules keep the word where no model may or can write."""
        self.worded.append(version.submission)
        if self.refusal:
            raise self.refusal
        feedback = version.feedback
        assert feedback is not None
        if feedback.verdict is Verdict.NEEDS_WORK and feedback.words_by == "rules" and self._writes == "model":
            try:
                async for part in self._sentences(feedback):
                    yield "words", part
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
            if not self.leak:
                feedback = _reworded(feedback)
                self.uses += 1
                standing.reword(version.submission, feedback)
        yield "worded", LabWorded(submission=version.submission, feedback=feedback.for_learner())

    async def _sentences(self, feedback: Feedback) -> AsyncIterator[WordsPart]:
        finding = feedback.findings[0].id if feedback.findings else None
        for index, part in enumerate((WordsPart(text=WARNING, finding=finding), WordsPart(text=REMARK))):
            await asyncio.sleep(self.pace)
            yield part
            if index == 0:
                await self._held(self.hold)
                self._maybe_break()

    def ask_hint(self, ask: AskHint) -> HintView:
        self._admit()
        shelf = self.shelf(ask.subtask)
        if shelf.unrated:
            raise RatingFirst("Say first whether your last hint helped.")
        if 0 in (getattr(shelf.left, ask.kind), shelf.left.overall):
            raise HintsSpent(f"You have used all hints of the kind {ask.kind!r} for this step.")
        self.asked.append(ask)
        hint = HintView(
            id=uuid.uuid4().hex, subtask=ask.subtask, kind=ask.kind, state="working", asked=datetime.now(UTC)
        )
        self.hints.append(hint)
        making = asyncio.create_task(self._make(hint.id))
        self._making.add(making)
        making.add_done_callback(self._making.discard)
        return hint

    def shelf(self, subtask: str) -> HintShelf:
        hints = tuple(hint for hint in self.hints if hint.subtask == subtask)
        counted = [hint.kind for hint in hints if hint.counted]

        def left(kind: HintKind) -> int | None:
            quota = self.quota[kind]
            return None if quota is None else max(0, quota - counted.count(kind))

        overall = None if self.overall is None else max(0, self.overall - len(counted))
        unrated = next((hint.id for hint in hints if hint.state == "ready" and hint.helpful is None), None)
        return HintShelf(
            subtask=subtask,
            hints=hints,
            left=HintsLeft(plan=left("plan"), debug=left("debug"), optimize=left("optimize"), overall=overall),
            unrated=unrated,
        )

    async def follow(self, hint: str) -> Events:
        """The hint each time it changes while it is being made."""
        seen = None
        try:
            while seen is None or seen.state == "working":
                now = self.hint(hint)
                if now != seen:
                    seen = now
                    yield "hint", now
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    def reflect(self, hint: str, reflection: Reflect) -> HintView:
        known = self._change(hint, reflection=reflection.text)
        if known.state == "reflect" and _thought(reflection.text):
            self._deliver(hint)
        return self.hint(hint)

    def rate(self, hint: str, rating: RateHint) -> HintView:
        return self._change(hint, helpful=rating.helpful)

    def hint(self, hint: str) -> HintView:
        known = next((known for known in self.hints if known.id == hint), None)
        if known is None:
            raise HintNotFound("There is no such hint of yours.")
        return known

    async def _make(self, hint: str) -> None:
        for stage in ("checking", "repairing", "wording", "trying"):
            await asyncio.sleep(self.pace)
            self._change(hint, stage=stage)
            if stage == "repairing":
                await self._held(self.hold)
            if self.breaks:
                self._change(hint, state="failed", counted=False, problem=self.breaks.detail)
                return
        if self.mode == "lead_and_reveal" and not _thought(self.hint(hint).reflection):
            self._change(hint, state="reflect", stage="done")
        else:
            self._deliver(hint)

    def _deliver(self, hint: str) -> None:
        known = self.hint(hint)
        place = Place(cell=known.subtask, line=1) if known.kind == "debug" else None
        self._change(hint, state="ready", stage="done", text=HINTS[known.kind], place=place, words_by=self._writes)
        self.uses += 1

    def _change(self, hint: str, **changes: object) -> HintView:
        changed = self.hint(hint).model_copy(update=changes)
        self.hints = [changed if known.id == hint else known for known in self.hints]
        return changed

    async def chat(self, ask: AskChat, standing: Standing) -> Events:
        """Word by word; a leak is retracted in the middle, and rules answer instead."""
        self._admit()
        before = self.conversation(ask.subtask)
        if before.reasoning_needed and not _thought(ask.reasoning):
            raise ReasoningFirst("Say first, in three words or more, what you think.")
        if self.messages_left == 0:
            raise MessagesSpent("You have used all messages for this step.")
        self.questions.append(ask)
        try:
            async for event in self._answer():
                yield event
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        yield "answer", self._kept(ask, standing)

    async def _answer(self) -> Events:
        if self.leak:
            for word in LEAK.split():
                await asyncio.sleep(self.pace)
                yield "delta", ChatDelta(text=f"{word} ")
            await self._held(self.hold)
            yield "retracted", ChatRetracted()
        text = ANSWER if self._writes == "model" and not self.leak else RULES_ANSWER
        for index, word in enumerate(text.split()):
            if index == 3:
                await self._held(self.instead if self.leak else self.hold)
                self._maybe_break()
            await asyncio.sleep(self.pace)
            yield "delta", ChatDelta(text=f" {word}" if index else word)

    def _kept(self, ask: AskChat, standing: Standing) -> ChatDone:
        words_by: WordsBy = "rules" if self.leak else self._writes
        text = ANSWER if words_by == "model" else RULES_ANSWER
        last = next((version for version in standing.versions if version.subtask == ask.subtask), None)
        findings = last.feedback.findings if last and last.feedback else ()
        question = Message(id=uuid.uuid4().hex, role="learner", text=ask.text, sent=datetime.now(UTC), intent="debug")
        answer = Message(
            id=uuid.uuid4().hex, role="assistant", text=text, sent=datetime.now(UTC), words_by=words_by,
            cites=tuple(Cited(finding=finding.id, message=finding.message) for finding in findings),
            follow_ups=FOLLOW_UPS,
        )  # fmt: skip
        self._said.setdefault(ask.subtask, []).extend((question, answer))
        self.messages_left = None if self.messages_left is None else self.messages_left - 1
        self.uses += 1
        return ChatDone(question=question, answer=answer, left=self.messages_left)

    def conversation(self, subtask: str) -> Conversation:
        said = tuple(self._said.get(subtask, ()))
        needed = self.mode == "lead_and_reveal" and not said
        return Conversation(subtask=subtask, messages=said, reasoning_needed=needed, left=self.messages_left)

    def reset(self, subtask: str) -> Conversation:
        self._said.pop(subtask, None)
        return self.conversation(subtask)

    @property
    def _writes(self) -> WordsBy:
        able = self.model is not None and not self.away
        return "model" if able and self.choice and self.mode != "none" else "rules"

    def _admit(self) -> None:
        if self.refusal:
            raise self.refusal
        if self.mode == "none":
            raise AiOff("This case is solved without an assistant.")
        if self.choice is None:
            raise ChoiceMissing("Decide first whether an AI may help you in this case.")
        if not self.choice:
            raise AiDeclined("You decided to work without AI in this case. You can change that at any time.")

    async def _held(self, event: threading.Event) -> None:
        while not event.is_set():
            await asyncio.sleep(0.02)

    def _maybe_break(self) -> None:
        if self.breaks:
            raise self.breaks


def _thought(text: str | None) -> bool:
    return len((text or "").split()) >= MIN_REFLECTION_WORDS


def _reworded(feedback: Feedback) -> Feedback:
    warnings = tuple(
        LocalizedWarning(place=finding.place, message=WARNING, finding=finding.id)
        for finding in feedback.findings
        if finding.place
    )
    return feedback.model_copy(
        update={"headline": HEADLINE, "warnings": warnings, "remarks": (REMARK,), "words_by": "model"}
    )
