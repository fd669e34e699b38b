"""What the browser may ask of the gateway through this server; everything else is refused."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Route:
    """One allowed path below `/api`, with its method and query parameters."""

    method: str
    path: re.Pattern[str]
    query: tuple[str, ...] = ()


# Saved notebooks are put by the keeper, from the file on disk: the browser needs no way to do it.
ROUTES = (
    Route("GET", re.compile(r"me")),
    Route("GET", re.compile(r"case")),
    Route("POST", re.compile(r"check")),
    Route("POST", re.compile(r"review")),
    Route("POST", re.compile(r"review/dismissals")),
    Route("DELETE", re.compile(r"review/dismissals/[0-9A-Za-z-]{1,64}"), query=("subtask",)),
    Route("GET", re.compile(r"history"), query=("subtask",)),
    Route("GET", re.compile(r"history/[A-Za-z0-9_-]{1,128}")),
    Route("GET", re.compile(r"notebook/versions")),
    Route("GET", re.compile(r"notebook/versions/[0-9a-f]{64}")),
    Route("GET", re.compile(r"assistance")),
    Route("POST", re.compile(r"assistance/choice")),
    Route("POST", re.compile(r"words")),
    Route("POST", re.compile(r"hints")),
    Route("GET", re.compile(r"hints"), query=("subtask",)),
    Route("GET", re.compile(r"hints/[0-9a-f]{32}/events")),
    Route("POST", re.compile(r"hints/[0-9a-f]{32}/(reflection|rating)")),
    Route("POST", re.compile(r"chat")),
    Route("GET", re.compile(r"chat"), query=("subtask",)),
    Route("POST", re.compile(r"chat/reset")),
    Route("GET", re.compile(r"escalations/offer"), query=("subtask",)),
    Route("GET", re.compile(r"escalations"), query=("subtask",)),
    Route("POST", re.compile(r"escalations")),
    Route("GET", re.compile(r"escalations/[0-9a-f]{32}")),
    Route("POST", re.compile(r"escalations/[0-9a-f]{32}/(notes|rating|cancellation)")),
    Route("POST", re.compile(r"remembered/[0-9a-f]{32}/rating")),
    Route("POST", re.compile(r"events")),
    Route("GET", re.compile(r"recording")),
    Route("POST", re.compile(r"recording")),
    Route("GET", re.compile(r"sessions")),
    Route("GET", re.compile(r"sessions/export")),
    Route("DELETE", re.compile(r"sessions")),
)


def find(method: str, path: str) -> Route | str:
    """Return the route of a request, or why there is none: `unknown_path` or `method_not_allowed`."""
    at_path = [route for route in ROUTES if route.path.fullmatch(path)]
    if not at_path:
        return "unknown_path"
    return next((route for route in at_path if route.method == method), "method_not_allowed")
