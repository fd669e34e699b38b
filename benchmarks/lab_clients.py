"""Connections as a learner's environment and the Hub's proxy have them: with a certificate, or without any TLS."""

import secrets
import ssl
from pathlib import Path
from typing import Final

import httpx

from benchmarks.case_at_hand import CASE
from infra.settings import EmbeddedSettings
from services.gateway.dashboard.place import SESSION_COOKIE
from services.kit.http import tls_port_client
from spawner.certificates import LIFETIME
from vault import tls
from vault.identity import Identity, host_name
from vault.ports import CertificateAuthority

CALLER: Final = "X-Benchmark-Caller"
"""Names the caller to services without TLS (`benchmarks.plain_services`), which have no certificate to read it from."""
PATIENCE: Final = httpx.Timeout(120, connect=5)


class Clients:
    """Makes connections to one system's services."""

    def __init__(
        self, settings: EmbeddedSettings, authority: CertificateAuthority, version: str, folder: Path, *, secured: bool
    ) -> None:
        self._settings, self._authority, self._version = settings, authority, version
        self._folder, self._secured = folder, secured

    def lab(self, user: str, token: str) -> httpx.AsyncClient:
        """Make a client of the gateway, for a learner's environment with a token."""
        identity = Identity.env(user, CASE, self._version, secrets.token_urlsafe(9))
        socket = str(self._settings.socket("gateway"))
        transport = httpx.AsyncHTTPTransport(verify=self._context(identity), uds=socket)
        host = host_name("gateway")
        return httpx.AsyncClient(
            transport=transport,
            base_url=f"https://{host}" if self._secured else f"http://{host}",
            headers={"Authorization": f"token {token}"} | self._named(identity),
            timeout=PATIENCE,
            trust_env=False,
        )

    def desk(self, cookie: str) -> httpx.AsyncClient:
        """Make a client of the mentors' desk, for the Hub's proxy with a mentor's session."""
        identity = Identity.service("proxy")
        file = self._settings.dashboard_port_file
        if self._secured:
            client = tls_port_client(self._context(identity), "dashboard", file, PATIENCE)
        else:
            base = f"http://127.0.0.1:{int(file.read_text())}"
            client = httpx.AsyncClient(base_url=base, timeout=PATIENCE, trust_env=False)
        client.headers.update({"Cookie": f"{SESSION_COOKIE}={cookie}"} | self._named(identity))
        return client

    def _context(self, identity: Identity) -> ssl.SSLContext:
        if not self._secured:
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        leaf = self._folder / f"{secrets.token_hex(8)}.pem"
        self._authority.issue(identity, leaf, lifetime=LIFETIME)
        return tls.client_context(leaf, self._authority.bundle)

    def _named(self, identity: Identity) -> dict[str, str]:
        return {} if self._secured else {CALLER: str(identity)}
