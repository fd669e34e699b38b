from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.dashboard.place import DeskPlace
from services.gateway.dashboard.registration import PREFIX
from services.kit.errors import error_response


class OwnHost:
    """ASGI middleware: at a host of the desk's own there is the desk, and nothing else that a service answers.

    All of that host is led here. Whether the service is well, and its figures, are for others to ask.
    """

    def __init__(self, app: ASGIApp, place: DeskPlace) -> None:
        self._app, self._place = app, place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if it is for the desk."""
        if scope["type"] == "http" and self._is_beside(scope):
            await error_response(404, "not_found", "There is nothing at this address.")(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_beside(self, scope: Scope) -> bool:
        at_home = self._place.is_own and self._place.is_here(Headers(scope=scope).get("host", ""))
        return at_home and not _of_the_desk(scope["path"])


def _of_the_desk(path: str) -> bool:
    return path in ("/", PREFIX.rstrip("/")) or path.startswith(PREFIX)
