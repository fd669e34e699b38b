"""Messages with a sandbox, from the event loop. Whatever comes from inside is hostile until it was looked at."""

import asyncio
import math
import socket
from typing import Any

from services.runner.sandbox.wire import HEADER, Garbled, decode, encode

MAX_MESSAGE = 16 << 20
MAX_DEPTH = 60
_ALWAYS = frozenset({int, bool, type(None)})
"""What is harmless whatever its value."""


class Ended(Exception):
    """The other side hung up."""


class Channel:
    """A socket to a sandbox's trusted process."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._loop = asyncio.get_running_loop()

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message. Raises Ended."""
        try:
            await self._loop.sock_sendall(self._socket, encode(message))
        except OSError:
            raise Ended from None

    async def send_with_socket(self, message: dict[str, Any], passed: socket.socket) -> None:
        """Send one message and hand over a socket with it. Raises Ended."""
        data = encode(message)
        try:
            socket.send_fds(self._socket, [data[: HEADER.size]], [passed.fileno()])
            await self._loop.sock_sendall(self._socket, data[HEADER.size :])
        except OSError:
            raise Ended from None

    async def receive(self, seconds: float) -> dict[str, Any]:
        """The next message, made harmless. Raises TimeoutError, Ended, or Garbled."""
        async with asyncio.timeout(seconds):
            (length,) = HEADER.unpack(await self._exactly(HEADER.size))
            if length > MAX_MESSAGE:
                raise Garbled(f"a message of {length} bytes")
            message = harmless(decode(await self._exactly(length)))
        assert isinstance(message, dict)
        return message

    async def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            try:
                part = await self._loop.sock_recv(self._socket, min(count, 1 << 20))
            except OSError:
                raise Ended from None
            if not part:
                raise Ended
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def harmless(value: Any, depth: int = 0) -> Any:
    """The same JSON without lone surrogates and non-numbers, which our own JSON writers refuse.

    Raises Garbled when it is nested deeper than anything the runner writes.
    """
    if depth > MAX_DEPTH:
        raise Garbled("nested too deeply")
    kind = type(value)
    if kind is str:
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    deeper = depth + 1
    # Most of what arrives are numbers in lists and dictionaries: a call for each would take most of the time.
    if kind is dict:
        return {
            key if key.isascii() else harmless(key): item if type(item) in _ALWAYS else harmless(item, deeper)
            for key, item in value.items()
        }
    if kind is list:
        return [item if type(item) in _ALWAYS else harmless(item, deeper) for item in value]
    if kind is float and not math.isfinite(value):
        return None
    return value
