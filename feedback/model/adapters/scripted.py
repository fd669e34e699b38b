"""The model that is none: the same sentences for the same request, for tests, demonstrations and offline work."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Final

import structlog

from feedback.model.adapters.default_script import default_script
from feedback.model.adapters.script import BREAK, HANG, Answer, Script
from feedback.model.port import (
    DEFAULT_MAX_TOKENS,
    BadAnswer,
    ModelAnswer,
    ModelDelta,
    ModelError,
    ModelRequest,
    ModelUnavailable,
    TokenLogprob,
    Usage,
)

_log = structlog.get_logger(__name__)
_WORD: Final = re.compile(r"\S+\s*|\s+")
_CERTAIN: Final = 0.0
"""Log-probability of a word that could not have been another."""


class ScriptedModel:
    """Answers by a script, word by word. A word counts as a token."""

    name = "scripted"

    def __init__(self, script: Script | None = None) -> None:
        self._script = script or default_script()
        self._asked: Counter[str] = Counter()
        _log.warning("The scripted model is no language model: it gives fixed sentences, whatever a learner wrote.")

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelDelta | ModelAnswer, None]:
        """As `ChatModel.stream`."""
        answer = self._next(request)
        if isinstance(answer, ModelError):
            raise type(answer)(*answer.args)
        text = answer(request) if callable(answer) else answer
        if text == HANG:
            await asyncio.Event().wait()
        words = _WORD.findall(text)
        limit = request.max_tokens or DEFAULT_MAX_TOKENS
        given = []
        for word in words[:limit]:
            if BREAK in word:
                raise ModelUnavailable("the script breaks off here")
            await asyncio.sleep(self._script.pause)
            given.append(word)
            yield ModelDelta(word)
        if not text.strip():
            raise BadAnswer("the answer is empty")
        cut = len(words) > limit
        usage = Usage(sum(len(_WORD.findall(m.content)) for m in request.messages), 0, len(given))
        yield ModelAnswer("".join(given), "length" if cut else "stop", usage, _logprobs(request, given), truncated=cut)

    def _next(self, request: ModelRequest) -> Answer:
        answers = self._script.answers.get(request.purpose, ())
        if not answers:
            return self._script.otherwise or BadAnswer(f"the script has no answer for {request.purpose}")
        turn = self._asked[request.purpose]
        self._asked[request.purpose] += 1
        return answers[min(turn, len(answers) - 1)]


def _logprobs(request: ModelRequest, words: list[str]) -> tuple[TokenLogprob, ...]:
    if request.logprobs is None:
        return ()
    return tuple(TokenLogprob(word, _CERTAIN, {word: _CERTAIN} if request.logprobs else {}) for word in words)
