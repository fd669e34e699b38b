import asyncio
import secrets
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.chat.about_case import AboutCase, AboutCases
from feedback.chat.changes import answer_code
from feedback.chat.errors import NoSubtask
from feedback.chat.evidence import CodeEvidence
from feedback.chat.follow_ups import follow_ups
from feedback.chat.intent import intent_of
from feedback.chat.memory import Caps
from feedback.chat.metrics import ChatMetrics
from feedback.chat.ports import Choices, Judgements
from feedback.chat.prompting import Known, Manner, chat_request, checked
from feedback.chat.repository import Owner
from feedback.chat.settings import ChatSettings
from feedback.chat.summaries import Summaries
from feedback.chat.talks import Also, Asked, Put, Talks
from feedback.chat.turns import Turns
from feedback.chat.writing import Task, Writer, Written
from feedback.errors import OutsideScope, SubtaskNotFound
from feedback.model.port import ChatModel
from feedback.ports import AuthorCases, Firewalls
from feedback.privacy.redaction import Redactor
from feedback.prose.language import language_of
from services.contracts.assistance import WordsBy
from services.contracts.case import AuthorCase, Subtask
from services.contracts.chat import AskChat, ChatDone, ChatEvent, Conversation, Intent, Message
from services.contracts.identity import ScopeClaims
from services.kit.clock import Clock, utc_now
from services.kit.database import Database

_log = structlog.get_logger(__name__)
_LAST_WORDS: Final = 5.0
"""Seconds that the end of the service waits for notes that are still to be written down."""


