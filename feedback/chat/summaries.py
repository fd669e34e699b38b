import re
from typing import Final

import structlog

from feedback.chat.memory import Caps, capped, summary_by_rules
from feedback.chat.metrics import ChatMetrics
from feedback.chat.prompting import summary_request
from feedback.chat.talks import Asked, Overflow, Talks
from feedback.firewall.firewall import Firewall
from feedback.firewall.own import Own
from feedback.model.port import BadAnswer, ChatModel, ModelError, complete
from feedback.privacy.redaction import Redactor
from feedback.prompts.channel import harmless
from feedback.prose.markup import has_markup
from services.contracts.assistance import WordsBy
from services.contracts.case import AuthorCase
from services.contracts.notebook import Cell

_log = structlog.get_logger(__name__)
_SPACES: Final = re.compile(r"\s+")


class Summaries:
    """Sums up what falls out of the window of a talk, when the answer is out and nobody waits any more."""

    def __init__(self, talks: Talks, model: ChatModel | None, caps: Caps, metrics: ChatMetrics) -> None:
        self._talks, self._model, self._caps, self._metrics = talks, model, caps, metrics

    async def catch_up(
        self, case: AuthorCase, asked: Asked, cells: tuple[Cell, ...], redactor: Redactor, firewall: Firewall
    ) -> None:
        """Move the window of the conversation where it has become too large."""
        overflow = await self._talks.overflow(asked, redactor)
        if overflow is None:
            return
        summary, words_by = await self._summary(case, overflow, Own.of(cells, asked.typed), firewall)
        if await self._talks.sum_up(asked, overflow, summary, redactor):
            self._metrics.summarised(words_by)

    async def _summary(self, case: AuthorCase, overflow: Overflow, own: Own, firewall: Firewall) -> tuple[str, WordsBy]:
        if self._model is not None:
            try:
                return await self._by_model(self._model, case, overflow, own, firewall), "model"
            except ModelError as error:
                _log.info("a talk is summed up by rules", case=case.id, reason=error.reason)
        return summary_by_rules(overflow.summary, overflow.dropped, self._caps.summary_chars), "rules"

    async def _by_model(
        self, model: ChatModel, case: AuthorCase, overflow: Overflow, own: Own, firewall: Firewall
    ) -> str:
        answer = await complete(model, summary_request(case, overflow.summary, overflow.dropped))
        summary = _SPACES.sub(" ", harmless(answer.text, 4 * self._caps.summary_chars)).strip()
        if not summary or has_markup(summary):
            raise BadAnswer("the summary is empty, or holds markup")
        # Nobody reads it, but later prompts hold it: what was smuggled in would come out as an answer.
        if firewall.examine(summary, own) is not None:
            raise BadAnswer("the summary holds something of the reference")
        return capped(summary, self._caps.summary_chars)
