"""A model's proposal of a mentor's answer. It ends before a learner, so it is made and guarded like words for one."""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog
from pydantic import JsonValue

from feedback.firewall.firewall import Firewall
from feedback.firewall.own import Own
from feedback.model.port import ChatModel, ModelError, ModelMessage, ModelRequest, complete
from feedback.privacy.redaction import Redactor
from feedback.prompts.channel import data_message, harmless, visible
from feedback.prompts.criteria import criteria
from feedback.prompts.facts import facts
from feedback.prompts.texts import prompt
from services.contracts.brief import AskBrief
from services.contracts.case import AuthorCase, Subtask
from services.contracts.feedback import Feedback

_log = structlog.get_logger(__name__)
_CODE_CHARS: Final = 8_000
_QUESTION_CHARS: Final = 2_000
_MAX_TOKENS: Final = 400
SECONDS: Final = 20.0
"""A mentor reads the code for longer than that; after it the brief comes without a draft."""


@dataclass(frozen=True)
class DraftTask:
    """What one draft is about."""

    case: AuthorCase
    subtask: Subtask
    asked: AskBrief
    feedback: Feedback


class Drafting:
    """Has a model draft an answer.

    Its prompt holds what the learner sees, and neither a reference, a hidden check nor the evidence's facts: a mentor
    may send the draft as it is.
    """

    def __init__(self, model: ChatModel, seconds: float = SECONDS) -> None:
        self._model, self._seconds = model, seconds

    @property
    def name(self) -> str:
        """Who drafts."""
        return self._model.name

    async def draft(self, task: DraftTask, firewall: Firewall) -> str | None:
        """The draft, or None: nothing to say, no answer in time, or one that gives something away. Never raises."""
        if not task.feedback.findings and not task.asked.question.strip():
            return None
        try:
            async with asyncio.timeout(self._seconds):
                answer = await complete(self._model, draft_request(task))
        except (ModelError, TimeoutError) as error:
            _log.warning("no draft by the model", case=task.case.id, reason=getattr(error, "reason", "late"))
            return None
        text = visible(answer.text).strip()
        own = Own.of(task.asked.cells, [task.asked.question, *(f.message for f in task.feedback.findings)])
        leak = await asyncio.to_thread(firewall.examine, text, own)
        if leak is not None:
            _log.warning("a draft was stopped", case=task.case.id, subtask=task.subtask.view.id, kind=leak.kind)
            return None
        return text or None


def draft_request(task: DraftTask) -> ModelRequest:
    """The prompt, its stable part first."""
    redactor = Redactor(task.asked.learner)
    wanted = set(task.subtask.view.answer_cells)
    cells = redactor.cells(cell for cell in task.asked.cells if cell.kind == "code" and cell.id in wanted)
    each = _CODE_CHARS // max(len(cells), 1)
    learners: dict[str, JsonValue] = {
        "code": [{"cell": harmless(cell.id, 80), "source": harmless(cell.source, each)} for cell in cells],
        "findings": list[JsonValue](facts(task.feedback.findings, redactor.text)),
        "question": harmless(redactor.text(task.asked.question), _QUESTION_CHARS),
    }
    messages = (
        ModelMessage("system", prompt("mentor_draft")),
        data_message({"step": criteria(task.case, task.subtask)}),
        data_message(learners),
    )
    return ModelRequest("draft", messages, max_tokens=_MAX_TOKENS, tenant=task.case.version)
