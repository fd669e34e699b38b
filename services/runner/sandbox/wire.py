"""Messages between the processes of a sandbox and the supervisor: four bytes of length, then JSON."""

import json
import socket
import struct
from typing import Any

HEADER = struct.Struct(">I")
MAX_ORDER = 64 << 20
"""Longest order a trusted process may send; a submission is at most 1,000 cells of 200,000 characters in theory."""


class Garbled(Exception):
    """What arrived is not the protocol."""


def encode(message: dict[str, Any]) -> bytes:
    """The message as it travels. Raises ValueError for what JSON cannot say."""
    body = json.dumps(message, allow_nan=False).encode("ascii")
    return HEADER.pack(len(body)) + body


def decode(body: bytes) -> dict[str, Any]:
    """The message in these bytes. Raises Garbled: not JSON, too deep, or no object."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise Garbled("not JSON") from None
    if not isinstance(message, dict):
        raise Garbled("not an object")
    return message


def send(sock: socket.socket, message: dict[str, Any]) -> None:
    """Send one message whole."""
    sock.sendall(encode(message))


def receive(sock: socket.socket) -> dict[str, Any]:
    """The next message of a trusted peer. Raises EOFError when it hung up."""
    (length,) = HEADER.unpack(_exactly(sock, HEADER.size))
    if length > MAX_ORDER:
        raise Garbled(f"an order of {length} bytes")
    return decode(_exactly(sock, length))


def receive_with_socket(sock: socket.socket) -> tuple[dict[str, Any], socket.socket | None]:
    """The next message of a trusted peer and the socket that came with it, if any."""
    first, descriptors, _, _ = socket.recv_fds(sock, HEADER.size, 1)
    if not first:
        raise EOFError
    header = first + (_exactly(sock, HEADER.size - len(first)) if len(first) < HEADER.size else b"")
    message = decode(_exactly(sock, HEADER.unpack(header)[0]))
    return message, socket.socket(fileno=descriptors[0]) if descriptors else None


def send_with_socket(sock: socket.socket, message: dict[str, Any], passed: socket.socket) -> None:
    """Send one message and hand over a socket with it."""
    data = encode(message)
    socket.send_fds(sock, [data[: HEADER.size]], [passed.fileno()])
    sock.sendall(data[HEADER.size :])


def _exactly(sock: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        part = sock.recv(min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
