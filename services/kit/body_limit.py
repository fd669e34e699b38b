from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.errors import error_response

MAX_BODY_BYTES: Final = 8 * 1024 * 1024


class _BodyTooLarge(Exception):
    pass


class BodyLimit:
    """ASGI middleware: answers 413 once more than `max_bytes` of a body have come, whatever its headers say."""

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._app, self._max = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._max:
            await self._refuse(scope, receive, send)
            return
        await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen, too_large, started = 0, False, False

        async def counting_receive() -> Message:
            nonlocal seen, too_large
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max:
                too_large = True
                raise _BodyTooLarge
            return message

        async def guarded_send(message: Message) -> None:
            nonlocal started
            # The framework turns the exception above into an answer of its own; ours replaces it.
            if too_large and not started:
                raise _BodyTooLarge
            started = True
            await send(message)

        try:
            await self._app(scope, counting_receive, guarded_send)
        except _BodyTooLarge:
            if started:
                raise
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The connection stays: the server throws the rest of the body away, and closing now would cut callers that are
        # still sending off from the answer.
        response = error_response(413, "body_too_large", f"The request is larger than {self._max:,} bytes.")
        await response(scope, receive, send)
