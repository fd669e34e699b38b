"""A realm in a real Keycloak, made by our own provisioning, with people in it."""

import secrets
from collections.abc import Mapping
from typing import Any

from keycloak import KeycloakAdmin

from infra.keycloak.provisioning import Wanted, provision
from tests.keycloak_installation import Server, new_realm
from tests.openid_provider.ports import AUDIENCE, HUB_ADDRESS, OpenIdProvider, Person, names

_KEYS = "org.keycloak.keys.KeyProvider"
_OWN_ROLES = ("default-roles-", "offline_access", "uma_authorization")


class KeycloakRealm(OpenIdProvider):
    """There until `stop`, which deletes it."""

    says_anything = False

    def __init__(self, server: Server) -> None:
        self._server, self._realm, self.ca = server, new_realm(), server.ca
        wanted = Wanted(self._realm, HUB_ADDRESS, AUDIENCE)
        made = provision(server.address, server.user, server.password, wanted, ca=server.ca)
        self.issuer = f"{server.address}/realms/{self._realm}"
        self.hub_secret, self.program_secret = made.hub_secret, made.program_secret
        self._password = f"Aa1-{secrets.token_hex(12)}"
        self._people: dict[str, Person] = {}
        self._rotations = 0

    def have(self, people: Mapping[str, Person]) -> None:
        with self._server.administration() as admin:
            admin.change_current_realm(self._realm)
            for name in self._people.keys() - people.keys():
                admin.delete_user(admin.get_user_id(name))
            for name, person in people.items():
                if self._people.get(name) != person:
                    self._describe(admin, name, person)
        self._people = dict(people)

    def password(self, name: str) -> str:
        return self._password

    def shut_out(self, name: str) -> None:
        with self._server.administration() as admin:
            admin.change_current_realm(self._realm)
            number = admin.get_user_id(name)
            # the whole of him: what a description leaves out may be taken away
            admin.update_user(number, {**admin.get_user(number), "enabled": False})
        # whoever is wanted again is described anew
        self._people[name] = Person(roles=None)

    def rotate(self, *, withdraw: bool = False) -> None:
        self._rotations += 1
        with self._server.administration() as admin:
            admin.change_current_realm(self._realm)
            older = [one for one in admin.get_components({"type": _KEYS}) if one["providerId"] == "rsa-generated"]
            config = {"priority": str(100 + self._rotations), "enabled": "true", "active": "true", "keySize": "2048"}
            admin.create_component(
                {
                    "name": f"rotation-{self._rotations}",
                    "providerId": "rsa-generated",
                    "providerType": _KEYS,
                    "parentId": admin.get_realm(self._realm)["id"],
                    "config": {name: [value] for name, value in {**config, "algorithm": "RS256"}.items()},
                }
            )
            for one in older if withdraw else ():
                admin.delete_component(one["id"])

    def stop(self) -> None:
        with self._server.administration() as admin:
            admin.delete_realm(self._realm)

    def _describe(self, admin: KeycloakAdmin, name: str, person: Person) -> None:
        """A name, an address for mail: without them Keycloak would ask at the first sign-in."""
        about = {"username": name, "enabled": True, "emailVerified": True, "requiredActions": []}
        about |= {"email": f"{name}@cases.test", "firstName": name, "lastName": "of the tests"}
        number = admin.get_user_id(name)
        if number is None:
            password = {"type": "password", "value": self._password, "temporary": False}
            number = admin.create_user({**about, "credentials": [password]})
        else:
            admin.update_user(number, about)
        held = [role for role in admin.get_realm_roles_of_user(number) if not role["name"].startswith(_OWN_ROLES)]
        if held:
            admin.delete_realm_roles_of_user(number, held)
        if roles := [admin.get_realm_role(role) for role in names(person.roles)]:
            admin.assign_realm_roles(number, roles)
        for group in admin.get_user_groups(number):
            admin.group_user_remove(number, group["id"])
        for path in names(person.groups):
            admin.group_user_add(number, _group(admin, path))


def _group(admin: KeycloakAdmin, path: str) -> str:
    """The group at the end of a path, made with all before it where it is not there."""
    parent: dict[str, Any] | None = None
    for name in path.strip("/").split("/"):
        known = admin.get_groups() if parent is None else admin.get_group_children(parent["id"])
        found = next((group for group in known if group["name"] == name), None)
        if found is None:
            number = admin.create_group({"name": name}, parent=None if parent is None else parent["id"])
            found = {"id": number}
        parent = found
    assert parent is not None
    return str(parent["id"])
