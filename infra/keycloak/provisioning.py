"""Bringing a Keycloak to the realm that `infra.keycloak.realm` describes; what is right already is left alone."""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests
from keycloak import KeycloakAdmin
from keycloak.exceptions import KeycloakError

from infra.keycloak import realm
from services.contracts.identity import Role

_CLASS: Final = re.compile(r"[\w][\w .-]{0,63}")
_NOT_FOUND: Final = 404


class ProvisioningFailed(Exception):
    """Keycloak could not be brought to the realm; the message says why."""


@dataclass(frozen=True)
class Wanted:
    """What differs between installations."""

    realm: str
    hub_address: str
    audience: str
    classes: tuple[str, ...] = ()
    program_role: Role = Role.ADMIN


@dataclass(frozen=True)
class Provisioned:
    """What the other side needs, and what was changed."""

    hub_secret: str
    program_secret: str
    done: tuple[str, ...]


def provision(address: str, user: str, password: str, wanted: Wanted, *, ca: Path | None = None) -> Provisioned:
    """Make or mend the realm as an administrator of the realm `master`. Raises `ProvisioningFailed`."""
    for name in wanted.classes:
        if not _CLASS.fullmatch(name):
            raise ProvisioningFailed(f"{name!r} is no name of a class: letters, digits, spaces, dots, dashes, up to 64")
    try:
        with administration(address, user, password, ca=ca) as admin:
            return _Provisioning(admin, wanted).run()
    except (KeycloakError, requests.exceptions.RequestException) as error:
        raise ProvisioningFailed(f"Keycloak at {address}: {_said(error)}") from error
    except FileNotFoundError as error:
        # the client reads the authority's certificate itself, and does not say of what file it speaks
        raise ProvisioningFailed(f"CASELOOP_OIDC_CA={ca} is not there") from error


@contextmanager
def administration(address: str, user: str, password: str, *, ca: Path | None = None) -> Iterator[KeycloakAdmin]:
    """Be an administrator of the realm `master`, who signs in with the first question."""
    with warnings.catch_warnings():
        # python-keycloak gives the file to a second client, too, that we do not use and that wants it otherwise
        warnings.filterwarnings("ignore", message="`verify=<str>` is deprecated", category=DeprecationWarning)
        yield KeycloakAdmin(
            server_url=f"{address.rstrip('/')}/",
            username=user,
            password=password,
            realm_name="master",
            user_realm_name="master",
            verify=True if ca is None else str(ca),
            timeout=20,
        )


