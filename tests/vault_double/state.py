"""What a Vault of the tests holds. It survives a restart of the server, as a real one's storage does."""

import fnmatch
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any


class Refused(Exception):
    """An answer that is an error: the status and the words that Vault uses."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(status, *errors)
        self.status, self.errors = status, errors


@dataclass
class Token:
    """Who signed in, what for and until when."""

    policies: tuple[str, ...]
    life: float
    expires: float
    longest: float
    """When it can be renewed no more."""


@dataclass
class State:
    """Everything but the engines' own content."""

    root: str = field(default_factory=lambda: f"hvs.{secrets.token_hex(12)}")
    sealed: bool = False
    engines: dict[str, str] = field(default_factory=dict)
    """Path -> kind: `pki`, `kv`, `approle`."""
    content: dict[str, Any] = field(default_factory=dict)
    policies: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    """`METHOD path` of everything that was asked, in order."""

    def new_token(self, policies: tuple[str, ...], life: float, longest: float) -> dict[str, Any]:
        """The `auth` part of an answer to a sign-in."""
        now, name = time.monotonic(), f"hvs.{secrets.token_hex(12)}"
        self.tokens[name] = Token(policies, life, now + life, now + longest)
        return {"client_token": name, "lease_duration": int(life), "renewable": True, "policies": list(policies)}

    def renew(self, name: str) -> dict[str, Any]:
        """The `auth` part of an answer to a renewal."""
        token, now = self.tokens[name], time.monotonic()
        token.expires = min(now + token.life, token.longest)
        return {"client_token": name, "lease_duration": int(token.expires - now), "renewable": True}

    def check(self, name: str, path: str, capability: str) -> None:
        """Refuse what no policy of the token allows; what is not allowed is forbidden."""
        if name == self.root:
            return
        token = self.tokens.get(name)
        if token is None or token.expires <= time.monotonic():
            self.tokens.pop(name, None)
            raise Refused(403, "permission denied", "invalid token")
        if path in ("auth/token/lookup-self", "auth/token/renew-self"):  # what Vault's own policy «default» allows
            return
        rules = [rule for policy in token.policies for rule in self.policies.get(policy, {}).items()]
        if not any(capability in capabilities and _matches(path, pattern) for pattern, capabilities in rules):
            raise Refused(403, "1 error occurred:\n\t* permission denied\n\n")

    def set_policy(self, name: str, text: str) -> None:
        """Take over a policy in Vault's JSON form."""
        self.policies[name] = {path: rule["capabilities"] for path, rule in json.loads(text)["path"].items()}


def _matches(path: str, pattern: str) -> bool:
    # A `*` counts at the end only; fnmatch's other signs do not occur in our paths.
    return fnmatch.fnmatchcase(path, pattern) if pattern.endswith("*") else path == pattern
