"""Keycloak in docker-compose.yml: its administration by the double, its realm by the certified provider, on one port.

The realm is kept in the folder KEPT; people are those of the file PEOPLE: name -> password and claims.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from infra.keycloak.realm import AFTER_SIGN_OUT, CALLBACK, HUB, PROGRAM
from services.kit.settings import OidcSettings
from tests.keycloak_double import AdministrationHandler, KeycloakDouble
from tests.tls_server import TlsHandler, TlsServer

_REALM = "caseloop"
_PROVIDER = Path(__file__).parents[2] / "openid_provider" / "provider.mjs"
_HOP_BY_HOP = ("connection", "transfer-encoding", "keep-alive", "content-length", "server", "date")


class KeptKeycloak(KeycloakDouble):
    """What it is told of realms is in a file. The provider starts with the first question to a realm that is there."""

    def __init__(self, file: Path, people: Path) -> None:
        self._file, self._people = file, people
        self._lock = threading.Lock()
        self._provider: subprocess.Popen[bytes] | None = None
        self._port = 0
        self.address = "http://keycloak:8080"
        self.password = os.environ["KC_BOOTSTRAP_ADMIN_PASSWORD"]
        self.realms: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.exists() else {}
        self.changes: list[str] = []
        self.tokens: dict[str, set[str]] = {}

    def answer(self, method: str, path: list[str], body: Any) -> tuple[int, Any]:
        """As the double; what has changed is kept."""
        with self._lock:
            answer = super().answer(method, path, body)
            if method != "GET":
                self._file.write_text(json.dumps(self.realms))
            return answer

    def provider_port(self) -> int:
        """Where the provider of the realm answers; 0 while there is no realm."""
        with self._lock:
            if self._provider is None and _REALM in self.realms:
                self._start()
            return self._port

    def _start(self) -> None:
        secrets = {one["clientId"]: one["secret"] for one in self.realms[_REALM]["clients"]}
        if not {HUB, PROGRAM} <= set(secrets):
            return
        hub = os.environ["HUB_ADDRESS"]
        told = {
            "command": "start",
            "issuer": f"{os.environ['KC_HOSTNAME']}/realms/{_REALM}",
            "realm": _REALM,
            "audience": OidcSettings(_env_file=None).audience,  # type: ignore[call-arg]
            "hub": {
                "id": HUB,
                "secret": secrets[HUB],
                "callback": f"{hub}{CALLBACK}",
                "afterSignOut": f"{hub}{AFTER_SIGN_OUT}",
            },
            "program": {"id": PROGRAM, "secret": secrets[PROGRAM], "role": "admin"},
            "people": json.loads(self._people.read_text()),
        }
        self._provider = subprocess.Popen(
            ["node", _PROVIDER, os.environ["PACKAGES"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._provider.stdin is not None
        assert self._provider.stdout is not None
        self._provider.stdin.write(json.dumps(told).encode() + b"\n")
        self._provider.stdin.flush()
        self._port = int(json.loads(self._provider.stdout.readline())["port"])


class _Handler(AdministrationHandler):
    def _answer(self) -> None:
        administers = self.path.startswith(("/admin", "/realms/master"))
        port = 0 if administers else self.server.double.provider_port()
        if port:
            self._pass_on(port)
        else:
            super()._answer()

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def _pass_on(self, port: int) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        there = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "content-length"):
                there.putheader(name, value)
        there.putheader("Content-Length", str(len(body)))
        there.endheaders(body)
        answer = there.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        there.close()


class _Health(TlsHandler):
    def _answer(self) -> None:
        self.send(200 if self.path == "/health/ready" else 404, "{}")

    do_GET = _answer


def main(*words: str) -> int:
    """Serve until SIGTERM."""
    assert words[:2] == ("start", "--optimized")
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    double = KeptKeycloak(Path(os.environ["KEPT"]) / "realms.json", Path(os.environ["PEOPLE"]))
    TlsServer(8080, _Handler, double, None, "0.0.0.0")
    TlsServer(9000, _Health, double, None, "0.0.0.0")
    signal.sigwait([signal.SIGTERM])
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