class _Provisioning:
    def __init__(self, admin: KeycloakAdmin, wanted: Wanted) -> None:
        self._admin, self._wanted = admin, wanted
        self._done: list[str] = []

    def run(self) -> Provisioned:
        self._realm()
        self._admin.change_current_realm(self._wanted.realm)
        self._roles()
        scope = self._scope()
        hub = self._client(realm.hub_client(self._wanted.hub_address), scope)
        program = self._client(realm.program_client(), scope)
        self._mappers(
            f"client {realm.PROGRAM}",
            realm.program_mappers(self._wanted.audience),
            self._admin.get_mappers_from_client(program),
            lambda mapper: self._admin.add_mapper_to_client(program, mapper),
            lambda number, mapper: self._admin.update_client_mapper(program, number, mapper),
        )
        self._program_role(program)
        self._classes()
        secrets = (self._admin.get_client_secrets(client)["value"] for client in (hub, program))
        return Provisioned(next(secrets), next(secrets), tuple(self._done))

    def _realm(self) -> None:
        wanted = realm.realm(self._wanted.realm)
        if self._wanted.realm not in {one["realm"] for one in self._admin.get_realms()}:
            self._admin.create_realm(dict(wanted))
            # a token may open only the realms that were there when it was given out
            self._admin.connection.get_token()
            self._done.append(f"realm {self._wanted.realm}")
        elif not _holds(self._admin.get_realm(self._wanted.realm), wanted):
            self._admin.update_realm(self._wanted.realm, dict(wanted))
            self._done.append(f"realm {self._wanted.realm}")

    def _roles(self) -> None:
        known = {role["name"] for role in self._admin.get_realm_roles()}
        for role in realm.roles():
            if role["name"] not in known:
                self._admin.create_realm_role(dict(role))
                self._done.append(f"role {role['name']}")

    def _scope(self) -> str:
        found = [one["id"] for one in self._admin.get_client_scopes() if one["name"] == realm.SCOPE]
        if not found:
            found = [self._admin.create_client_scope(dict(realm.scope()))]
            self._done.append(f"scope {realm.SCOPE}")
        number = str(found[0])
        self._mappers(
            f"scope {realm.SCOPE}",
            realm.scope_mappers(),
            self._admin.get_mappers_from_client_scope(number),
            lambda mapper: self._admin.add_mapper_to_client_scope(number, mapper),
            lambda mapper_number, mapper: self._admin.update_mapper_in_client_scope(number, mapper_number, mapper),
        )
        return number

    def _client(self, wanted: Mapping[str, Any], scope: str) -> str:
        name = wanted["clientId"]
        number = self._admin.get_client_id(name)
        if number is None:
            number = self._admin.create_client(dict(wanted))
            self._done.append(f"client {name}")
        elif not _holds(self._admin.get_client(number), wanted):
            self._admin.update_client(number, dict(wanted))
            self._done.append(f"client {name}")
        if scope not in {one["id"] for one in self._admin.get_client_default_client_scopes(number)}:
            place = {"realm": self._wanted.realm, "client": number, "clientScopeId": scope}
            self._admin.add_client_default_client_scope(number, scope, place)
        return str(number)

    def _mappers(
        self,
        where: str,
        wanted: Iterable[Mapping[str, Any]],
        known: Iterable[Mapping[str, Any]],
        add: Callable[[dict[str, Any]], object],
        update: Callable[[str, dict[str, Any]], object],
    ) -> None:
        by_name = {mapper["name"]: mapper for mapper in known}
        for mapper in wanted:
            found = by_name.get(mapper["name"])
            if found is None:
                add(dict(mapper))
            elif not _holds(found, mapper):
                update(found["id"], {**mapper, "id": found["id"]})
            else:
                continue
            self._done.append(f"mapper {mapper['name']} of {where}")

    def _program_role(self, client: str) -> None:
        account = self._admin.get_client_service_account_user(client)["id"]
        own = {role.value for role in Role}
        held = {role["name"]: role for role in self._admin.get_realm_roles_of_user(account) if role["name"] in own}
        wanted = self._wanted.program_role.value
        surplus = [role for name, role in held.items() if name != wanted]
        if surplus:
            self._admin.delete_realm_roles_of_user(account, surplus)
        if wanted not in held:
            self._admin.assign_realm_roles(account, [self._admin.get_realm_role(wanted)])
        if surplus or wanted not in held:
            self._done.append(f"role {wanted} of {realm.PROGRAM}")

    def _classes(self) -> None:
        top = self._group(realm.CLASSES, realm.CLASSES, None)
        for name in self._wanted.classes:
            self._group(name, f"{realm.CLASSES}/{name}", top)

    def _group(self, name: str, path: str, parent: str | None) -> str:
        try:
            # the address ends with a slash, and Keycloak refuses two in a row since 26.4.4
            return str(self._admin.get_group_by_path(path)["id"])
        except KeycloakError as error:
            if error.response_code != _NOT_FOUND:
                raise
        self._done.append(f"group /{path}")
        return str(self._admin.create_group({"name": name}, parent=parent))


def _holds(found: Any, wanted: Any) -> bool:
    """Whether what is there says all that is wanted; more is Keycloak's own."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(_holds(found.get(key), value) for key, value in wanted.items())
    return bool(found == wanted)


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
