"""A Keycloak for tests: the stand-in, or the real server that CASELOOP_TEST_KEYCLOAK_ADDRESS (https) names.

For a real one, CASELOOP_TEST_KEYCLOAK_USER and _PASSWORD sign an administrator of its realm `master` in, and
CASELOOP_TEST_KEYCLOAK_CA is the PEM file of its authority, unless the system trusts it. Everything is made in realms
with new names, `test-…`, which are deleted in the end.
"""

import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from keycloak import KeycloakAdmin

from infra.keycloak.provisioning import administration
from tests.keycloak_double import KeycloakDouble

_REAL = "CASELOOP_TEST_KEYCLOAK_"


@dataclass(frozen=True)
class Server:
    """Where a Keycloak is, and who administers it."""

    address: str
    user: str
    password: str
    ca: Path | None

    def administration(self) -> AbstractContextManager[KeycloakAdmin]:
        """Sign in."""
        return administration(self.address, self.user, self.password, ca=self.ca)


class Installation(ABC):
    """A realm that only one test uses, seen through Keycloak's own interface."""

    def __init__(self, server: Server, realm: str) -> None:
        self.server, self.realm = server, realm

    @contextmanager
    def eyes(self) -> Iterator[KeycloakAdmin]:
        """Sign in anew, and see the realm."""
        with self.server.administration() as admin:
            admin.change_current_realm(self.realm)
            yield admin

    def is_there(self) -> bool:
        """Whether anybody has made the realm."""
        with self.server.administration() as admin:
            return self.realm in {one["realm"] for one in admin.get_realms()}

    @abstractmethod
    def watch(self) -> None:
        """Remember what changes from now on."""

    @abstractmethod
    def changes(self) -> list[str]:
        """What has been changed since."""

    @abstractmethod
    def stop(self) -> None:
        """Leave nothing behind."""


class StandIn(Installation):
    """Keycloak's administration as far as we ask for it."""

    def __init__(self, folder: Path) -> None:
        self._double = KeycloakDouble(folder)
        super().__init__(
            Server(self._double.address, "admin", self._double.password, self._double.ca), realm="caseloop"
        )

    def watch(self) -> None:
        self._double.changes.clear()

    def changes(self) -> list[str]:
        return list(self._double.changes)

    def stop(self) -> None:
        self._double.stop()


class Real(Installation):
    """A new realm in a real Keycloak."""

    def __init__(self, server: Server) -> None:
        super().__init__(server, realm=new_realm())

    def watch(self) -> None:
        with self.eyes() as admin:
            admin.update_realm(self.realm, {"adminEventsEnabled": True})
            admin.connection.raw_delete(f"admin/realms/{self.realm}/admin-events")

    def changes(self) -> list[str]:
        with self.eyes() as admin:
            return [f"{event['operationType']} {event['resourcePath']}" for event in admin.get_admin_events()]

    def stop(self) -> None:
        if self.is_there():
            with self.server.administration() as admin:
                admin.delete_realm(self.realm)


def new_realm() -> str:
    """Name a realm that no other test has."""
    return f"test-{secrets.token_hex(6)}"


def real_server() -> Server | None:
    """The real Keycloak that the environment names, if any."""
    if f"{_REAL}ADDRESS" not in os.environ:
        return None
    ca = os.environ.get(f"{_REAL}CA")
    return Server(
        os.environ[f"{_REAL}ADDRESS"].rstrip("/"),
        os.environ.get(f"{_REAL}USER", "admin"),
        os.environ[f"{_REAL}PASSWORD"],
        Path(ca) if ca else None,
    )


def installation(folder: Path) -> Installation:
    """A realm's place, in which nothing is made yet."""
    server = real_server()
    return StandIn(folder) if server is None else Real(server)
