"""Whether a service of this container is alive: the container engine asks with every health check.

All containers are asked four times a minute, so nothing is loaded that this does not take.
"""

import ssl
import sys
from contextlib import closing
from datetime import UTC, datetime
from socket import AF_INET, AF_UNIX, SOCK_STREAM, socket

from infra.production.settings import ProductionSettings

_SECONDS = 5.0
DOORS = ("builds-door", "checks-door", "engine-door")
BACKUP = "backup"


def is_alive(name: str, settings: ProductionSettings) -> bool:
    """Whether the service answers: a TLS handshake, or an HTTP request where it speaks no TLS. A hanging one does not.

    What makes backups answers nobody: it is alive while the newest is no older than it should be.

    The certificate says nothing here: who can put another server into this container needs no such trick.
    """
    if name in DOORS:
        return _answers_plainly(name, settings)
    if name == BACKUP:
        # what reads backups takes seconds to load, and there is one such container
        from infra.backup.schedule import is_recent
        from infra.backup.settings import BackupSettings

        return is_recent(BackupSettings(), datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        with closing(_connected(name, settings)) as plain, context.wrap_socket(plain, server_hostname=name):
            return True
    except ssl.SSLCertVerificationError:
        return True  # it has answered with a certificate
    except OSError:
        return False


def main() -> None:
    """`caseloop production alive SERVICE` in an image, without the other commands; ends with the status."""
    sys.exit(0 if is_alive(sys.argv[3], ProductionSettings()) else 1)


def _answers_plainly(name: str, settings: ProductionSettings) -> bool:
    try:
        with closing(_connected(name, settings)) as plain:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return plain.recv(12).startswith(b"HTTP/1.1 ")
    except OSError:
        return False


def _connected(name: str, settings: ProductionSettings) -> socket:
    port = _port(name, settings)
    made = socket(AF_UNIX if port is None else AF_INET, SOCK_STREAM)
    try:
        made.settimeout(_SECONDS)
        made.connect(str(settings.socket(name)) if port is None else ("127.0.0.1", port))
    except OSError:
        made.close()
        raise
    return made


def _port(name: str, settings: ProductionSettings) -> int | None:
    """The port that it answers on; None for one on a socket."""
    if settings.is_networked and name not in DOORS:
        return settings.network_port
    return None
