"""The Docker engine as the making of cases' images uses it: images of cases' names, and looks into them, confined.

The case service has this door and not the one of learners' containers; neither has the engine's own socket.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from case_uploader.images.plan import STAGE_LABEL
from infra.production.engine_door import Refused, body_of, check_confined, parameters_of, parsed

_VERSION: Final = r"(?:/v[0-9.]{1,8})?"
_LOOK: Final = r"caseloop-look-[0-9a-f]{12}"
_ID: Final = r"[0-9a-f]{64}"
_IMAGE: Final = r"[A-Za-z0-9][A-Za-z0-9._/@-]{0,200}(?::[\w.-]{1,128})?(?:@sha256:[0-9a-f]{64})?|sha256:[0-9a-f]{64}"
_CASES_TAG: Final = re.compile(r"case-[0-9a-f]{12}-[0-9a-f]{24}(?:-[0-9a-f]{12})?(?:-packs)?")
_READS: Final = tuple(re.compile(_VERSION + path) for path in ("/version", "/_ping", "/images/json"))
_INSPECT: Final = re.compile(_VERSION + f"/images/({_IMAGE})/json")
_TAG: Final = re.compile(_VERSION + f"/images/({_IMAGE})/tag")
_REMOVE: Final = re.compile(_VERSION + f"/images/({_IMAGE})")
_PULL: Final = re.compile(_VERSION + "/images/create")
_BUILD: Final = re.compile(_VERSION + "/build")
_CREATE: Final = re.compile(_VERSION + "/containers/create")
_OF_A_LOOK: Final = {
    "GET": re.compile(_VERSION + f"/containers/({_ID})/(?:json|logs)"),
    "POST": re.compile(_VERSION + f"/containers/({_ID})/(?:start|wait)"),
    "DELETE": re.compile(_VERSION + f"/containers/({_ID})"),
}
_BUILD_SAYS: Final = frozenset(
    {"t", "q", "nocache", "rm", "forcerm", "pull", "memory", "memswap", "networkmode", "buildargs"}
)
_ARGUMENTS: Final = frozenset({"NB_USER", "NB_UID", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"})
_NOBODY: Final = "65534:65534"
_FALSE: Final = ("", "0", "false", "none")
_FOREIGN: Final = "its image is none of ours"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class BuildRules:
    """What images of cases may be made of."""

    image: str
    """Repository of learners' images, without a tag."""
    bases: frozenset[str]
    """Other images that they may be made from, by the names that the settings have."""
    most_bytes: int
    """Most that a build may be sent."""
    memory_bytes: int
    """Most memory of one step of a build."""
    stock_base: str = ""
    """What may be fetched from a registry, for builds with a network; empty: nothing, and no build has one."""


