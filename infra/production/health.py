"""Whether a service of this container is alive: the container engine asks with every health check."""

import ssl
from contextlib import closing
from datetime import UTC, datetime
from socket import AF_INET, AF_UNIX, SOCK_STREAM, socket

from infra.backup.schedule import is_recent
from infra.backup.settings import BackupSettings
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
        return is_recent(BackupSettings(), datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        with closing(_connected(name, settings)) as plain, context.wrap_socket(plain, server_hostname=name):
            return True
    except ssl.SSLCertVerificationError:
        return True  # it has answered with a certificate
    except (OSError, ValueError):
        return False


def _answers_plainly(name: str, settings: ProductionSettings) -> bool:
    try:
        with closing(_connected(name, settings)) as plain:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return plain.recv(12).startswith(b"HTTP/1.1 ")
    except OSError:
        return False


def _connected(name: str, settings: ProductionSettings) -> socket:
    desk = name == "dashboard"
    made = socket(AF_INET if desk else AF_UNIX, SOCK_STREAM)
    try:
        made.settimeout(_SECONDS)
        made.connect(
            ("127.0.0.1", int(settings.dashboard_port_file.read_text())) if desk else str(settings.socket(name))
        )
    except (OSError, ValueError):
        made.close()
        raise
    return made
