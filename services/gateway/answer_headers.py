from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class AnswerHeaders:
    """ASGI middleware: each answer has the headers of `always`, and those of `otherwise` where it has none so named."""

    def __init__(self, app: ASGIApp, always: Mapping[str, str], otherwise: Mapping[str, str] | None = None) -> None:
        self._app, self._always, self._otherwise = app, always, otherwise or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and mark the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._always)
                for name, value in self._otherwise.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_marked)
