"""A stand-in for HashiCorp Vault over real TLS, written from its HTTP API documentation."""

import json
import threading
from pathlib import Path
from typing import Any

from tests.tls_server import TlsHandler, TlsServer, server_context
from tests.vault_double.engines import AppRole, Deleted, Kv
from tests.vault_double.pki import Pki, Raw
from tests.vault_double.state import Refused, State

_CAPABILITIES = {"GET": "read", "LIST": "list", "DELETE": "delete"}
_OPEN_WHEN_SEALED = ("sys/seal-status", "sys/health")


class VaultDouble:
    """A Vault at `address` that can be stopped, started again, sealed and unsealed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.state = State()
        self.ca = folder / "vault-server.pem"
        self._context = server_context(self.ca, folder / "vault-server.key")
        self._port = 0
        self._server: TlsServer | None = None
        self._lock = threading.Lock()
        self.start()

    @property
    def address(self) -> str:
        """Where it answers; the same after a restart."""
        return f"https://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Answer from now on."""
        self._server = TlsServer(self._port, VaultHandler, self, self._context)
        self._port = self._server.server_port

    def stop(self) -> None:
        """Answer no more; what it holds stays."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def pki(self, path: str = "caseloop-pki") -> Pki:
        """The content of a PKI engine."""
        return self.state.content[path]

    def answer(self, method: str, path: str, token: str, body: dict[str, Any]) -> Any:
        """The body of an answer; raises `Refused`."""
        with self._lock:
            self.state.requests.append(f"{method} {path}")
            if self.state.sealed and path not in _OPEN_WHEN_SEALED:
                raise Refused(503, "Vault is sealed")
            if path == "sys/seal-status":
                return {"initialized": True, "sealed": self.state.sealed, "t": 1, "n": 1, "progress": 0}
            engine, below = self._engine(path)
            open_to_all = (isinstance(engine, Pki) and below in ("ca/pem", "crl/pem")) or (
                isinstance(engine, AppRole) and below == "login"
            )
            if not open_to_all:
                self.state.check(token, path, self._capability(method, engine, below))
            if engine is not None:
                return engine.answer(method, below, body)
            return self._system(method, path, token, body)

    def _engine(self, path: str) -> tuple[Any, str]:
        path = path.removeprefix("auth/")
        mount, _, below = path.partition("/")
        return self.state.content.get(mount), below

    def _capability(self, method: str, engine: Any, below: str) -> str:
        if method in _CAPABILITIES:
            return _CAPABILITIES[method]
        new = isinstance(engine, Kv) and below.startswith("data/") and below[5:] not in engine.versions
        return "create" if new else "update"

    def _system(self, method: str, path: str, token: str, body: dict[str, Any]) -> Any:
        state = self.state
        match method, path.split("/"):
            case "GET", ["auth", "token", "lookup-self"]:
                return {"data": {"id": token}}
            case (("POST" | "PUT"), ["auth", "token", "renew-self"]):
                return {"auth": state.renew(token)}
            case "GET", ["sys", "mounts"]:
                return {
                    "data": {f"{path}/": {"type": kind} for path, kind in state.engines.items() if kind != "approle"}
                }
            case "GET", ["sys", "auth"]:
                return {
                    "data": {f"{path}/": {"type": kind} for path, kind in state.engines.items() if kind == "approle"}
                }
            case "POST", ["sys", "mounts" | "auth", name]:
                if name in state.engines:
                    raise Refused(400, f"path is already in use at {name}/")
                kinds = {"pki": Pki, "kv": Kv, "approle": lambda: AppRole(state)}
                state.engines[name], state.content[name] = body["type"], kinds[body["type"]]()
                return None
            case "PUT", ["sys", "policy", name]:
                state.set_policy(name, body["policy"])
                return None
        raise Refused(404)


class VaultHandler(TlsHandler):
    """Reads what is asked, and sends what the double says."""

    def answer(self, body: str) -> None:
        path = self.path.removeprefix("/v1/").partition("?")[0]
        token = self.headers.get("X-Vault-Token", "")
        try:
            answer = self.server.double.answer(self.command, path, token, json.loads(body or "{}"))
            status = 204 if answer is None else 200
        except Refused as refused:
            answer, status = {"errors": list(refused.errors)}, refused.status
        except Deleted as deleted:
            answer, status = deleted.answer, 404
        if isinstance(answer, Raw):
            self.send(status, answer.text, "text/plain")
        else:
            self.send(status, "" if answer is None else json.dumps(answer))
