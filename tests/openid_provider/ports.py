"""What a test needs of an OpenID provider, whichever it is."""

import ssl
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from infra.keycloak.realm import PROGRAM

HUB_ADDRESS = "https://cases.test"
"""Where the provider sends browsers back to; nothing is there."""
AUDIENCE = "caseloop-desk"


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in, with these roles and in these groups."""

    roles: Any = ()
    groups: Any = ()


class OpenIdProvider(ABC):
    """A provider that runs, with the Hub and programs as its clients and the role `admin` for programs."""

    issuer: str
    ca: Path | None
    """Its authority; None where the system trusts it."""
    hub_secret: str
    program_secret: str
    says_anything: bool
    """Whether people can have claims that Keycloak would not give out, and the provider tells what it granted."""

    @abstractmethod
    def have(self, people: Mapping[str, Person]) -> None:
        """Let these people sign in, as they are described here, and nobody else."""

    @abstractmethod
    def password(self, name: str) -> str:
        """With what somebody signs in."""

    @abstractmethod
    def shut_out(self, name: str) -> None:
        """Let somebody in no more."""

    @abstractmethod
    def rotate(self, *, withdraw: bool = False) -> None:
        """Sign with a new key; older ones stay published unless withdrawn."""

    @abstractmethod
    def stop(self) -> None:
        """Answer no more."""

    def context(self) -> ssl.SSLContext:
        """How to trust it."""
        return ssl.create_default_context(cafile=None if self.ca is None else str(self.ca))

    def program_token(self) -> str:
        """A new access token of the program's own."""
        with httpx.Client(verify=self.context(), trust_env=False) as http:
            answer = http.post(
                f"{self.issuer}/protocol/openid-connect/token",
                data={"grant_type": "client_credentials"},
                auth=(PROGRAM, self.program_secret),
            )
        return str(answer.raise_for_status().json()["access_token"])


def names(of: Any) -> Sequence[str]:
    """Those among claims that are names."""
    return [name for name in of if isinstance(name, str)] if isinstance(of, list | tuple) else []
