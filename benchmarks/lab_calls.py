"""What a Lab says to the gateway, and how it hears the answer."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Final, TypeVar

import httpx
from pydantic import TypeAdapter

from services.contracts.errors import ErrorBody
from services.contracts.model import WireModel

_JSON: Final = {"Content-Type": "application/json"}
_Read = TypeVar("_Read", bound=WireModel)


class Refused(Exception):
    """The platform answered with an error; the message is its name."""


class LabCalls:
    """Calls of one environment. All raise Refused and httpx.HTTPError."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def get(self, path: str, **parameters: str) -> bytes:
        """Read something."""
        return sound(await self._http.get(path, params=parameters)).content

    async def all(self, model: type[_Read], path: str, **parameters: str) -> list[_Read]:
        """Read a list of something."""
        return TypeAdapter(list[model]).validate_json(await self.get(path, **parameters))  # type: ignore[valid-type]

    async def send(self, method: str, path: str, body: WireModel) -> bytes:
        """Have something done."""
        return sound(await self._http.request(method, path, content=body.model_dump_json(), headers=_JSON)).content

    async def followed(self, path: str, body: WireModel, last: str) -> str:
        """Have something done that is told in events; returns the data of the one named `last`."""
        async with self._http.stream("POST", path, content=body.model_dump_json(), headers=_JSON) as answer:
            if not answer.is_success:
                await answer.aread()
            sound(answer)
            told = ""
            async with contextlib.aclosing(_events(answer)) as events:
                async for name, data in events:
                    if name == "error":
                        raise Refused(ErrorBody.model_validate_json(data).error)
                    if name == last:
                        told = data
        if not told:
            raise Refused("ended without an answer")
        return told


def sound(answer: httpx.Response) -> httpx.Response:
    """The answer, when it is one: a way elsewhere is none, such as to the Hub's sign-in. Raises Refused."""
    if not answer.is_success:
        raise Refused(_named(answer))
    return answer


def _named(answer: httpx.Response) -> str:
    try:
        return ErrorBody.model_validate_json(answer.content).error
    except ValueError:
        return f"status {answer.status_code}"


async def _events(answer: httpx.Response) -> AsyncGenerator[tuple[str, str]]:
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            yield name, line.removeprefix("data:")
