"""Keycloak's administration as far as our provisioning asks for it, written from its REST API's documentation."""

import copy
import json
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.tls_server import TlsHandler, TlsServer, server_context

_OWN_ROLES = ("offline_access", "uma_authorization")


class KeycloakDouble:
    """Realms with roles, scopes, clients and groups; what nobody set has a value of Keycloak's own."""

    password = "the administrator's"

    def __init__(self, folder: Path) -> None:
        self.ca = folder / "keycloak.pem"
        context = server_context(self.ca, folder / "keycloak.key")
        self.realms: dict[str, dict[str, Any]] = {}
        self.changes: list[str] = []
        """`METHOD path` of everything that changed something."""
        self.tokens: dict[str, set[str]] = {}
        """The realms that each token opens: those of its time, as in the versions that look into the token."""
        self._server = TlsServer(0, AdministrationHandler, self, context)
        self.address = f"https://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """Answer no more."""
        self._server.stop()

    def answer(self, method: str, path: list[str], body: Any) -> tuple[int, Any]:
        """Status and content; the content of 201 is the new thing's id."""
        if method != "GET":
            self.changes.append(f"{method} {'/'.join(path)}")
        match method, path:
            case "GET", ["realms"]:
                return 200, [realm["about"] for realm in self.realms.values()]
            case "POST", ["realms"]:
                about = {"id": str(uuid.uuid4()), "loginTheme": "keycloak", **body}
                own = [{"id": str(uuid.uuid4()), "name": name} for name in _OWN_ROLES]
                self.realms[body["realm"]] = {
                    "about": about, "roles": own, "client-scopes": [], "clients": [], "groups": [], "held": {},
                }  # fmt: skip
                return 201, body["realm"]
            case _, ["realms", name, *below] if name in self.realms:
                return self._in_realm(self.realms[name], method, below, body)
        return 404, {"error": "not found"}

    def _in_realm(self, realm: dict[str, Any], method: str, path: list[str], body: Any) -> tuple[int, Any]:
        match method, path:
            case "GET", []:
                return 200, realm["about"]
            case "PUT", []:
                realm["about"].update(body)
                return 204, None
            case "GET", ["roles", name]:
                return _found(role for role in realm["roles"] if role["name"] == name)
            case "GET", [("roles" | "client-scopes" | "clients") as kind]:
                return 200, realm[kind]
            case "POST", [("roles" | "client-scopes" | "clients") as kind]:
                return self._new(realm, kind, body)
            case "GET", ["group-by-path", *parts]:
                return _found(group for group in realm["groups"] if group["path"] == "/" + "/".join(parts).lstrip("/"))
            case "POST", ["groups"]:
                return self._group(realm, "", body)
            case "POST", ["groups", parent, "children"]:
                above = next(group for group in realm["groups"] if group["id"] == parent)
                return self._group(realm, above["path"], body)
            case _, ["users", account, "role-mappings", "realm"]:
                return self._held(realm, method, account, body)
            case _, [("clients" | "client-scopes") as kind, number, *below]:
                owner = next((one for one in realm[kind] if one["id"] == number), None)
                return (404, {"error": "not found"}) if owner is None else self._owned(owner, method, below, body)
        return 404, {"error": "not found"}

    def _new(self, realm: dict[str, Any], kind: str, body: Any) -> tuple[int, Any]:
        new = {"id": str(uuid.uuid4()), "protocolMappers": [], "defaultClientScopes": [], **copy.deepcopy(body)}
        if kind == "clients":
            new["secret"] = uuid.uuid4().hex
            # Keycloak adds attributes of its own
            new["attributes"] = {"client.secret.creation.time": "1", **new.get("attributes", {})}
        realm[kind].append(new)
        return 201, body["name"] if kind == "roles" else new["id"]

    def _group(self, realm: dict[str, Any], above: str, body: Any) -> tuple[int, Any]:
        new = {"id": str(uuid.uuid4()), "name": body["name"], "path": f"{above}/{body['name']}"}
        realm["groups"].append(new)
        return 201, new["id"]

    def _held(self, realm: dict[str, Any], method: str, account: str, body: Any) -> tuple[int, Any]:
        held = realm["held"].setdefault(account, [{"name": f"default-roles-{realm['about']['realm']}"}])
        if method == "GET":
            return 200, held
        names = {role["name"] for role in body}
        held[:] = [role for role in held if role["name"] not in names] + (body if method == "POST" else [])
        return 204, None

    def _owned(self, owner: dict[str, Any], method: str, path: list[str], body: Any) -> tuple[int, Any]:
        match method, path:
            case "GET", []:
                return 200, owner
            case "PUT", []:
                owner.update(body)
                return 204, None
            case "GET", ["client-secret"]:
                return 200, {"type": "secret", "value": owner["secret"]}
            case "GET", ["service-account-user"]:
                return 200, {"id": f"account-of-{owner['clientId']}"}
            case "GET", ["default-client-scopes"]:
                return 200, [{"id": number} for number in owner["defaultClientScopes"]]
            case "PUT", ["default-client-scopes", number]:
                owner["defaultClientScopes"].append(number)
                return 204, None
            case "GET", ["protocol-mappers", "models"]:
                return 200, owner["protocolMappers"]
            case "POST", ["protocol-mappers", "models"]:
                owner["protocolMappers"].append({"id": str(uuid.uuid4()), **body})
                return 201, owner["protocolMappers"][-1]["id"]
            case "DELETE", ["protocol-mappers", "models", number]:
                owner["protocolMappers"] = [one for one in owner["protocolMappers"] if one["id"] != number]
                return 204, None
            case "PUT", ["protocol-mappers", "models", number]:
                next(mapper for mapper in owner["protocolMappers"] if mapper["id"] == number).update(body)
                return 204, None
        return 404, {"error": "not found"}


def _found(matching: Any) -> tuple[int, Any]:
    first = next(matching, None)
    return (404, {"error": "not found"}) if first is None else (200, first)


class AdministrationHandler(TlsHandler):
    """Reads what is asked, and sends what the double says."""

    def answer(self, body: str) -> None:
        path = unquote(self.path.partition("?")[0]).strip("/").split("/")
        opened = self.server.double.tokens.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if "//" in self.path:
            self._say(400, {"error": "missingNormalization", "error_description": "Request path not normalized"})
        elif path[:2] == ["realms", "master"]:
            self._sign_in(path, body)
        elif opened is None:
            self._say(401, {"error": "unauthorized"})
        elif path[:2] == ["admin", "realms"] and path[2:] and path[2] not in opened:
            self._say(403, {"error": "HTTP 403 Forbidden"})
        else:
            self._say(*self.server.double.answer(self.command, path[1:], json.loads(body) if body else None))

    def _sign_in(self, path: list[str], body: str) -> None:
        if path[-1] == "openid-configuration":
            base = f"{self.server.double.address}/realms/master"
            self._say(200, {"issuer": base, "token_endpoint": f"{base}/protocol/openid-connect/token"})
        elif parse_qs(body).get("password") != [self.server.double.password]:
            self._say(401, {"error": "invalid_grant", "error_description": "Invalid user credentials"})
        else:
            token, double = uuid.uuid4().hex, self.server.double
            double.tokens[token] = set(double.realms)
            self._say(200, {"access_token": token, "expires_in": 60, "refresh_token": "r", "refresh_expires_in": 60})

    def _say(self, status: int, content: Any) -> None:
        if status == 201:
            self.send(status, "", Location=f"{self.server.double.address}{self.path}/{content}")
        else:
            self.send(status, "" if content is None else json.dumps(content))
