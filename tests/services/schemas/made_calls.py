"""Calls that schemathesis makes of a service's schema, brought to life with what is known in the house, and judged."""

import asyncio
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
import schemathesis
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.errors import ErrorBody
from services.contracts.identity import Role
from services.kit.peer import OPERATIONS
from tests.services.schemas.whole_house import LEARNER, House, token_of
from vault.trust import ENV, SUPERVISOR

Case = Any
"""schemathesis' own, which has no types."""
_ROLES: Final = (Role.LEARNER, Role.LEARNER, Role.MENTOR, Role.ADMIN, Role.QA)
_QUIET_SECONDS: Final = 1.0
"""An event stream that says nothing for so long waits for something that nobody does here."""
_STREAMS: Final = ("text/event-stream", "application/x-ndjson")
_NUMBERS: Final = (2**31, 2**63, -(2**63) - 1, 10**40, -1, 0)
_FLOATS: Final = (float("nan"), float("inf"), 1e308, -1.0)
_TEXTS: Final = (
    "\x00", "\ud800", "a" * 5_000, "\u2028\u202e", "../../etc/passwd", "%00", "İ",
    "9999-12-31T23:59:59.999999-14:00", "0001-01-01T00:00:00+14:00", "2026-11-20T12:00:00",
    "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z",
)  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """One route of one service, as its schema has it, and who may use it."""

    service: str
    made: Any
    """schemathesis' operation."""
    callers: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.service}: {self.made.method.upper()} {self.made.path}"


@cache
def operations(service: str, app: FastAPI) -> list[Operation]:
    """Every route of the service, with the callers that pass its door."""
    schema = schemathesis.openapi.from_dict(app.openapi())
    doors = dict(_doors(app))
    found = [one.ok() for one in schema.get_all_operations()]
    return [Operation(service, one, doors[one.path, one.method.upper()]) for one in found]


def _doors(app: FastAPI) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        if not isinstance(dependant, Dependant):
            continue
        peers = (SUPERVISOR,) if route.path in OPERATIONS else tuple(sorted(_peers(dependant)))
        for method in route.methods or ():
            yield (route.path_format, method), peers


def _peers(dependant: Dependant) -> frozenset[str]:
    """Callers that pass every `require_peer` of a route."""
    sets = [frozenset(getattr(dependant.call, "peers", ()))]
    sets += [_peers(inner) for inner in dependant.dependencies]
    asked = [peers for peers in sets if peers]
    return frozenset.intersection(*asked) if asked else frozenset()


@dataclass(frozen=True)
class Call:
    """One request, ready to be sent."""

    operation: Operation
    case: Case
    caller: str
    method: str
    target: str
    """Path and query."""
    headers: Mapping[str, str]
    content: bytes | None

    def __str__(self) -> str:
        sent = (self.content or b"")[:2_000]
        return f"{self.caller} -> {self.operation.service}: {self.method} {self.target[:500]} {sent!r}"


def enlivened(house: House, operation: Operation, case: Case, chance: random.Random) -> Call:
    """Put known ids and the case's notebook in the place of some made values, and nasty values in that of others."""
    path = {name: _value(house, name, value, chance, 0.8) for name, value in (case.path_parameters or {}).items()}
    query = {name: _value(house, name, value, chance, 0.5) for name, value in (case.query or {}).items()}
    target = case.path
    for name, value in path.items():
        target = target.replace(f"{{{name}}}", quote(_text(value), safe=""))
    if query:
        target += "?" + urlencode({name: _texts(value) for name, value in query.items()}, doseq=True)
    caller = chance.choice(operation.callers)
    headers = _headers(house, case, caller, chance) | {"Content-Type": case.media_type or "application/json"}
    return Call(operation, case, caller, case.method.upper(), target, headers, _content(house, case, chance))


