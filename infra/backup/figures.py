"""What Prometheus hears of backups. A thread of its own answers, for one that is being made holds up the rest."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from infra.backup.settings import BackupSettings
from infra.backup.targets import backups, made_at
from services.kit.disk import tell_free_space


def backup_figures(wanted: BackupSettings, *places: Path) -> CollectorRegistry:
    """When the newest backup was made, how often there should be one, and how much is free on the disks of `places`."""
    registry = CollectorRegistry()
    last = Gauge(
        "caseloop_backup_last_success_timestamp_seconds",
        "When the newest backup was begun that is whole; 0: there is none.",
        registry=registry,
    )
    last.set_function(partial(_last, wanted.folder))
    every = Gauge("caseloop_backup_interval_seconds", "How far apart backups should be.", registry=registry)
    every.set(wanted.every_hours * 3_600)
    tell_free_space(registry, *places)
    return registry


def _last(folder: Path | None) -> float:
    try:
        newest = backups(folder)[:1] if folder else []
    except OSError:
        return 0.0
    return made_at(newest[0]).timestamp() if newest else 0.0


@contextmanager
def told_by(socket: Path, registry: CollectorRegistry) -> Iterator[None]:
    """Answer every GET on the socket with the figures, whoever can reach it."""
    socket.unlink(missing_ok=True)
    with _Server(socket, registry) as server:
        answering = threading.Thread(target=server.serve_forever, name="figures", daemon=True)
        answering.start()
        try:
            yield
        finally:
            server.shutdown()
            answering.join()
            socket.unlink(missing_ok=True)


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True

    def __init__(self, socket: Path, registry: CollectorRegistry) -> None:
        self.registry = registry
        super().__init__(str(socket), _Handler)
        socket.chmod(0o600)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        figures = generate_latest(self.server.registry)
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(figures)))
        self.end_headers()
        self.wfile.write(figures)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing: it is asked every 15 s, and a unix socket has no address to write down."""
