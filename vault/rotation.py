"""Keeping one party's certificate fresh while it serves and calls."""

import asyncio
import contextlib
import logging
import ssl
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vault import tls
from vault.errors import VaultError
from vault.identity import Identity
from vault.leaf import Leaf, is_issued_by, read_leaf
from vault.ports import CertificateAuthority

_log = logging.getLogger(__name__)
_LONGEST_PAUSE = 20.0
"""Seconds. Short steps by the wall clock, so that a machine that slept renews soon after it wakes."""
_RETRY_PAUSE = 1.0


class Credential:
    """One party's leaf file and the live contexts that use it.

    The leaf is issued at construction unless the file already holds a young enough one of the same identity (another
    process may keep it fresh). Blocks for a moment, as `renew` does; `kept_fresh` moves that work into a thread.
    """

    def __init__(
        self, authority: CertificateAuthority, identity: Identity, path: Path, *, lifetime: timedelta | None = None
    ) -> None:
        self._authority, self.identity, self.path, self._lifetime = authority, identity, path, lifetime
        self._contexts: list[ssl.SSLContext] = []
        # two threads that load a pair into one context at a time mix the one's key with the other's certificate
        self._renewing = threading.Lock()
        self.leaf = self._usable() or self._issued()

    @property
    def bundle(self) -> Path:
        """PEM file with the certificates to trust."""
        return self._authority.bundle

    def server_context(self) -> ssl.SSLContext:
        """Make a listener's context that follows every renewal."""
        return self._followed(tls.server_context(self.path, self.bundle))

    def client_context(self) -> ssl.SSLContext:
        """Make a caller's context that follows every renewal."""
        return self._followed(tls.client_context(self.path, self.bundle))

    def renew(self) -> Leaf:
        """Issue a new leaf (or take up the young one another process left in the file) and load it everywhere."""
        with self._renewing:
            return self._renewed()

    def renew_when_due(self) -> None:
        """Renew if the leaf is past half of its life. Many callers at once renew once, and wait for it."""
        with self._renewing:
            if self.is_due:
                self._renewed()

    @property
    def is_due(self) -> bool:
        """Whether the leaf is past half of its life."""
        return datetime.now(UTC) >= self.leaf.half_life

    def _renewed(self) -> Leaf:
        current = self._usable()
        leaf = self._issued() if current is None or current.serial == self.leaf.serial else current
        tls.reload(self.path, *self._contexts)
        self.leaf = leaf
        return leaf

    @contextlib.asynccontextmanager
    async def kept_fresh(self) -> AsyncIterator[None]:
        """Renew at half life for as long as the block runs."""
        task = asyncio.create_task(self._keep_fresh(), name=f"rotation of {self.identity}")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _keep_fresh(self) -> None:
        while True:
            left = (self.leaf.half_life - datetime.now(UTC)).total_seconds()
            if left > 0:
                await asyncio.sleep(min(left, _LONGEST_PAUSE))
                continue
            try:
                await asyncio.to_thread(self.renew)
            except (VaultError, OSError) as error:
                # The old leaf lives for another half life: enough for many tries and for somebody to see the line.
                _log.warning("certificate of %s not renewed: %s", self.identity, error)
                await asyncio.sleep(_RETRY_PAUSE)

    def _followed(self, context: ssl.SSLContext) -> ssl.SSLContext:
        self._contexts.append(context)
        return context

    def _usable(self) -> Leaf | None:
        try:
            leaf = read_leaf(self.path)
            tls.reload(self.path)
        except VaultError:
            return None
        ours = leaf.identity == self.identity and is_issued_by(self.path, self.bundle)
        return leaf if ours and datetime.now(UTC) < leaf.half_life else None

    def _issued(self) -> Leaf:
        return self._authority.issue(self.identity, self.path, lifetime=self._lifetime)
