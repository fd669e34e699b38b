"""The way to HashiCorp Vault: sign-in by AppRole, a token that is renewed, and its errors as ours."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from vault.errors import VaultError, VaultNotFound, VaultRefused, VaultUnavailable
from vault.settings import VaultSettings

try:
    import hvac
    import hvac.exceptions
    import requests
except ImportError as missing:
    raise VaultError(
        f"production mode needs {missing.name}; install it: pip install --require-hashes -r requirements/production.txt"
    ) from missing

_T = TypeVar("_T")
_RENEWED_AFTER: Final = 2 / 3
"""Share of a token's life after which it is renewed."""
_REFUSALS: Final = (hvac.exceptions.Forbidden, hvac.exceptions.Unauthorized, hvac.exceptions.InvalidRequest)


@dataclass(frozen=True, slots=True)
class Mounts:
    """Where our things lie in Vault."""

    pki: str
    kv: str
    approle: str

    @classmethod
    def of(cls, prefix: str) -> Self:
        """Name the mounts of an installation."""
        return cls(pki=f"{prefix}-pki", kv=f"{prefix}-kv", approle=f"{prefix}-approle")


class VaultSession:
    """One process's way to Vault. Signs in when it is first needed; may be used by several threads.

    Raises `VaultError` when a setting is missing.
    """

    def __init__(self, settings: VaultSettings) -> None:
        self.mounts = Mounts.of(settings.prefix)
        self.address = settings.address.rstrip("/")
        self._client = connect(settings)
        self._credentials = required(settings.credentials, "CASELOOP_VAULT_CREDENTIALS")
        self._token = threading.Lock()
        self._renew_at = self._expires = 0.0

    def ask(self, purpose: str, question: Callable[[Any], Any]) -> Any:
        """Call `question` with a signed-in client; `purpose` completes «Vault cannot …».

        Raises `VaultUnavailable` (not reachable, sealed, in trouble), `VaultNotFound` or `VaultRefused`.
        """
        with translated(self.address, purpose):
            token = self._valid_token()
            try:
                return question(self._client)
            except hvac.exceptions.Forbidden:
                if self._knows(token):
                    raise
            # A Vault that was set up anew, or has revoked the token, is asked to sign us in again: once.
            with self._token:
                if self._client.token == token:
                    self._sign_in()
            return question(self._client)

    def _valid_token(self) -> str:
        with self._token:
            now = time.monotonic()
            if now >= self._renew_at and not (now < self._expires and self._renewed()):
                self._sign_in()
            return str(self._client.token)

    def _renewed(self) -> bool:
        asked = time.monotonic()
        try:
            answer = self._client.auth.token.renew_self()
        except _REFUSALS:
            return False
        before = self._expires
        self._lives(asked, answer)
        # Close to its longest life a token is renewed in name only.
        return self._expires > before

    def _sign_in(self) -> None:
        role, secret = (_read(self._credentials / name) for name in ("role-id", "secret-id"))
        asked = time.monotonic()
        try:
            answer = self._client.auth.approle.login(
                role_id=role, secret_id=secret, use_token=False, mount_point=self.mounts.approle
            )
        except _REFUSALS as error:
            raise VaultRefused(
                f"Vault at {self.address} refuses the sign-in with {self._credentials} ({_said(error)}); run "
                "`caseloop vault bootstrap --new-credentials` and give this process its folder again"
            ) from error
        self._client.token = answer["auth"]["client_token"]
        self._lives(asked, answer)

    def _lives(self, asked: float, answer: Any) -> None:
        life = float(answer["auth"]["lease_duration"])
        self._renew_at, self._expires = asked + life * _RENEWED_AFTER, asked + life

    def _knows(self, token: str) -> bool:
        """Whether Vault knows the token: «forbidden» is its answer to a path not allowed and to a lost token alike."""
        if self._client.token != token:
            return False
        try:
            self._client.auth.token.lookup_self()
        except hvac.exceptions.Forbidden:
            return False
        return True


def connect(settings: VaultSettings, token: str | None = None) -> Any:
    """Make an `hvac.Client` with this token, or none. Raises `VaultError` when a setting is missing."""
    address = required(settings.address or None, "CASELOOP_VAULT_ADDRESS")
    authority: str | bool = True
    if settings.ca is not None:
        if not settings.ca.is_file():
            raise VaultError(f"CASELOOP_VAULT_CA={settings.ca} is no file; name the PEM file of Vault's own authority")
        authority = str(settings.ca)
    session = requests.Session()
    # Variables of the environment must not decide whom to trust, or which proxy sees our secrets.
    session.trust_env = False
    session.verify = authority
    client = hvac.Client(
        url=address.rstrip("/"), verify=authority, timeout=settings.timeout, session=session, allow_redirects=False
    )
    # hvac takes up a VAULT_TOKEN or ~/.vault-token that a person left behind
    client.token = token
    return client


def required(value: _T | None, variable: str) -> _T:
    """Return the setting, or raise `VaultError` with its name."""
    if value is None:
        raise VaultError(f"production mode needs {variable}; docs/how-to/vault.md says how to set Vault up")
    return value


@contextlib.contextmanager
def translated(address: str, purpose: str) -> Iterator[None]:
    """Make Vault's errors and the network's ours: what could not be done, why, and what to do."""
    what = f"Vault at {address} cannot {purpose}"
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise VaultUnavailable(f"{what}: its certificate is not trusted; see CASELOOP_VAULT_CA ({error})") from error
    except requests.exceptions.RequestException as error:
        raise VaultUnavailable(f"{what}: it does not answer ({type(error).__name__}); is it running?") from error
    except hvac.exceptions.InvalidPath as error:
        raise VaultNotFound(f"{what}: there is no such thing ({_said(error)})") from error
    except _REFUSALS as error:
        raise VaultRefused(f"{what}: it refuses ({_said(error)})") from error
    except hvac.exceptions.VaultDown as error:
        raise VaultUnavailable(f"{what}: {_said(error)}; a sealed one needs `vault operator unseal`") from error
    except hvac.exceptions.VaultError as error:
        raise VaultUnavailable(f"{what}: it is in trouble ({_said(error)})") from error


def _said(error: Any) -> str:
    words = "; ".join(map(str, error.errors or ())) or str(error.text or error.args[0] or type(error).__name__)
    return " ".join(words.split())[:300]


def _read(path: Path) -> str:
    try:
        text = path.read_text().strip()
    except OSError as error:
        raise VaultError(f"{path} cannot be read ({error.strerror}); `caseloop vault bootstrap` writes it") from error
    if not text:
        raise VaultError(f"{path} is empty; `caseloop vault bootstrap --new-credentials` writes it anew")
    return text
