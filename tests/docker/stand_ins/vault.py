"""Vault's command line on the double of tests/vault_double, which keeps all on disk and starts sealed.

As in docker-compose.yml: `server -config=FOLDER`, `status`, `operator init`, `operator unseal KEY`.
"""

import json
import os
import pickle
import re
import secrets
import signal
import ssl
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import Certificate, load_pem_x509_certificate

from tests.tls_server import TlsServer
from tests.vault_double.server import VaultDouble, VaultHandler
from tests.vault_double.state import Refused, State

_SHARES, _THRESHOLD = 5, 3
_SEALED = 2
"""Status of `vault status`."""


def _key(pem: bytes) -> Any:
    return load_pem_private_key(pem, None)


def _certificate(pem: bytes) -> Certificate:
    return load_pem_x509_certificate(pem)


class _Pickler(pickle.Pickler):
    """Keys and certificates as PEM."""

    def reducer_override(self, given: Any) -> Any:
        if isinstance(given, EllipticCurvePrivateKey):
            return _key, (given.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),)
        if isinstance(given, Certificate):
            return _certificate, (given.public_bytes(Encoding.PEM),)
        return NotImplemented


class KeptVault(VaultDouble):
    """What it holds is in a file, and its keys are not with it. It begins sealed, the first time empty."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._keys: set[str] = set()
        self._given: set[str] = set()
        self.state = State()
        if file.exists():
            self.state, self._keys = pickle.loads(file.read_bytes())
        self.state.sealed = True

    def answer(self, method: str, path: str, token: str, body: dict[str, Any]) -> Any:
        """As the double, and what is asked before it is open."""
        match method, path:
            case "GET", "sys/seal-status":
                return {
                    "initialized": bool(self._keys),
                    "sealed": self.state.sealed,
                    "t": _THRESHOLD,
                    "n": _SHARES,
                    "progress": len(self._given),
                }
            case "PUT", "sys/init":
                return self._initialise()
            case "PUT", "sys/unseal":
                return self._unseal(body["key"])
        answer = super().answer(method, path, token, body)
        if method != "GET":
            self._keep()
        return answer

    def _initialise(self) -> dict[str, Any]:
        if self._keys:
            raise Refused(400, "Vault is already initialized")
        self._keys = {secrets.token_hex(33) for _ in range(_SHARES)}
        self._keep()
        return {"keys": sorted(self._keys), "root_token": self.state.root}

    def _unseal(self, key: str) -> dict[str, Any]:
        if key not in self._keys:
            raise Refused(400, "failed to decrypt keys from storage")
        self._given.add(key)
        if len(self._given) >= _THRESHOLD:
            self.state.sealed = False
            self._given.clear()
        return {"sealed": self.state.sealed, "progress": len(self._given)}

    def _keep(self) -> None:
        with self._writing, self._lock:
            new = self._file.with_suffix(".new")
            with new.open("wb") as out:
                _Pickler(out).dump((self.state, self._keys))
            new.rename(self._file)


def _serve(folder: Path) -> int:
    told = dict(re.findall(r'^\s*(\w+)\s*=\s*"([^"]*)"', next(folder.glob("*.hcl")).read_text(), re.MULTILINE))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(told["tls_cert_file"], told["tls_key_file"])
    host, _, port = told["address"].partition(":")
    server = TlsServer(int(port), VaultHandler, KeptVault(Path(told["path"]) / "kept"), context, host)
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    server.stop()
    return 0


def _ask(method: str, path: str, **body: str) -> dict[str, Any]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    request = urllib.request.Request(
        f"{os.environ['VAULT_ADDR']}/v1/{path}", method=method, data=json.dumps(body).encode() if body else None
    )
    with urllib.request.urlopen(request, timeout=10, context=context) as answer:
        return dict(json.load(answer))


def main(*words: str) -> int:
    """Do what the words say; the exit status, as Vault's."""
    if words[0] == "server":
        # before threads are made, which would take the signal
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
        return _serve(Path(words[1].removeprefix("-config=")))
    try:
        match words:
            case ("status",):
                return _SEALED if _ask("GET", "sys/seal-status")["sealed"] else 0
            case "operator", "init":
                made = _ask("PUT", "sys/init", secret_shares=str(_SHARES))
                for number, key in enumerate(made["keys"], 1):
                    print(f"Unseal Key {number}: {key}")
                print(f"\nInitial Root Token: {made['root_token']}")
            case "operator", "unseal", key:
                print(f"Sealed {str(_ask('PUT', 'sys/unseal', key=key)['sealed']).lower()}")
            case _:
                return 1
    except (OSError, urllib.error.HTTPError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
