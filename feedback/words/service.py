import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from feedback.assistance.service import AssistanceService
from feedback.errors import OutsideScope
from feedback.firewall.own import Own
from feedback.model.port import ChatModel, ModelError
from feedback.ports import AuthorCases, Firewalls
from feedback.privacy.redaction import Redactor
from feedback.prose.language import language_of
from feedback.single_flight import SingleFlight
from feedback.words.collected import words_of
from feedback.words.ground import CaseGround
from feedback.words.metrics import WordsMetrics
from feedback.words.model import ModelWords, Unworded, Wording
from feedback.words.prompting import words_request
from feedback.words.settings import WordsSettings
from services.contracts.case import AuthorCase, Subtask
from services.contracts.feedback import Verdict
from services.contracts.finding import Finding
from services.contracts.identity import ScopeClaims
from services.contracts.words import Worded, Words, WordsEvent, WordsPart, WordsRequest
from services.kit.database import Database

_log = structlog.get_logger(__name__)
_CASES: Final = 64
"""Case versions whose public texts are kept."""


class WordsService:
    """Words for feedback that has been judged. A model's where one may help, the rules' in every other event.

    Args:
        db: the database of `feedback`, migrated.
        cases: case versions with their references.
        choices: whether AI may help a learner.
        firewalls: what stands between a model and a learner.
        model: who writes; None: rules do.
        settings: limits.
        registry: for the figures.
    """

    def __init__(
        self,
        db: Database,
        cases: AuthorCases,
        choices: AssistanceService,
        firewalls: Firewalls,
        model: ChatModel | None,
        settings: WordsSettings,
        registry: CollectorRegistry,
    ) -> None:
        self._db, self._cases, self._choices, self._firewalls = db, cases, choices, firewalls
        self._settings = settings
        self._metrics = WordsMetrics(registry)
        self._model = ModelWords(model, self._metrics) if model is not None else None
        self._grounds = SingleFlight[str, CaseGround](_CASES)

    async def words(self, request: WordsRequest, scope: ScopeClaims) -> AsyncGenerator[WordsEvent, None]:
        """Word a feedback: sentences as they may be shown, and Worded last, within the time of the settings.

        Verdict, points, places and findings are the request's; nothing that a model says reaches them.

        Raises:
            OutsideScope: the scope is for another subtask.
        """
        if scope.subtask is not None and scope.subtask != request.subtask:
            raise OutsideScope(f"This scope is for the step {scope.subtask!r}, not for {request.subtask!r}.")
        deadline = asyncio.get_running_loop().time() + self._settings.seconds
        words = None
        try:
            async with aclosing(self._by_model(request, scope, deadline)) as parts:
                async for part in parts:
                    if isinstance(part, Words):
                        words = part
                    else:
                        yield part
            outcome = "model"
        except Exception as error:
            words, outcome = None, self._reason(error, scope)
        self._metrics.worded(outcome)
        yield Worded(words=words or words_of(request.feedback))

    async def _by_model(
        self, request: WordsRequest, scope: ScopeClaims, deadline: float
    ) -> AsyncGenerator[WordsPart | Words, None]:
        """Raises Unworded, ModelError, TimeoutError, and whatever breaks on the way."""
        findings = _evident(request)
        if self._model is None or not findings:
            raise Unworded("no_model" if findings else "nothing_to_word")
        async with asyncio.timeout_at(deadline):
            wording = await self._wording(request, scope, findings, deadline)
        async with aclosing(self._model.write(wording)) as parts:
            async for part in parts:
                if isinstance(part, Words):
                    async with asyncio.timeout_at(deadline):
                        await self._count(scope)
                yield part

    async def _wording(
        self, request: WordsRequest, scope: ScopeClaims, findings: tuple[Finding, ...], deadline: float
    ) -> Wording:
        if scope.ai_mode == "none":
            raise Unworded("ai_off")
        if not await self._choices.allows(scope):
            raise Unworded("ai_not_chosen")
        case = await self._cases.author(scope.case_version)
        subtask = case.subtask(request.subtask)
        if subtask is None:
            raise Unworded("no_subtask")
        about = await self._grounds.get(case.version, lambda: asyncio.to_thread(CaseGround.of, case))
        languages = scope.languages or _languages(case, subtask)
        return Wording(
            request=words_request(
                case,
                subtask,
                (scope.strictness, scope.languages),
                (request.cells, findings),
                Redactor(scope.user, about.names),
                code_chars=self._settings.code_chars,
                max_tokens=self._settings.max_tokens,
            ),
            feedback=request.feedback,
            findings=findings,
            ground=about.joined_by(request.subtask, request.cells, findings, request.feedback.headline),
            firewall=await self._firewalls.of(case),
            own=Own.of(request.cells, [finding.message for finding in findings]),
            languages=languages,
            deadline=deadline,
        )

    async def _count(self, scope: ScopeClaims) -> None:
        """A use of AI that cannot be counted is none that a learner gets."""
        async with self._db.write(brief=True) as session:
            await self._choices.used(session, scope, "words", "model")

    def _reason(self, error: Exception, scope: ScopeClaims) -> str:
        """Label of the counter. What a model said is neither logged nor kept."""
        match error:
            case Unworded():
                return error.reason
            case ModelError():
                _log.warning("no words by the model", case=scope.case, reason=error.reason)
                return error.reason
            case TimeoutError():
                _log.warning("no words by the model", case=scope.case, reason="late")
                return "late"
        _log.error("no words by the model", case=scope.case, exc_info=error)
        return "failed"


def _evident(request: WordsRequest) -> tuple[Finding, ...]:
    """What the model is told of: findings of work that needs some more, each with its evidence."""
    feedback = request.feedback
    if feedback.verdict is not Verdict.NEEDS_WORK or feedback.words_by != "rules":
        return ()
    return tuple(finding for finding in feedback.findings if finding.evidence and finding.kind != "case")


def _languages(case: AuthorCase, subtask: Subtask) -> tuple[str, ...]:
    """The language of the step's texts; where it cannot be told, any."""
    texts = [cell.source for cell in case.cells if cell.kind == "markdown" and cell.id in subtask.view.cells]
    own = language_of("\n".join(texts)) or language_of("\n".join(c.source for c in case.cells if c.kind == "markdown"))
    return (own,) if own is not None else ()
