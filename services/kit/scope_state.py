"""What a connection puts into the ASGI scope's state, under one set of keys."""

from collections.abc import MutableMapping
from typing import Any, Final

from vault.identity import Identity

PEER: Final = "peer"
"""`vault.identity.Identity` of the caller."""
PEER_RENEWS: Final = "peer_renews"
"""Unix time after which answers ask the caller to open a new connection."""
_PROXY: Final = "proxy"


def peer_of(scope: MutableMapping[str, Any]) -> Identity | None:
    """The caller's identity, or None on a connection that carries none."""
    peer = (scope.get("state") or {}).get(PEER)
    return peer if isinstance(peer, Identity) else None


def passes_ids_on(peer: Identity | None) -> bool:
    """Whether ids of requests and traces that come from there are ours.

    An environment's are its learner's, and the proxy passes browsers' headers on.
    """
    return peer is not None and peer.is_service and peer.name != _PROXY
