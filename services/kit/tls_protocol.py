"""The server's end of a connection: who is there, may they be, and until when."""

import asyncio
import ssl
import time
from typing import Any, Final

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.kit.scope_state import PEER, PEER_RENEWS
from vault.identity import Identity, InvalidIdentity
from vault.trust import may_call

_RECYCLED_AFTER: Final = 0.7
"""Share of a certificate's life after which its connections are asked to be opened anew; it is renewed at two thirds of
it at the latest."""
_LONGEST_HEAD: Final = 64 * 1024
_MOST_CONNECTIONS: Final = 50
"""Of one learner's environment at one listener."""
_SETTLED: Final = 0.5
"""Seconds after which the last bytes of an answer have gone out."""

_log = structlog.get_logger(__name__)


class Peers:
    """Who may connect to one service, which certificates are revoked, and the open connections."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._revoked: frozenset[str] = frozenset()
        self._open: dict[asyncio.Transport, tuple[str, str]] = {}

    def refusal(self, identity: Identity, serial: str) -> str | None:
        """Why this certificate may not connect, or None when it may."""
        if not may_call(identity, self._service):
            return f"may not call {self._service}"
        if self._revoked & {serial, str(identity)}:
            return "is revoked"
        if not identity.is_service and self._count(identity) >= _MOST_CONNECTIONS:
            return f"has {_MOST_CONNECTIONS} open connections already"
        return None

    def opened(self, transport: asyncio.Transport, identity: Identity, serial: str) -> None:
        """Remember an open connection."""
        self._open[transport] = (str(identity), serial)

    def closed(self, transport: asyncio.Transport) -> None:
        """Forget a connection."""
        self._open.pop(transport, None)

    def revoke(self, entries: frozenset[str]) -> None:
        """Refuse these serials and identities from now on, and break off what they have open."""
        self._revoked = entries
        for transport, names in list(self._open.items()):
            if entries & set(names):
                transport.abort()

    def _count(self, identity: Identity) -> int:
        return sum(who == str(identity) for who, _ in self._open.values())


def peer_protocol(peers: Peers) -> type[HttpToolsProtocol]:
    """Make uvicorn's protocol class for one listener."""

    class PeerProtocol(_PeerProtocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.peers = peers

    return PeerProtocol


class _PeerProtocol(HttpToolsProtocol):
    peers: Peers

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._admitted = False
        self._expiry: asyncio.TimerHandle | None = None
        self._head_bytes: int | None = 0
        self._idle_since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Admit the caller or break the connection off before a byte of it is read."""
        super().connection_made(transport)
        refusal = self._admit(transport)
        if refusal is None:
            self._admitted = True
        else:
            _log.warning("connection refused", reason=refusal)
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read, unless the caller was refused or sends a head without end."""
        if not self._admitted:
            return
        super().data_received(data)
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > _LONGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("Request head too large.")

    def on_message_begin(self) -> None:
        """Begin to count the bytes of a request's head."""
        self._head_bytes, self._idle_since = 0, self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting: bodies are limited by the app."""
        self._head_bytes = None
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Begin to count how long nothing is under way."""
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def shutdown(self) -> None:
        """Finish what is under way, then close; break off a connection on which nothing was for a while.

        An idle client does not read, and would let us wait for its answer to the end of TLS.
        """
        idle = getattr(self.cycle, "response_complete", True)  # there is none before the first request
        if idle and self.loop.time() - self._idle_since > _SETTLED:
            self.transport.abort()
        else:
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the caller."""
        if self._expiry is not None:
            self._expiry.cancel()
        self.peers.closed(self.transport)
        super().connection_lost(exc)

    def _admit(self, transport: asyncio.Transport) -> str | None:
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        certificate: dict[str, Any] = (tls.getpeercert() if tls else None) or {}
        try:
            identity = Identity.from_peercert(certificate)
        except InvalidIdentity as error:
            return str(error)
        serial = certificate["serialNumber"]
        if refusal := self.peers.refusal(identity, serial):
            return f"{identity} {refusal}"
        begins, ends = (ssl.cert_time_to_seconds(certificate[key]) for key in ("notBefore", "notAfter"))
        # OpenSSL looks at dates in the handshake only: an open connection would outlive its certificate.
        self._expiry = self.loop.call_later(max(ends - time.time(), 0), self.shutdown)
        self.peers.opened(transport, identity, serial)
        renews = begins + (ends - begins) * _RECYCLED_AFTER
        self.app_state = {**self.app_state, PEER: identity, PEER_RENEWS: renews}
        return None
