"""Where services listen and are called: unix sockets on one machine, addresses across several. TLS is the same."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Address:
    """Where a service is called over TCP. Its certificate bears its own name, not this host's."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class OpenPort:
    """A TCP port of every address of this machine or container: TLS decides who comes in."""

    number: int
