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
        """Renew if the leaf is due. Many callers at once renew once, and wait for it."""
        with self._renewing:
            if self.is_due:
                self._renewed()

    @property
    def is_due(self) -> bool:
        """Whether the authority's share of the leaf's life is over."""
        return datetime.now(UTC) >= self._due(self.leaf)

    def _renewed(self) -> Leaf:
        current = self._usable()
        leaf = self._issued() if current is None or current.serial == self.leaf.serial else current
        tls.reload(self.path, *self._contexts)
        self.leaf = leaf
        return leaf

    @contextlib.asynccontextmanager
    async def kept_fresh(self) -> AsyncIterator[None]:
        """Renew in time for as long as the block runs."""
        task = asyncio.create_task(self._keep_fresh(), name=f"rotation of {self.identity}")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _keep_fresh(self) -> None:
        failures = 0
        while True:
            left = (self._due(self.leaf) - datetime.now(UTC)).total_seconds()
            if left > 0:
                await asyncio.sleep(min(left, _LONGEST_PAUSE))
                continue
            try:
                await asyncio.to_thread(self.renew)
                failures = 0
            except Exception as error:
                failures += 1
                # The old leaf lives on for a while: enough for many tries and for somebody to see the line. Whatever
                # went wrong, nobody else would try again: without this task the service is cut off in silence.
                unforeseen = not isinstance(error, VaultError | OSError)
                said = f"{type(error).__name__}: {error}" if unforeseen else str(error)
                _log.warning(
                    "certificate of %s not renewed: %s; %s", self.identity, said, self._remainder(), exc_info=unforeseen
                )
            if self.is_due:
                # also after a success: the new leaf may be too short-lived for an authority that dates back
                await asyncio.sleep(self._retry_pause(failures))

    def _remainder(self) -> str:
        left = (self.leaf.not_after - datetime.now(UTC)).total_seconds()
        return f"it is good for {left:.0f} more seconds" if left > 0 else "it has expired, and nobody accepts it"

    def _retry_pause(self, failures: int) -> float:
        """Seconds: longer after each failure, and at most a hundredth of a leaf's life."""
        life = (self.leaf.not_after - self.leaf.not_before).total_seconds()
        longest = min(max(life / 100, _RETRY_PAUSE), _LONGEST_PAUSE)
        return min(_RETRY_PAUSE * 2.0 ** min(failures, 10), longest)

    def _due(self, leaf: Leaf) -> datetime:
        return leaf.after(self._authority.renew_after)

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
        return leaf if ours and datetime.now(UTC) < self._due(leaf) else None

    def _issued(self) -> Leaf:
        return self._authority.issue(self.identity, self.path, lifetime=self._lifetime)
