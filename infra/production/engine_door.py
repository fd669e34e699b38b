"""The Docker engine as the Hub may use it: six calls, on its own containers, confined as learners' containers are.

Whoever can use an engine's socket as it is owns the machine. This door holds the socket; the Hub has the door.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

_VERSION: Final = r"(?:/v[0-9.]{1,8})?"
_NAME: Final = r"caseloop-[0-9a-f]{12}"
_ID: Final = r"[0-9a-f]{64}"
_IMAGE: Final = r"[a-z0-9][a-z0-9._/-]{0,100}(?::[\w.-]{1,128})?"
_READS: Final = tuple(
    re.compile(_VERSION + path)
    for path in (
        "/version",
        "/_ping",
        "/containers/json",
        f"/images/({_IMAGE})/json",
        f"/containers/{_NAME}/(json|logs)",
    )
)
_BY_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_CREATE: Final = re.compile(_VERSION + "/containers/create")
_START: Final = re.compile(_VERSION + f"/containers/({_ID})/start")
_BY_ID: Final = re.compile(_VERSION + f"/containers/({_ID})(?:/json)?")
_REMOVE: Final = re.compile(_VERSION + f"/containers/{_NAME}")
_MOST_BYTES: Final = 256 << 10
_FOREIGN: Final = "its image is none of ours"
_WANTED: Final[Mapping[str, object]] = {
    "NetworkMode": "none",
    "ReadonlyRootfs": True,
    "CapDrop": ["ALL"],
    "SecurityOpt": ["no-new-privileges"],
    "IpcMode": "private",
}
_ALLOWED: Final = frozenset(
    {*_WANTED, "Mounts", "Init", "RestartPolicy", "Memory", "MemorySwap", "CpuPeriod", "CpuQuota", "PidsLimit"}
    | {"Tmpfs", "ShmSize", "Ulimits", "OomScoreAdj", "LogConfig"}
)
_CONTAINER: Final = frozenset(
    {"Image", "User", "HostConfig", "Hostname", "Env", "Cmd", "Entrypoint", "WorkingDir", "Labels", "StopTimeout"}
    | {"ExposedPorts", "Volumes", "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce"}
)
_LIMITS: Final = ("Memory", "MemorySwap", "CpuQuota", "PidsLimit")
_SHOWN: Final = frozenset({"Target", "Source", "Type", "ReadOnly"})
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Rules:
    """What a learner's container may be made of."""

    image: str
    """Repository of the images, without a tag; one that is named by its digest must have a tag in it."""
    folders: Sequence[Path]
    """All that is mounted is one of them or lies below it."""
    user: str
    """`uid:gid` that containers run as."""


class Refused(Exception):
    """The call is not one of its caller's; the message says what was wrong."""


def checked_container(name: str, body: object, rules: Rules) -> dict[str, Any]:
    """The container to be made, with nothing in it that was not looked at but an image's digest. Raises Refused.

    The engine takes `networkmode` for `NetworkMode`, and the second of two: only names that we know are passed on.
    """
    if not re.fullmatch(_NAME, name):
        raise Refused("its name is not a learner's")
    made = check_confined(body, rules.user, _LIMITS)
    image = str(made.get("Image", ""))
    if not _BY_DIGEST.fullmatch(image) and not is_ours(image, rules.image):
        raise Refused(_FOREIGN)
    check_mounts(made["HostConfig"].get("Mounts"), rules.folders)
    return made


def check_confined(body: object, user: str, limits: Sequence[str]) -> dict[str, Any]:
    """The container, whose image and mounts were not looked at yet; all else in it is confined. Raises Refused."""
    if not isinstance(body, dict) or not isinstance(body.get("HostConfig"), dict):
        raise Refused("there is no HostConfig")
    host = _known("HostConfig", body["HostConfig"], _ALLOWED)
    if body.get("User") != user:
        raise Refused("it runs as somebody else")
    for key, wanted in _WANTED.items():
        if host.get(key) != wanted:
            raise Refused(f"{key} must be {wanted!r}")
    for key in limits:
        if not isinstance(host.get(key), int) or host[key] <= 0:
            raise Refused(f"{key} is not limited")
    log = host.get("LogConfig")
    if not isinstance(log, dict) or log.get("Type") != "json-file" or set(log) - {"Type", "Config"}:
        raise Refused("what it says must stay on this machine")
    return {**_known("the container", body, _CONTAINER), "HostConfig": host}


def is_ours(tag: str, repository: str) -> bool:
    """Whether an image of this name is of that repository."""
    return tag.rpartition(":")[0] == repository


