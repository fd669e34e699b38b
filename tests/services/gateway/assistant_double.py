"""The part of `feedback` that words, hints and talks, as its contract says: everything belongs to a scope's learner."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.contracts.assistance import AiChoice, Assistance
from services.contracts.chat import AskChat, ChatDelta, ChatDone, ChatRetracted, Conversation, Message
from services.contracts.hint import AskHint, HintShelf, HintsLeft, HintView, RateHint, Reflect
from services.contracts.identity import ScopeClaims
from services.contracts.words import Worded, Words, WordsPart, WordsRequest
from services.kit.errors import CaseloopError
from services.kit.peer import require_peer
from services.kit.scope import Scope
from services.kit.stream import ndjson

SENTENCE = "Your mean grows with every value twice."
HEADLINE = "The mean is not yet the mean."


class HintNotFound(CaseloopError):
    status, error = 404, "hint_not_found"


class HintsSpent(CaseloopError):
    status, error = 429, "hints_spent"


class AiOff(CaseloopError):
    status, error = 403, "ai_off"


class AiDeclined(CaseloopError):
    status, error = 403, "ai_declined"


class ChoiceMissing(CaseloopError):
    status, error = 409, "choice_missing"


class OtherRefusal(CaseloopError):
    status, error = 403, "caller_not_allowed"


class Exploded(CaseloopError):
    status, error = 500, "exploded"


REFUSALS = {"off": AiOff, "declined": AiDeclined, "undecided": ChoiceMissing, "spent": HintsSpent, "odd": OtherRefusal}


@dataclass
class Assistant:
    """What is asked says what it does: the last cell's source for words and hints, the message for chat."""

    scopes: list[ScopeClaims] = field(default_factory=list)
    worded: list[WordsRequest] = field(default_factory=list)
    asked: list[AskHint] = field(default_factory=list)
    questions: list[AskChat] = field(default_factory=list)
    hints: dict[str, tuple[str, str, HintView]] = field(default_factory=dict)
    """By id: the learner, the case, the hint."""
    choices: dict[tuple[str, str], bool] = field(default_factory=dict)
    talks: dict[tuple[str, str, str | None], list[Message]] = field(default_factory=dict)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    """Ends the waiting of `dawdle`, and of a hint that is followed."""
    running: int = 0

    def router(self) -> APIRouter:
        router = APIRouter(dependencies=[Depends(require_peer("gateway"))])
        router.add_api_route("/words", self.words, methods=["POST"], response_model=None)
        router.add_api_route("/assistance", self.assistance, methods=["GET"])
        router.add_api_route("/assistance/choice", self.choose, methods=["POST"])
        router.add_api_route("/hints", self.ask_hint, methods=["POST"])
        router.add_api_route("/hints", self.shelf, methods=["GET"])
        router.add_api_route("/hints/{hint}", self.hint, methods=["GET"])
        router.add_api_route("/hints/{hint}/events", self.follow, methods=["GET"], response_model=None)
        router.add_api_route("/hints/{hint}/reflection", self.reflect, methods=["POST"])
        router.add_api_route("/hints/{hint}/rating", self.rate, methods=["POST"])
        router.add_api_route("/chat", self.chat, methods=["POST"], response_model=None)
        router.add_api_route("/chat", self.conversation, methods=["GET"])
        router.add_api_route("/chat/reset", self.reset, methods=["POST"])
        return router

    async def words(self, scope: Scope, body: WordsRequest) -> Response:
        self.scopes.append(scope)
        self.worded.append(body)
        if "garbled" in body.cells[-1].source:
            return Response(b'{"kind": "worded", "words": 42}\n', media_type="application/x-ndjson")
        return ndjson(self._words(body.cells[-1].source))

    async def _words(self, source: str) -> AsyncIterator[BaseModel]:
        if "explode" in source:
            raise Exploded("Something broke.")
        self.running += 1
        try:
            yield WordsPart(text=SENTENCE, finding="f1")
            if "dawdle" in source:
                await self.release.wait()
            if "snap" in source:
                raise Exploded("The connection breaks off after a few parts.")
            if "mute" in source:
                return
            yield WordsPart(text="Think of what is divided.")
            by = "rules" if "leak" in source else "model"
            yield Worded(words=Words(headline=HEADLINE, remarks=("Think of what is divided.",), words_by=by))
        finally:
            self.running -= 1

    async def assistance(self, scope: Scope) -> Assistance:
        self.scopes.append(scope)
        choice = self.choices.get((scope.user, scope.case))
        return Assistance(mode=scope.ai_mode, choice=choice, uses=0, model="a-model", remote=False)

    async def choose(self, scope: Scope, body: AiChoice) -> Assistance:
        self.choices[scope.user, scope.case] = body.ai
        return await self.assistance(scope)

    async def ask_hint(self, scope: Scope, body: AskHint) -> HintView:
        self.scopes.append(scope)
        self.asked.append(body)
        for word, refusal in REFUSALS.items():
            if body.cells and word in body.cells[-1].source:
                raise refusal(f"No hint: {word}.")
        view = HintView(
            id=uuid.uuid4().hex, subtask=body.subtask, kind=body.kind, state="working", asked=datetime.now(UTC)
        )
        self.hints[view.id] = (scope.user, scope.case, view)
        return view

    async def shelf(self, scope: Scope, subtask: str) -> HintShelf:
        self.scopes.append(scope)
        assert scope.subtask in (None, subtask)
        own = [view for user, case, view in self.hints.values() if (user, case) == (scope.user, scope.case)]
        hints = tuple(view for view in own if view.subtask == subtask)
        left = HintsLeft(plan=1, debug=3 - len(hints), optimize=1, overall=None)
        return HintShelf(subtask=subtask, hints=hints, left=left, unrated=None)

    async def hint(self, scope: Scope, hint: str) -> HintView:
        self.scopes.append(scope)
        user, case, view = self.hints.get(hint, ("", "", None))
        if view is None or (user, case) != (scope.user, scope.case):
            raise HintNotFound(f"You have no hint {hint}.")
        return view

    async def follow(self, scope: Scope, hint: str) -> StreamingResponse:
        await self.hint(scope, hint)
        return ndjson(self._changes(scope, hint))

    async def _changes(self, scope: ScopeClaims, hint: str) -> AsyncIterator[BaseModel]:
        self.running += 1
        try:
            yield await self.hint(scope, hint)
            await self.release.wait()
            yield await self._change(scope, hint, state="ready", text="Divide once.", words_by="model")
        finally:
            self.running -= 1

    def to_reflect(self, hint: str) -> None:
        """Let a hint wait for its learner's thought."""
        user, case, view = self.hints[hint]
        self.hints[hint] = (user, case, view.model_copy(update={"state": "reflect"}))

    async def reflect(self, scope: Scope, hint: str, body: Reflect) -> HintView:
        return await self._change(scope, hint, reflection=body.text)

    async def rate(self, scope: Scope, hint: str, body: RateHint) -> HintView:
        return await self._change(scope, hint, helpful=body.helpful)

    async def _change(self, scope: ScopeClaims, hint: str, **changes: object) -> HintView:
        view = (await self.hint(scope, hint)).model_copy(update=changes)
        self.hints[hint] = (scope.user, scope.case, view)
        return view

    async def chat(self, scope: Scope, body: AskChat) -> StreamingResponse:
        self.scopes.append(scope)
        self.questions.append(body)
        return ndjson(self._answer(scope, body))

    async def _answer(self, scope: ScopeClaims, body: AskChat) -> AsyncIterator[BaseModel]:
        for word, refusal in REFUSALS.items():
            if word in body.text:
                raise refusal(f"No answer: {word}.")
        if "explode" in body.text:
            raise Exploded("Something broke.")
        self.running += 1
        try:
            yield ChatDelta(text="Look ")
            if "dawdle" in body.text:
                await self.release.wait()
            if "snap" in body.text:
                raise Exploded("The connection breaks off after a few parts.")
            if "leak" in body.text:
                yield ChatRetracted()
            yield ChatDelta(text="again.")
            yield self._kept(scope, body)
        finally:
            self.running -= 1

    def _kept(self, scope: ScopeClaims, body: AskChat) -> ChatDone:
        by = "rules" if "leak" in body.text else "model"
        question = Message(id=uuid.uuid4().hex, role="learner", text=body.text, sent=datetime.now(UTC))
        answer = Message(id=uuid.uuid4().hex, role="assistant", text="again.", sent=datetime.now(UTC), words_by=by)
        self.talks.setdefault((scope.user, scope.case, scope.subtask), []).extend((question, answer))
        return ChatDone(question=question, answer=answer)

    async def conversation(self, scope: Scope) -> Conversation:
        self.scopes.append(scope)
        messages = tuple(self.talks.get((scope.user, scope.case, scope.subtask), ()))
        needed = scope.ai_mode == "lead_and_reveal" and not messages
        return Conversation(subtask=scope.subtask or "", messages=messages, reasoning_needed=needed)

    async def reset(self, scope: Scope) -> Conversation:
        self.talks.pop((scope.user, scope.case, scope.subtask), None)
        return await self.conversation(scope)
