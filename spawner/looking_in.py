"""Asking a learner's server what it is doing. What answers there belongs to the learner: nothing of it is relied on."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, Final

from aiohttp import ClientError
from jupyterhub.httpclient import fetch
from jupyterhub.orm import APIToken
from jupyterhub.spawner import Spawner

from spawner.idleness import Signs, UnreadableSigns, read_signs

_SECONDS: Final = 10.0
_ANSWER_BYTES: Final = 1 << 18
_TOKEN_SECONDS: Final = 60


class NoAnswer(Exception):
    """The server did not say what it is doing; the message says how."""


async def look_in(url: str, token: str) -> Signs:
    """Ask the server at `url`, which ends in a slash. NoAnswer."""
    try:
        async with asyncio.timeout(_SECONDS):
            status = await _get(f"{url}api/status", token)
            # looking is no activity
            kernels = await _get(f"{url}api/kernels?no_track_activity=1", token)
        return read_signs(status, kernels)
    except TimeoutError as error:
        raise NoAnswer(f"nothing came in {_SECONDS:.0f} s") from error
    except (ClientError, OSError, UnreadableSigns) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error


async def _get(url: str, token: str) -> bytes:
    # the Hub's own client: it knows unix sockets, and certificates where environments have some
    headers = {"Authorization": f"token {token}"}
    async with await fetch(url, headers=headers, allow_redirects=False) as answer:
        if answer.status != 200:
            raise NoAnswer(f"the status is {answer.status}")
        body = b""
        async for part in answer.content.iter_chunked(1 << 14):
            body += part
            if len(body) > _ANSWER_BYTES:
                raise NoAnswer("the answer is too long")
        return body


@contextlib.contextmanager
def short_token(spawner: Spawner) -> Iterator[str]:
    """A token of the learner's own that opens this one server, and is gone at the end."""
    user: Any = spawner.user
    token: str = user.new_api_token(
        note=f"Look at {spawner.name or 'the server'} when it may be idle",
        expires_in=_TOKEN_SECONDS,
        scopes=[f"access:servers!server={user.name}/{spawner.name}"],
    )
    try:
        yield token
    finally:
        found = APIToken.find(user.db, token)
        if found is not None:
            user.db.delete(found)
            user.db.commit()
