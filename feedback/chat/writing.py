"""Writing one answer: by the model as long as nothing speaks against it, by rules otherwise."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import structlog

from feedback.chat.answering import Answering, Objected
from feedback.chat.citing import cited
from feedback.chat.guessing import guessing
from feedback.chat.metrics import ChatMetrics
from feedback.chat.objections import Bounds
from feedback.chat.rules import Situation, answer_by_rules
from feedback.chat.spoken import Spoken
from feedback.chat.talks import Asked
from feedback.firewall.firewall import Firewall
from feedback.firewall.gate import SentenceGate
from feedback.firewall.leak import Leaked
from feedback.firewall.own import Own
from feedback.model.port import ChatModel, ModelError, ModelRequest
from feedback.prose.language import allowed_languages
from services.contracts.assistance import WordsBy
from services.contracts.case import AuthorCase, Subtask
from services.contracts.chat import ChatDelta, ChatRetracted, Cited, Intent
from services.contracts.feedback import Feedback
from services.contracts.identity import ScopeClaims
from services.contracts.notebook import Cell

_log = structlog.get_logger(__name__)
_COSTS: Final = frozenset({"leak"})
"""Why rules wrote an answer that takes a place of the quota all the same: the model was at work, and was misled."""


@dataclass(frozen=True)
class Task:
    """All that writing one answer needs."""

    scope: ScopeClaims
    case: AuthorCase
    subtask: Subtask
    asked: Asked
    intent: Intent
    cells: tuple[Cell, ...]
    code: str
    """The learner's answer cells."""
    feedback: Feedback | None
    request: ModelRequest
    firewall: Firewall
    shown: list[str]
    """Is filled with the pieces of a model's answer that the learner sees, whatever becomes of that answer."""


@dataclass(frozen=True)
class Written:
    """An answer that has been shown."""

    text: str
    words_by: WordsBy
    cites: tuple[Cited, ...]
    intent: Intent
    """The question's, with what the model made of it."""
    truncated: bool
    counted: bool
    """Whether it takes a place of the quota."""
    withdrawn: str = ""
    """What was shown of another answer before that was taken back."""
    spoiled: bool = False
    """It was taken back for what it went on to say."""


def unasked(scope: ScopeClaims, intent: Intent, text: str, model: ChatModel | None) -> str | None:
    """Why a model is not asked this, or None."""
    if intent == "off_topic" and (scope.scope_mode == "strict" or model is None):
        return "off_topic"
    if guessing(text):
        return "guessing"
    return "no_model" if model is None else None


class Writer:
    """Writes answers, and counts them."""

    def __init__(self, model: ChatModel | None, metrics: ChatMetrics) -> None:
        self._model, self._metrics = model, metrics

    async def write(self, task: Task) -> AsyncGenerator[ChatDelta | ChatRetracted | Written, None]:
        """Write one; what may be shown comes piece by piece, and Written last."""
        reason = unasked(task.scope, task.intent, task.asked.question.text, self._model)
        intent, objected = task.intent, False
        if reason is None and self._model is not None:
            answering = self._answering(self._model, task)
            try:
                async with aclosing(answering.pieces()) as pieces:
                    async for piece in pieces:
                        task.shown.append(piece)
                        yield ChatDelta(text=piece)
            except Exception as error:
                # Whatever went wrong with a model's answer, the learner gets one, and nothing more of that one.
                reason, objected = self._reason(task, error), isinstance(error, Objected)
                intent = "off_topic" if reason == "off_topic" else intent
            else:
                intent = "off_topic" if answering.spoken.off_topic else intent
                yield self._written_by_model(task, answering, intent)
                return
        withdrawn = "".join(task.shown)
        if withdrawn:
            yield ChatRetracted()
        answer = answer_by_rules(
            Situation(task.subtask.view.title, intent, task.feedback, task.asked.answers, task.scope.strictness)
        )
        yield ChatDelta(text=answer.text)
        self._metrics.answered("rules", reason or "")
        yield Written(
            answer.text,
            "rules",
            answer.cites,
            intent,
            truncated=False,
            counted=reason in _COSTS,
            withdrawn=withdrawn,
            spoiled=objected and bool(withdrawn),
        )

    def _answering(self, model: ChatModel, task: Task) -> Answering:
        findings = task.feedback.findings if task.feedback else ()
        own = Own.of(task.cells, task.asked.typed)
        languages = allowed_languages(task.scope.languages, task.asked.typed[::-1])
        readable = "\n".join([*(cell.source for cell in (*task.case.cells, *task.cells)), *task.asked.typed])
        return Answering(
            model,
            task.request,
            SentenceGate(task.firewall, own, task.asked.by_model),
            whole=lambda text: task.firewall.examine(text, own),
            prepare=lambda: task.firewall.read(own),
            spoken=Spoken(finding.id for finding in findings),
            bounds=Bounds(task.feedback, task.scope.strictness, languages, task.code, readable),
            hold_off_topic=task.scope.scope_mode == "strict",
        )

    def _written_by_model(self, task: Task, answering: Answering, intent: Intent) -> Written:
        findings = task.feedback.findings if task.feedback else ()
        self._metrics.answered("model", "")
        return Written(
            text=answering.text,
            words_by="model",
            cites=cited(answering.cited, findings, intent, answering.text),
            intent=intent,
            truncated=answering.truncated,
            counted=True,
        )

    def _reason(self, task: Task, error: Exception) -> str:
        """A label for why the model's answer is not used; what it said is neither logged nor kept."""
        match error:
            case Leaked(leak=leak):
                self._metrics.leaked(leak)
                _log.warning(
                    "an answer would have given the reference away", case=task.case.id, kind=leak.kind, where=leak.where
                )
                return "leak"
            case Objected(objection=objection):
                _log.info("a model's answer was not used", case=task.case.id, reason=objection)
                return objection
            case ModelError():
                return error.reason
        _log.exception("judging a model's answer failed", case=task.case.id, exc_info=error)
        return "failed"
