"""A port for a server that has to be told which one."""

import secrets
import socket
from contextlib import suppress


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that the system gives to nobody who asks for any."""
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