def _headers(house: House, case: Case, caller: str, chance: random.Random) -> dict[str, str]:
    made = {name: _text(value) for name, value in (case.headers or {}).items()}
    sendable = {
        name: value for name, value in made.items() if name.isascii() and value.isascii() and value.isprintable()
    }
    if caller == ENV:
        return sendable | {"Authorization": token_of(LEARNER)}
    if caller == "proxy":
        return sendable | house.desk
    subtask = chance.choice(house.known["subtask"])
    return {name: value for name, value in sendable.items() if name.lower() != SCOPE_HEADER.lower()} | {
        SCOPE_HEADER: house.scope(chance.choice(_ROLES), subtask)
    }


def _content(house: House, case: Case, chance: random.Random) -> bytes | None:
    if case.body is NOT_SET:
        return chance.randbytes(chance.randrange(200)) if case.method.upper() == "PATCH" else None
    if isinstance(case.body, bytes):
        return case.body
    body = _body(house, case.body, chance)
    try:
        return json.dumps(body).encode()
    except TypeError:  # schemathesis' own kinds of value
        return str(body).encode("utf-8", "replace")


def _body(house: House, value: Any, chance: random.Random) -> Any:
    match value:
        case dict():
            return {name: _member(house, name, inner, chance) for name, inner in value.items()}
        case list():
            return [_body(house, inner, chance) for inner in value]
    return _nasty(value, chance) if chance.random() < 0.05 else value


def _member(house: House, name: str, value: Any, chance: random.Random) -> Any:
    if name == "cells" and chance.random() < 0.7:
        return [cell.model_dump(mode="json") for cell in house.cells]
    if isinstance(value, str | int):
        return _value(house, name, value, chance, 0.6)
    return _body(house, value, chance)


def _value(house: House, name: str, value: Any, chance: random.Random, often: float) -> Any:
    if name in house.known and chance.random() < often:
        return chance.choice(house.known[name])
    return _nasty(value, chance) if chance.random() < 0.15 else value


def _nasty(value: Any, chance: random.Random) -> Any:
    match value:
        case bool():
            return value
        case int():
            return chance.choice(_NUMBERS)
        case float():
            return chance.choice(_FLOATS)
        case str():
            return chance.choice(_TEXTS)
    return value


def _text(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode()


def _texts(value: Any) -> list[str]:
    return [_text(one) for one in value] if isinstance(value, list | tuple) else [_text(value)]


async def answer_to(house: House, call: Call) -> httpx.Response:
    """Send the call and read its answer; of a stream, what comes before it falls silent."""
    http = house.client(call.operation.service, call.caller)
    request = http.build_request(call.method, call.target, headers=dict(call.headers), content=call.content)
    response = await http.send(request, stream=True)
    try:
        kind = response.headers.get("content-type", "").partition(";")[0]
        content = await (_until_quiet(response) if kind in _STREAMS else response.aread())
    finally:
        await response.aclose()
    read = httpx.Response(response.status_code, headers=response.headers, content=content, request=request)
    read.elapsed = timedelta(0)  # schemathesis wants one
    return read


async def _until_quiet(response: httpx.Response) -> bytes:
    content, parts = b"", aiter(response.aiter_bytes())
    while True:
        try:
            async with asyncio.timeout(_QUIET_SECONDS):
                content += await anext(parts)
        except (StopAsyncIteration, TimeoutError):
            return content
        except httpx.RemoteProtocolError:
            # how `services.kit.stream.ndjson` says that something failed behind the first line
            return content


def complaint(call: Call, response: httpx.Response) -> str | None:
    """What is wrong with the answer; None: nothing."""
    if response.status_code >= 500 or b'"internal_error"' in response.content:
        return f"{call}\nwas answered {response.status_code}: {response.text[:2_000]}"
    if response.is_error:
        if call.method == "HEAD":
            return None
        try:
            ErrorBody.model_validate_json(response.content)
        except ValueError as error:
            return f"{call}\nhas an error of another shape, {response.status_code}: {response.text[:500]} ({error})"
        return None
    if response.status_code != 200 or response.headers.get("content-type") != "application/json":
        return None
    try:
        call.case.validate_response(response, checks=[response_schema_conformance, content_type_conformance])
    except BaseExceptionGroup as error:
        return f"{call}\nhas an answer that its schema does not allow: {error}"
    return None
