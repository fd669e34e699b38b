import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import stamina

from feedback.model.breaker import Breaker
from feedback.model.metrics import Course
from feedback.model.port import (
    BadAnswer,
    ChatModel,
    ModelAnswer,
    ModelDelta,
    ModelError,
    ModelRequest,
    ModelTimedOut,
    ModelUnavailable,
    SlotExpired,
)
from feedback.model.settings import ModelSettings
from feedback.model.slots import Slot

_LONGEST_PAUSE: Final = 5.0
_CLOSING: Final[set["asyncio.Task[None]"]] = set()
"""The loop itself keeps no strong reference to a task."""


class Exchange:
    """One request at the server within its limits: attempts until something comes, then part after part.

    Only time in which the server is waited for counts against the limits: a learner who reads slowly must neither
    time out nor make the server look ill.
    """

    def __init__(
        self,
        model: ChatModel,
        request: ModelRequest,
        settings: ModelSettings,
        slot: Slot,
        breaker: Breaker,
        course: Course,
    ) -> None:
        self._model, self._request, self._settings = model, request, settings
        self._slot, self._breaker, self._course = slot, breaker, course
        self._loop = asyncio.get_running_loop()
        self._parts: AsyncGenerator[ModelDelta | ModelAnswer, None] | None = None
        self._waiting = False
        self._left = settings.time_limit
        slot.on_expiry = self._cut_off

    async def begin(self) -> ModelDelta | ModelAnswer:
        """The first part, after as many attempts as it takes and the settings allow."""
        pause = self._settings.backoff
        ended = self._loop.time()
        async for attempt in stamina.retry_context(
            on=self._again,
            attempts=self._settings.attempts,
            timeout=None,
            wait_initial=pause,
            wait_jitter=pause / 2,
            wait_max=max(pause, _LONGEST_PAUSE),
        ):
            with attempt:
                self._left -= self._loop.time() - ended
                self._course.attempted()
                self._parts = self._model.stream(self._request)
                try:
                    return await self._next(self._parts, min(self._settings.first_token_limit, self._left))
                finally:
                    ended = self._loop.time()
        raise AssertionError("stamina raises the last error")  # pragma: no cover

    async def next(self) -> ModelDelta | ModelAnswer:
        """The next part, after `begin`."""
        assert self._parts is not None
        return await self._next(self._parts, self._left)

    async def close(self) -> None:
        """End the request at the server if it has not ended."""
        self._slot.on_expiry = None
        if self._parts is not None:
            await self._parts.aclose()

    async def _next(
        self, parts: AsyncGenerator[ModelDelta | ModelAnswer, None], limit: float
    ) -> ModelDelta | ModelAnswer:
        if self._slot.expired:
            raise self._expired()
        began = self._loop.time()
        self._waiting = True
        try:
            async with asyncio.timeout(min(limit, self._slot.left())):
                part = await anext(parts)
        except ModelError as error:
            self._breaker.failed(error)
            raise
        except StopAsyncIteration:
            raise BadAnswer("the answer ended without its last part") from None
        except TimeoutError:
            raise self._late(limit) from None
        except Exception as error:
            # Not foreseen, but a learner waits for words. Its message may hold their text: only its name is told.
            raise ModelError(f"{type(error).__name__} in the model's adapter") from error
        finally:
            self._waiting = False
            self._left -= self._loop.time() - began
        if isinstance(part, ModelAnswer):
            self._breaker.answered()
        return part

    def _late(self, limit: float) -> ModelError:
        if self._slot.left() <= 0:
            return self._expired()
        error = ModelTimedOut(f"nothing (more) came within {max(limit, 0):.3g} s")
        self._breaker.failed(error)
        return error

    def _again(self, error: Exception) -> bool:
        worth_it = isinstance(error, ModelUnavailable | ModelTimedOut)
        return worth_it and self._breaker.closed and self._left > self._settings.backoff

    def _expired(self) -> SlotExpired:
        return SlotExpired(f"the answer was not taken within {self._settings.slot_expiry:g} s")

    def _cut_off(self) -> None:
        # While the server is waited for, the limit in `_next` ends the request; closing it here would fail.
        if self._parts is not None and not self._waiting:
            closing = self._loop.create_task(self._parts.aclose())
            _CLOSING.add(closing)
            closing.add_done_callback(_CLOSING.discard)
