import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.scope_state import PEER_RENEWS


class Recycle:
    """ASGI middleware: asks the caller to reconnect once its certificate has lived most of its life.

    The connection is closed for good when the certificate expires (`services.kit.tls_protocol`); with this, that never
    meets a request under way.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with `Connection: close` when it is time."""
        renews = (scope.get("state") or {}).get(PEER_RENEWS)
        if renews is None or time.time() < renews:
            await self._app(scope, receive, send)
            return

        async def send_closing(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, receive, send_closing)