class ChatService:
    """A learner's conversations, one a subtask. Who, which case and subtask, and what is allowed: the scope.

    Args:
        db: the database of `feedback`, migrated.
        cases: case versions with their references.
        judgements: what the check says about code.
        choices: whether AI may help a learner.
        firewalls: what stands between a model and a learner.
        model: who writes; None: rules do.
        settings: caps and limits.
        registry: for the figures.
        clock: tells the present moment.
    """

    def __init__(
        self,
        db: Database,
        cases: AuthorCases,
        judgements: Judgements,
        choices: Choices,
        firewalls: Firewalls,
        model: ChatModel | None,
        settings: ChatSettings,
        registry: CollectorRegistry,
        clock: Clock = utc_now,
    ) -> None:
        self._cases, self._choices, self._firewalls = cases, choices, firewalls
        self._settings, self._clock = settings, clock
        self._metrics = ChatMetrics(registry)
        self._talks = Talks(db, settings, clock)
        self._evidence = CodeEvidence(judgements, settings.judge_seconds)
        self._writer = Writer(model, self._metrics)
        caps = Caps(settings.messages, settings.turn_chars, settings.history_chars, settings.summary_chars)
        self._summaries = Summaries(self._talks, model, caps, self._metrics)
        self._about, self._turns = AboutCases(), Turns()
        self._tails: set[asyncio.Task[None]] = set()
        self._leaving: dict[Owner, asyncio.Task[None]] = {}

    async def ask(self, request: AskChat, scope: ScopeClaims) -> AsyncGenerator[ChatEvent, None]:
        """Answer a message; the last part is ChatDone, and both are written down before it.

        Questions of one conversation are answered one after the other. Closing the iteration ends the model's request.

        Raises:
            OutsideScope, SubtaskNotFound: the scope or the case version does not know the subtask.
            AiOff, ChoiceMissing, AiDeclined: no AI here.
            ReasoningFirst: the case wants the learner's own reasoning first.
            MessagesSpent: the quota is used up.
            ConversationDeleted: somebody deleted the conversation meanwhile.
            ServiceError: the case version cannot be fetched.
        """
        owner = _owner(scope, request.subtask)
        await self._choices.require(scope)
        case, subtask = await self._subtask(scope, owner)
        about = await self._about.of(case)
        async with self._turns.of(owner):
            if leaving := self._leaving.get(owner):
                # What was seen of the last answer counts in this one.
                await asyncio.wait([leaving])
            asked = await self._talks.begin(owner, self._put(request, scope, case, about))
            done, shown = False, list[str]()
            try:
                async with aclosing(self._answered(request, scope, case, subtask, asked, about, shown)) as events:
                    async for event in events:
                        done = isinstance(event, ChatDone)
                        yield event
            except (GeneratorExit, asyncio.CancelledError):
                if not done:
                    self._metrics.left()
                    used = self._used(scope, "model")
                    self._leave(owner, self._talks.leave(asked, "".join(shown), used))
                raise

    async def conversation(self, scope: ScopeClaims) -> Conversation:
        """What was said about the scope's subtask since the last reset.

        Raises NoSubtask, SubtaskNotFound, ServiceError.
        """
        owner = _owner(scope, None)
        case, _ = await self._subtask(scope, owner)
        return await self._talks.view(owner, scope.ai_mode, case.quotas.messages)

    async def reset(self, scope: ScopeClaims) -> Conversation:
        """Begin anew; what was said is kept until its time is over. Raises NoSubtask, SubtaskNotFound, ServiceError."""
        owner = _owner(scope, None)
        await self._subtask(scope, owner)
        await self._talks.close(owner)
        return await self.conversation(scope)

    async def close(self) -> None:
        """Write down what is still to be noted; summaries that are under way are given up and made by rules later."""
        if self._tails:
            _, late = await asyncio.wait(self._tails, timeout=_LAST_WORDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _subtask(self, scope: ScopeClaims, owner: Owner) -> tuple[AuthorCase, Subtask]:
        case = await self._cases.author(scope.case_version)
        subtask = case.subtask(owner.subtask)
        if subtask is None:
            raise SubtaskNotFound(f"This case has no step {owner.subtask!r}.")
        return case, subtask

    def _put(self, request: AskChat, scope: ScopeClaims, case: AuthorCase, about: AboutCase) -> Put:
        text = _storable(request.text)
        reasoning = _storable(request.reasoning) if request.reasoning else None
        intent = self._intent(text, scope, about, request)
        return Put(text, reasoning, intent, scope.ai_mode, case.quotas.messages)

    def _intent(self, text: str, scope: ScopeClaims, about: AboutCase, request: AskChat) -> Intent:
        ground = about.ground(scope.topics, request.cells)
        return intent_of(text, ground, strict=scope.scope_mode == "strict", english=language_of(text) == "en")

    async def _answered(
        self,
        request: AskChat,
        scope: ScopeClaims,
        case: AuthorCase,
        subtask: Subtask,
        asked: Asked,
        about: AboutCase,
        shown: list[str],
    ) -> AsyncGenerator[ChatEvent, None]:
        evidence = await self._evidence.of(scope, case, request, asked.judged)
        redactor = Redactor(scope.user, about.public)
        code = answer_code(case, subtask, request.cells, self._settings.code_chars)
        known = Known(redactor.text(code), checked(evidence.feedback, redactor.text))
        window = await self._talks.window(asked, redactor, evidence.fresh, known)
        manner = Manner(scope.strictness, scope.scope_mode, scope.topics, scope.languages)
        firewall = await self._firewalls.of(case)
        task = Task(
            scope=scope,
            case=case,
            subtask=subtask,
            asked=asked,
            intent=asked.question.intent or "general",
            cells=request.cells,
            code=code,
            feedback=evidence.feedback,
            request=chat_request(case, subtask, manner, window.base, window.bridge, window.turns),
            firewall=firewall,
            shown=shown,
        )
        async with aclosing(self._writer.write(task)) as parts:
            async for part in parts:
                if not isinstance(part, Written):
                    yield part
                    continue
                answered = await self._kept(task, part)
                self._later(self._summaries.catch_up(case, asked, request.cells, redactor, firewall))
                yield answered

    async def _kept(self, task: Task, written: Written) -> ChatDone:
        quota = task.case.quotas.messages
        answer = Message(
            id=secrets.token_hex(16),
            role="assistant",
            text=written.text,
            sent=self._clock(),
            words_by=written.words_by,
            cites=written.cites,
            follow_ups=follow_ups(written.intent, task.feedback, task.asked.typed),
            truncated=written.truncated,
        )

        question = task.asked.question.model_copy(update={"intent": written.intent})
        left = await self._talks.keep(
            task.asked,
            question,
            answer,
            withdrawn=written.withdrawn,
            spoiled=written.spoiled,
            counted=written.counted,
            quota=quota,
            also=self._used(task.scope, written.words_by),
        )
        return ChatDone(question=question, answer=answer, left=left)

    def _used(self, scope: ScopeClaims, words_by: WordsBy) -> Also:
        async def used(session: AsyncSession) -> None:
            await self._choices.used(session, scope, "chat", words_by)

        return used

    def _leave(self, owner: Owner, noting: Coroutine[Any, Any, None]) -> None:
        """Note it when the request is gone; the owner's next question waits for that."""
        task = self._leaving[owner] = self._later(noting)

        def noted(_: asyncio.Task[None]) -> None:
            if self._leaving.get(owner) is task:
                del self._leaving[owner]

        task.add_done_callback(noted)

    def _later(self, doing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do it when the answer is out; it outlives the request, also one that is being cancelled."""
        task = asyncio.create_task(doing)
        self._tails.add(task)
        task.add_done_callback(self._landed)
        return task

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._tails.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("what follows an answer could not be done", exc_info=error)


def _owner(scope: ScopeClaims, subtask: str | None) -> Owner:
    wanted = subtask or scope.subtask
    if wanted is None:
        raise NoSubtask("This scope is for the whole case; a conversation is about one step.")
    if scope.subtask is not None and scope.subtask != wanted:
        raise OutsideScope(f"This scope is for the step {scope.subtask!r}, not for {wanted!r}.")
    return Owner(scope.user, scope.case, wanted)


def _storable(text: str) -> str:
    """As the learner wrote it; the character NUL cannot be kept in every database."""
    return text.replace("\x00", "")