async def check_digest(engine: httpx.AsyncClient, image: str, repository: str) -> None:
    """A digest is of an image that whoever makes ours has given a name of ours. Raises Refused; names are not asked."""
    if not _BY_DIGEST.fullmatch(image):
        return
    answer = await engine.get(f"/images/{image}/json")
    tags = answer.json().get("RepoTags") if answer.status_code == httpx.codes.OK else None
    if not any(is_ours(str(tag), repository) for tag in tags or ()):
        raise Refused(_FOREIGN)


def _known(what: str, said: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    if other := sorted(key for key, value in said.items() if value and key not in names):
        raise Refused(f"{what} says more than it may: {', '.join(other)}")
    return {key: value for key, value in said.items() if key in names}


def check_mounts(mounts: object, folders: Sequence[Path]) -> None:
    """Plain binds of what is one of these folders or lies below. Raises Refused."""
    if not isinstance(mounts, list):
        raise Refused("Mounts is no list")
    for mount in mounts:
        if not isinstance(mount, dict) or set(mount) - _SHOWN or mount.get("Type") != "bind":
            raise Refused("a mount is more than a plain bind")
        source = Path(str(mount.get("Source", "")))
        # the engine follows links, and learners can make some in their folders
        if source.resolve() != source or not any(map(source.is_relative_to, folders)):
            raise Refused(f"{source} may not be mounted")


class EngineDoor:
    """Passes the Hub's calls on. `engine`: a client on the engine's socket."""

    def __init__(self, engine: httpx.AsyncClient, rules: Rules) -> None:
        self._engine, self._rules = engine, rules

    async def answer(self, request: Request) -> Response:
        """One call: passed on, or refused with 403 and the reason."""
        path = request.scope["path"]
        try:
            body = await body_of(request)
            parameters = parameters_of(request)
            body = await self._checked(request.method, path, parameters, body)
        except Refused as refused:
            _log.warning("refused", method=request.method, path=path, reason=str(refused))
            return JSONResponse({"message": f"the Hub may not do this: {refused}"}, 403)
        headers = {"content-type": "application/json"} if body else {}
        try:
            answer = await self._engine.request(request.method, path, params=parameters, content=body, headers=headers)
        except httpx.TransportError as error:
            return JSONResponse({"message": f"the engine does not answer: {type(error).__name__}"}, 502)
        kept = {k: v for k, v in answer.headers.items() if k in ("content-type", "api-version", "server")}
        return Response(answer.content, answer.status_code, kept)

    async def _checked(self, method: str, path: str, parameters: Mapping[str, str], body: bytes) -> bytes:
        """The body to pass on. Raises Refused."""
        match method:
            case "POST" if _CREATE.fullmatch(path):
                made = checked_container(parameters.get("name", ""), parsed(body), self._rules)
                await check_digest(self._engine, made["Image"], self._rules.image)
                return json.dumps(made).encode()
            case _ if body and body != b"{}":
                raise Refused("it says more than such a call may")
            case "GET" | "HEAD" if ".." not in path and any(known.fullmatch(path) for known in _READS):
                return b""
            case "POST" if found := _START.fullmatch(path):
                await self._check_own(found[1])
                return b""
            case "DELETE" if _REMOVE.fullmatch(path):
                return b""
            case "GET" | "DELETE" if found := _BY_ID.fullmatch(path):
                await self._check_own(found[1])
                return b""
        raise Refused("it is none of the Hub's calls")

    async def _check_own(self, container: str) -> None:
        answer = await self._engine.get(f"/containers/{container}/json")
        name = str(answer.json().get("Name", "")) if answer.status_code == httpx.codes.OK else ""
        if not re.fullmatch(f"/{_NAME}", name):
            raise Refused("that container is none of the Hub's")


def door_app(engine: httpx.AsyncClient, rules: Rules) -> ASGIApp:
    """The door to be served without lifespan; a client that reaches its socket is the Hub."""
    door = EngineDoor(engine, rules)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answer = await door.answer(Request(scope, receive))
        await answer(scope, receive, send)

    return app


async def body_of(request: Request) -> bytes:
    """All that a call says. Raises Refused for too much."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise Refused(f"it is longer than {_MOST_BYTES} bytes")
    return body


def parameters_of(request: Request) -> dict[str, str]:
    """Raises Refused for one that is there twice: the engine would read the first."""
    given = request.query_params.multi_items()
    if len(parameters := dict(given)) != len(given):
        raise Refused("a parameter is there twice")
    return parameters


def parsed(body: bytes) -> Any:
    """Raises Refused for what is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("what it says is no JSON") from None
