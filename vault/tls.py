"""TLS contexts of all our connections. Both ends are ours, so: TLS 1.3, certificates on both sides, nothing else."""

import os
import ssl
from pathlib import Path
from typing import Any, Self

from vault.errors import VaultError


class SharedContext(ssl.SSLContext):
    """A context that stays itself when copied: traitlets copies every value of the Hub's configuration."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __copy__(self) -> Self:
        return self


def server_context(leaf: Path, bundle: Path) -> ssl.SSLContext:
    """Make the context of a listener; every client must show a certificate of the authority in `bundle`."""
    context = SharedContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    # No session resumption: nobody comes back on an old ticket past its certificate's expiry or revocation.
    context.num_tickets = 0
    return _prepared(context, leaf, bundle)


def client_context(leaf: Path, bundle: Path) -> ssl.SSLContext:
    """Make the context of a caller; the server's name and certificate are checked."""
    return _prepared(SharedContext(ssl.PROTOCOL_TLS_CLIENT), leaf, bundle)


def reload(leaf: Path, *contexts: ssl.SSLContext) -> None:
    """Give live contexts the key and certificate that the file holds now. Open connections stay.

    The pair is tried in a throw-away context first, because a failed load ruins a live one. Raises `VaultError` and
    leaves the contexts as they were when the file holds no matching pair.
    """
    try:
        pair = leaf.read_bytes()
    except OSError as error:
        raise VaultError(f"{leaf} cannot be read ({error.strerror})") from error
    # OpenSSL opens the file twice, for the certificate and for the key; a replacement in between would mix two pairs.
    frozen = os.memfd_create("leaf", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(frozen), "wb") as file:
            file.write(pair)
        path = f"/proc/self/fd/{frozen}"
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)
        except ssl.SSLError as error:
            raise VaultError(f"{leaf} does not hold a certificate and its key ({error.reason})") from error
        for context in contexts:
            context.load_cert_chain(path)
    finally:
        os.close(frozen)


def _prepared(context: ssl.SSLContext, leaf: Path, bundle: Path) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(bundle)
    reload(leaf, context)
    return context
