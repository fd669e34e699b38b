"""The KV (version 2) and AppRole engines, as Vault's API documentation describes them."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.vault_double.state import Refused, State

_UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds(duration: str | int | None, default: float = 0) -> float:
    """Read Vault's durations: a number of seconds, or `30s`, `10m`, `24h`."""
    if duration in (None, "", 0, "0"):
        return default
    text = str(duration)
    return float(text) if text.isdigit() else float(text[:-1]) * _UNITS[text[-1]]


@dataclass
class Kv:
    """Versions by path; a deleted one keeps its number."""

    versions: dict[str, list[dict[str, Any] | None]] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Answer `data/…`, `metadata/…` and `config`."""
        area, _, name = path.partition("/")
        match method, area:
            case (("POST" | "PUT"), "config"):
                return None
            case "GET", "data":
                return self._read(name)
            case (("POST" | "PUT"), "data"):
                return self._write(name, body)
            case "DELETE", "data":
                self.versions[name].append(None)
                return None
            case "GET", "metadata":
                return {"data": {"current_version": len(self._known(name)), "versions": {}}}
            case "LIST", "metadata":
                return self._list(name)
            case "DELETE", "metadata":
                self.versions.pop(name, None)
                return None
        raise Refused(404)

    def _known(self, name: str) -> list[dict[str, Any] | None]:
        if name not in self.versions:
            raise Refused(404)
        return self.versions[name]

    def _read(self, name: str) -> dict[str, Any]:
        versions = self._known(name)
        gone = "2026-01-01T00:00:00Z" if versions[-1] is None else ""
        metadata = {"version": len(versions), "deletion_time": gone, "destroyed": False}
        answer = {"data": {"data": versions[-1], "metadata": metadata}}
        if gone:
            raise Deleted(answer)
        return answer

    def _write(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        cas = body.get("options", {}).get("cas")
        versions = self.versions.get(name, [])
        if cas is not None and cas != len(versions):
            raise Refused(400, "check-and-set parameter did not match the current version")
        self.versions[name] = [*versions, body["data"]]
        return {"data": {"version": len(self.versions[name])}}

    def _list(self, folder: str) -> dict[str, Any]:
        below = folder.rstrip("/") + "/"
        keys = sorted(name.removeprefix(below) for name in self.versions if name.startswith(below))
        if not keys:
            raise Refused(404)
        return {"data": {"keys": keys}}


class Deleted(Exception):
    """A version that was deleted: status 404, and yet with a body."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(answer)
        self.answer = answer


@dataclass
class AppRole:
    """Roles, and the secret ids given out for them."""

    state: State
    roles: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Answer `login` and `role/…`."""
        match method, path.split("/"):
            case "POST", ["login"]:
                return self._login(body)
            case "POST", ["role", name]:
                made = {"role_id": secrets.token_hex(16), "secret_ids": set()}
                self.roles[name] = {**made, **self.roles.get(name, {}), **body}
                return None
            case "GET", ["role", name, "role-id"]:
                return {"data": {"role_id": self.roles[name]["role_id"]}}
            case (("POST" | "PUT"), ["role", name, "secret-id"]):
                made = secrets.token_hex(16)
                self.roles[name]["secret_ids"].add(made)
                return {"data": {"secret_id": made, "secret_id_accessor": secrets.token_hex(8)}}
            case (("POST" | "PUT"), ["role", name, "secret-id", "lookup"]):
                known = body["secret_id"] in self.roles[name]["secret_ids"]
                return {"data": {"secret_id_num_uses": 0}} if known else None
            case (("POST" | "PUT" | "DELETE"), ["role", name, "secret-id", "destroy"]):
                self.roles[name]["secret_ids"].discard(body["secret_id"])
                return None
        raise Refused(404)

    def _login(self, body: dict[str, Any]) -> dict[str, Any]:
        for role in self.roles.values():
            if role["role_id"] == body["role_id"] and body["secret_id"] in role["secret_ids"]:
                life, longest = seconds(role["token_ttl"]), seconds(role["token_max_ttl"])
                return {"auth": self.state.new_token(_listed(role["token_policies"]), life, longest)}
        raise Refused(400, "invalid role or secret ID")


def _listed(value: str | list[str]) -> tuple[str, ...]:
    """Vault takes a list, and a text with commas."""
    return tuple(value.split(",") if isinstance(value, str) else value)
