from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Final

from prometheus_client import CollectorRegistry

from feedback.model.breaker import Breaker
from feedback.model.cutting import Cap
from feedback.model.exchange import Exchange
from feedback.model.metrics import ModelMetrics
from feedback.model.port import ChatModel, ModelAnswer, ModelDelta, ModelError, ModelRequest
from feedback.model.settings import ModelSettings
from feedback.model.slots import Slots

_CHARS_PER_TOKEN: Final = 8
"""More than any tokenizer packs into its average token: a document beyond it comes from a server without limits."""

_NOBODY_WAITS: Final = frozenset({"summary"})
"""Purposes whose answers nobody waits for: they leave the slots to those who do."""


class Steady:
    """Makes any chat model one that a service can rely on: its answer or its error comes within a known time.

    A slot is waited for, attempts are repeated while nothing has come, a server that fails is left alone, prose is cut
    at the cap, and every end is counted. The longest time is `slot_wait` + `time_limit`, plus the reader's own.
    """

    def __init__(self, model: ChatModel, settings: ModelSettings, registry: CollectorRegistry | None = None) -> None:
        self._model, self._settings = model, settings
        self._slots = Slots(settings.slots, settings.slot_wait, settings.slot_expiry)
        self._kind = settings.kind
        self._breaker = Breaker(settings.breaker_failures, settings.breaker_pause)
        self._metrics = ModelMetrics(registry or CollectorRegistry(), self._slots, self._breaker)

    @property
    def name(self) -> str:
        """As the wrapped model's."""
        return self._model.name

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelDelta | ModelAnswer, None]:
        """As `ChatModel.stream`."""
        course = self._metrics.course(request.purpose, self._model.name, self._kind)
        try:
            # Before the queue: nobody waits for a server that is left alone.
            self._breaker.admit()
            calmly = request.purpose in _NOBODY_WAITS
            slot = await (self._slots.take_when_calm() if calmly else self._slots.take())
            exchange = None
            try:
                self._breaker.admit()
                course.admitted()
                request = self._filled(request)
                exchange = Exchange(self._model, request, self._settings, slot, self._breaker, course)
                part = await exchange.begin()
                course.began()
                cap, pieces = self._cap(request), []
                while isinstance(part, ModelDelta):
                    if text := cap.push(part.text):
                        pieces.append(text)
                        yield part if text is part.text else ModelDelta(text)
                    if cap.full:
                        part = ModelAnswer("".join(pieces), "length", truncated=True)
                        self._breaker.answered()
                    else:
                        part = await exchange.next()
                if not cap.full and (rest := cap.end()):
                    yield ModelDelta(rest)
            finally:
                if exchange is not None:
                    await exchange.close()
                slot.free()
            course.outcome, course.usage = "truncated" if part.truncated else "answered", part.usage
            yield part
        except ModelError as error:
            course.outcome, course.detail = error.reason, str(error)
            raise
        finally:
            course.end()

    def _filled(self, request: ModelRequest) -> ModelRequest:
        return request if request.max_tokens is not None else replace(request, max_tokens=self._settings.max_tokens)

    def _cap(self, request: ModelRequest) -> Cap:
        """Prose is cut where it can be; a document that is cut is worth nothing, so only an endless one is."""
        if request.schema is None:
            return Cap(self._settings.response_chars)
        tokens = request.max_tokens or self._settings.max_tokens
        return Cap(max(self._settings.response_chars, _CHARS_PER_TOKEN * tokens), whole_words=False)
