"""A stand-in for HashiCorp Vault over real TLS, written from its HTTP API documentation."""

import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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
        write_server_pair(self.ca, folder / "vault-server.key")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.ca, folder / "vault-server.key")
        self._port = 0
        self._server: _Server | None = None
        self._lock = threading.Lock()
        self.start()

    @property
    def address(self) -> str:
        """Where it answers; the same after a restart."""
        return f"https://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Answer from now on."""
        self._server = _Server(("127.0.0.1", self._port), self, self._context)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Answer no more; what it holds stays."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
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


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, place: tuple[str, int], vault: VaultDouble, context: ssl.SSLContext) -> None:
        self.vault, self._context = vault, context
        super().__init__(place, _Handler)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        connection.settimeout(20)
        # the handshake comes with the first read, in the connection's own thread
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that do not trust us, or go away, are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        path = self.path.removeprefix("/v1/").partition("?")[0]
        try:
            answer = self.server.vault.answer(self.command, path, self.headers.get("X-Vault-Token", ""), body)
            status = 204 if answer is None else 200
        except Refused as refused:
            answer, status = {"errors": list(refused.errors)}, refused.status
        except Deleted as deleted:
            answer, status = deleted.answer, 404
        self._send(status, answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_LIST = _answer

    def _send(self, status: int, answer: Any) -> None:
        text = answer.text if isinstance(answer, Raw) else "" if answer is None else json.dumps(answer)
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(answer, Raw) else "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


def write_server_pair(certificate_file: Path, key_file: Path) -> None:
    """Write a certificate for 127.0.0.1 that vouches for itself, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Vault of the tests")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
