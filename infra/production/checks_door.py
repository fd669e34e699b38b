"""The Docker engine as checks use it: containers for one run each, of learners' images, confined, and nothing else.

The runner has this door and neither of the others; it holds what learners' code has said, and so no engine's socket.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.production.engine_door import (
    Refused,
    body_of,
    check_confined,
    check_digest,
    check_mounts,
    is_ours,
    parameters_of,
    parsed,
)
from services.runner.containers import LABEL, USERS

_VERSION: Final = r"(?:/v[0-9.]{1,8})?"
_NAME: Final = r"caseloop-run-[0-9a-f]{12}"
_ID: Final = r"[0-9a-f]{64}"
_CREATE: Final = re.compile(_VERSION + "/containers/create")
_UPDATE: Final = re.compile(_VERSION + f"/containers/({_ID})/update")
_LIST: Final = re.compile(_VERSION + "/containers/json")
_EVENTS: Final = re.compile(_VERSION + "/events")
_OF_A_RUN: Final = {
    "GET": re.compile(_VERSION + f"/containers/({_ID})/(?:json|logs|stats)"),
    "POST": re.compile(_VERSION + f"/containers/({_ID})/(?:start|kill|wait)"),
    "DELETE": re.compile(_VERSION + f"/containers/({_ID})"),
}
_LIMITS: Final = ("Memory", "MemorySwap", "PidsLimit")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CheckRules:
    """What a container for a check may be made of."""

    image: str
    """Repository of the images, without a tag; one that is named by its digest must have a tag in it."""
    folders: Sequence[Path]
    """All that is mounted lies in one of them."""


def checked_run(name: str, body: object, rules: CheckRules) -> dict[str, Any]:
    """The container to be made, with nothing in it that was not looked at but an image's digest. Raises Refused."""
    if not re.fullmatch(_NAME, name):
        raise Refused("its name is not that of a run")
    made = check_confined(body, _user_of(body), (*_LIMITS, "CpuQuota"))
    image = str(made.get("Image", ""))
    if not image.startswith("sha256:") and not is_ours(image, rules.image):
        raise Refused("its image is none of ours")
    mounts = made["HostConfig"].get("Mounts")
    check_mounts(mounts, rules.folders)
    if not all(mount.get("ReadOnly") is True for mount in mounts):
        raise Refused("it could write into what is mounted")
    return made


def _user_of(body: object) -> str:
    """Nobody's id, and the group of the same number. Raises Refused."""
    user = str(body.get("User", "")) if isinstance(body, dict) else ""
    uid, _, gid = user.partition(":")
    if uid != gid or not re.fullmatch(r"[0-9]{5}", uid) or int(uid) not in USERS:
        raise Refused("it runs as somebody else")
    return user


def checked_limits(body: object) -> dict[str, int]:
    """What a container may use from now on, and nothing besides. Raises Refused."""
    if not isinstance(body, dict) or set(body) != set(_LIMITS):
        raise Refused("that is not what a run is limited by")
    if not all(type(value) is int and value > 0 for value in body.values()):
        raise Refused("a limit is none")
    return dict(body)


class ChecksDoor:
    """Passes the runner's calls on. `engine`: a client on the engine's socket."""

    def __init__(self, engine: httpx.AsyncClient, rules: CheckRules) -> None:
        self._engine, self._rules = engine, rules

    async def answer(self, request: Request) -> Response:
        """One call: passed on, or refused with 403 and the reason."""
        path = request.scope["path"]
        try:
            parameters = parameters_of(request)
            body = await self._checked(request.method, path, parameters, await body_of(request))
            return await self._passed(request.method, path, parameters, body)
        except Refused as refused:
            _log.warning("refused", method=request.method, path=path, reason=str(refused))
            return JSONResponse({"message": f"the runner may not do this: {refused}"}, 403)
        except httpx.TransportError as error:
            return JSONResponse({"message": f"the engine does not answer: {type(error).__name__}"}, 502)

    async def _passed(self, method: str, path: str, parameters: Mapping[str, str], body: bytes) -> Response:
        """What the engine says, as it says it: the end of a container may be long in coming."""
        headers = {"content-type": "application/json"} if body else {}
        call = self._engine.build_request(method, path, params=dict(parameters), content=body, headers=headers)
        answer = await self._engine.send(call, stream=True)
        kept = {k: v for k, v in answer.headers.items() if k in ("content-type", "api-version", "server")}

        async def said() -> AsyncIterator[bytes]:
            try:
                async for part in answer.aiter_bytes():
                    yield part
            finally:
                await answer.aclose()

        return StreamingResponse(said(), answer.status_code, kept)

    async def _checked(self, method: str, path: str, parameters: Mapping[str, str], body: bytes) -> bytes:
        """The body to pass on. Raises Refused."""
        if method == "POST" and _CREATE.fullmatch(path):
            made = checked_run(parameters.get("name", ""), parsed(body), self._rules)
            await check_digest(self._engine, str(made["Image"]), self._rules.image)
            return json.dumps(made).encode()
        if method == "POST" and (found := _UPDATE.fullmatch(path)):
            await self._check_own(found[1])
            return json.dumps(checked_limits(parsed(body))).encode()
        if body:
            raise Refused("it says more than such a call may")
        filters = parsed(parameters.get("filters", "null").encode())
        match method:
            case "GET" if _LIST.fullmatch(path) and filters == {"label": [LABEL]}:
                return b""
            case "GET" if _EVENTS.fullmatch(path) and set(parameters) == {"filters"}:
                await self._check_own(_only_container(filters))
                return b""
            case "GET" | "POST" | "DELETE" if found := _OF_A_RUN[method].fullmatch(path):
                await self._check_own(found[1])
                return b""
        raise Refused("it is none of its calls")

    async def _check_own(self, container: str) -> None:
        answer = await self._engine.get(f"/containers/{container}/json")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return  # the engine says so to the call itself, too
        name = str(answer.json().get("Name", "")) if answer.status_code == httpx.codes.OK else ""
        if not re.fullmatch(f"/{_NAME}", name):
            raise Refused("that container is none of a run")


def _only_container(filters: object) -> str:
    """Whose lack of memory is waited for. Raises Refused."""
    match filters:
        case {"container": [str(container)], "event": ["oom"], **rest} if not rest and re.fullmatch(_ID, container):
            return container
    raise Refused("that is not what a run waits for")


def checks_app(engine: httpx.AsyncClient, rules: CheckRules) -> ASGIApp:
    """The door to be served without lifespan; a client that reaches its socket is the runner."""
    door = ChecksDoor(engine, rules)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answer = await door.answer(Request(scope, receive))
        await answer(scope, receive, send)

    return app
