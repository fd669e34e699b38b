"""The one connection to the gateway: HTTP over mutual TLS, on a unix socket or across machines."""

import logging
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from caseloop_lab.settings import LabSettings

_log = logging.getLogger(__name__)

SERVER_NAME = "gateway.caseloop.internal"
"""The name the gateway's certificate must carry."""
# The gateway writes at least a comment line every 15 s while it works, so two minutes of silence mean it is stuck.
_TIMEOUT = httpx.Timeout(10.0, connect=5.0, read=120.0)


class GatewayAway(Exception):
    """The gateway cannot be reached, or went away in the middle of an answer."""


class Gateway:
    """Calls the gateway as this environment, with the learner's token. Safe for concurrent use on one event loop."""

    def __init__(self, settings: LabSettings) -> None:
        self._settings = settings
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_3
        self._tls.load_verify_locations(cafile=str(settings.authority))
        self._loaded: tuple[int, int] | None = None
        place = settings.gateway
        transport = httpx.AsyncHTTPTransport(uds=str(place) if isinstance(place, Path) else None, verify=self._tls)
        self._http = httpx.AsyncClient(
            transport=transport,
            base_url=f"https://{SERVER_NAME}",
            headers={"Authorization": f"token {settings.token}"},
            timeout=_TIMEOUT,
            trust_env=False,
            event_hooks={} if isinstance(place, Path) else {"request": [_towards(*place)]},
        )

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: bytes | None = None
    ) -> AsyncIterator[httpx.Response]:
        """Open a request; leaving the block ends it, also at the gateway. Raises GatewayAway."""
        headers = {"Content-Type": "application/json"} if body is not None else None
        try:
            self._refresh_certificate()
            async with self._http.stream(method, path, params=query, content=body, headers=headers) as response:
                yield response
        except (httpx.TransportError, OSError) as error:
            raise GatewayAway(f"{type(error).__name__}: {error}") from error

    async def call(self, method: str, path: str, *, body: bytes | None = None) -> httpx.Response:
        """Make a request and read the whole answer. Raises GatewayAway."""
        async with self.stream(method, path, body=body) as response:
            await response.aread()
            return response

    async def close(self) -> None:
        """End all connections."""
        await self._http.aclose()

    def _refresh_certificate(self) -> None:
        """Load the certificate again when its file was replaced; handshakes from now on use it.

        Raises OSError when there is no usable pair yet; later a broken file leaves the last good pair in use.
        """
        try:
            stat = self._settings.certificate.stat()
            state = (stat.st_mtime_ns, stat.st_ino)
            if state != self._loaded:
                _load_pair(self._settings.certificate, self._tls)
                self._loaded = state
        except OSError as error:
            if self._loaded is None:
                raise
            _log.warning("caseloop: %s cannot be loaded, the old one stays: %s", self._settings.certificate, error)


def _towards(host: str, port: int) -> Callable[[httpx.Request], Awaitable[None]]:
    """Send requests to that address, where none but the holder of the gateway's own certificate is believed."""

    async def direct(request: httpx.Request) -> None:
        request.url = request.url.copy_with(host=host, port=port)
        request.extensions["sni_hostname"] = SERVER_NAME

    return direct


def _load_pair(certificate: Path, context: ssl.SSLContext) -> None:
    """Give a live context the key and certificate of a file. Raises OSError (ssl.SSLError) and leaves it as it was."""
    # OpenSSL opens the file twice; from a copy in memory both halves are of the same pair.
    frozen = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(frozen), "wb") as file:
            file.write(certificate.read_bytes())
        path = f"/proc/self/fd/{frozen}"
        # A failed load ruins a context, so a throw-away one goes first.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(path)
        context.load_cert_chain(path)
    finally:
        os.close(frozen)