class BuildsDoor:
    """Passes the case service's calls on. `engine`: a client on the engine's socket."""

    def __init__(self, engine: httpx.AsyncClient, rules: BuildRules) -> None:
        self._engine, self._rules = engine, rules

    async def answer(self, request: Request) -> Response:
        """One call: passed on, or refused with 403 and the reason."""
        path = request.scope["path"]
        try:
            parameters = parameters_of(request)
            if request.method == "POST" and _BUILD.fullmatch(path):
                check_build(parameters, self._rules)
                return await self._passed(request, parameters, self._limited(request))
            body = await self._checked(request.method, path, parameters, await body_of(request))
            return await self._passed(request, parameters, body)
        except Refused as refused:
            _log.warning("refused", method=request.method, path=path, reason=str(refused))
            return JSONResponse({"message": f"the case service may not do this: {refused}"}, 403)
        except httpx.TransportError as error:
            return JSONResponse({"message": f"the engine does not answer: {type(error).__name__}"}, 502)

    async def _passed(
        self, request: Request, parameters: Mapping[str, str], body: bytes | AsyncIterator[bytes]
    ) -> Response:
        """What the engine says, as it says it: a build and a fetch tell how they go on."""
        headers = {"content-type": request.headers.get("content-type", "application/json")} if body else {}
        call = self._engine.build_request(
            request.method, request.scope["path"], params=dict(parameters), content=body, headers=headers
        )
        answer = await self._engine.send(call, stream=True)
        kept = {k: v for k, v in answer.headers.items() if k in ("content-type", "api-version", "server")}

        async def said() -> AsyncIterator[bytes]:
            try:
                async for part in answer.aiter_bytes():
                    yield part
            finally:
                await answer.aclose()

        return StreamingResponse(said(), answer.status_code, kept)

    async def _limited(self, request: Request) -> AsyncIterator[bytes]:
        sent = 0
        async for part in request.stream():
            sent += len(part)
            if sent > self._rules.most_bytes:
                raise Refused(f"a build is sent no more than {self._rules.most_bytes} bytes")
            yield part

    async def _checked(self, method: str, path: str, parameters: Mapping[str, str], body: bytes) -> bytes:
        """The body to pass on. Raises Refused."""
        if method == "POST" and _CREATE.fullmatch(path):
            made = checked_look(parameters.get("name", ""), parsed(body))
            await self._check_image(str(made["Image"]))
            return json.dumps(made).encode()
        if body and body != b"{}":
            raise Refused("it says more than such a call may")
        if ".." in path:
            raise Refused("it is none of its calls")
        match method:
            case "GET" | "HEAD" if _INSPECT.fullmatch(path) or any(known.fullmatch(path) for known in _READS):
                return b""
            case "POST" if found := _TAG.fullmatch(path):
                self._check_name(f"{parameters.get('repo', '')}:{parameters.get('tag', '')}")
                await self._check_image(found[1])
                return b""
            case "POST" if _PULL.fullmatch(path):
                self._check_pull(parameters)
                return b""
            case "DELETE" if (found := _REMOVE.fullmatch(path)) and parameters.get("force", "").lower() in _FALSE:
                if found[1].startswith("sha256:"):
                    await self._check_leftover(found[1])
                else:
                    self._check_name(found[1])
                return b""
            case "GET" | "POST" | "DELETE" if found := _OF_A_LOOK[method].fullmatch(path):
                await self._check_own(found[1])
                return b""
        raise Refused("it is none of its calls")

    def _check_name(self, name: str) -> None:
        if not is_cases_image(name, self._rules):
            raise Refused("that is no name of a case's image")

    def _check_pull(self, parameters: Mapping[str, str]) -> None:
        name, tag = parameters.get("fromImage", ""), parameters.get("tag", "")
        wanted = self._rules.stock_base
        asked = {f"{name}:{tag}", f"{name}@{tag}", name if tag == "latest" else ""}
        if set(parameters) - {"fromImage", "tag"} or not wanted or wanted not in asked:
            raise Refused("that is not what packs build on")

    async def _check_image(self, image: str) -> None:
        """Only what has a name of learners' images, or is a base that the settings name."""
        told = await self._told_of(image)
        names = [str(name) for key in ("RepoTags", "RepoDigests") for name in told.get(key) or ()]
        names.append(str(told.get("Id", "")))
        if not any(name.rpartition(":")[0] == self._rules.image or name in self._rules.bases for name in names):
            raise Refused(_FOREIGN)

    async def _check_leftover(self, image: str) -> None:
        """What was needed while an image was made has no name, and the label of such."""
        told = await self._told_of(image)
        labels = (told.get("Config") or {}).get("Labels") or {}
        if told.get("RepoTags") or STAGE_LABEL not in labels:
            raise Refused(_FOREIGN)

    async def _told_of(self, image: str) -> Mapping[str, Any]:
        answer = await self._engine.get(f"/images/{image}/json")
        told: dict[str, Any] = answer.json() if answer.status_code == httpx.codes.OK else {}
        return told

    async def _check_own(self, container: str) -> None:
        answer = await self._engine.get(f"/containers/{container}/json")
        name = str(answer.json().get("Name", "")) if answer.status_code == httpx.codes.OK else ""
        if not re.fullmatch(f"/{_LOOK}", name):
            raise Refused("that container is no look into an image")


def is_cases_image(name: str, rules: BuildRules) -> bool:
    """Whether images of cases are called so, and those that are being made."""
    repository, _, tag = name.rpartition(":")
    return repository == rules.image and bool(_CASES_TAG.fullmatch(tag))


def check_build(parameters: Mapping[str, str], rules: BuildRules) -> None:
    """Raises Refused for a build that is less confined than ours are, or names another image."""
    if other := sorted(name for name in set(parameters) - _BUILD_SAYS if parameters[name].lower() not in _FALSE):
        raise Refused(f"a build says more than it may: {', '.join(other)}")
    if not is_cases_image(parameters.get("t", ""), rules):
        raise Refused("that is no name of a case's image")
    if parameters.get("networkmode") != "none" and not rules.stock_base:
        raise Refused("a build has no network")
    if parameters.get("networkmode", "none") not in ("none", "default", "bridge"):
        raise Refused("a build has no such network")
    if parameters.get("pull", "").lower() not in _FALSE:
        raise Refused("a build fetches no image")
    memory = parameters.get("memory", "")
    if not memory.isdecimal() or not 0 < int(memory) <= rules.memory_bytes or parameters.get("memswap") != memory:
        raise Refused("its memory is not limited")
    given = parsed(parameters.get("buildargs", "{}").encode())
    if not isinstance(given, dict) or {name.upper() for name in given} - _ARGUMENTS:
        raise Refused("it is given what no build of ours is")


def checked_look(name: str, body: object) -> dict[str, Any]:
    """A container that tells what is in an image, with nothing in it that was not looked at. Raises Refused."""
    if not re.fullmatch(_LOOK, name):
        raise Refused("its name is not that of a look")
    made = check_confined(body, _NOBODY, ("Memory", "MemorySwap", "PidsLimit"))
    if made["HostConfig"].get("Mounts"):
        raise Refused("a look is shown nothing of this machine")
    return made


def builds_app(engine: httpx.AsyncClient, rules: BuildRules) -> ASGIApp:
    """The door to be served without lifespan; a client that reaches its socket is the case service."""
    door = BuildsDoor(engine, rules)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        answer = await door.answer(request)
        await answer(scope, receive, send)

    return app
