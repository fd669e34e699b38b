"""`minio server /data --certs-dir /certs` by moto, which keeps nothing: what was written before is written again."""

import os
import pickle
import re
import signal
import sys
import threading
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

_HEALTH = "/minio/health/live"
_PLAIN = (str, int, bool, tuple)


class Kept:
    """An S3 server whose writing requests are kept, one after another, in a file."""

    def __init__(self, file: Path, user: str) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._file, self._user = file, user
        self._lock = threading.Lock()
        if file.exists():
            with file.open("rb") as kept:
                while kept.peek(1):
                    environ, body = pickle.load(kept)
                    list(self._app(environ | _streams(body), lambda *_: lambda _: None))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] == _HEALTH:
            start_response("200 OK", [("Content-Length", "0")])
            return [b""]
        signed = re.search(r"Credential=([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        if signed is None or signed[1] != self._user:
            start_response("403 Forbidden", [("Content-Length", "0")])
            return [b""]
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return self._app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        with self._lock:
            with self._file.open("ab") as kept:
                pickle.dump(({name: one for name, one in environ.items() if isinstance(one, _PLAIN)}, body), kept)
            return list(self._app(environ | _streams(body), start_response))


def _streams(body: bytes) -> dict[str, Any]:
    return {"wsgi.input": BytesIO(body), "wsgi.errors": sys.stderr}


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


def main(command: str, data: str, option: str, certificates: str) -> int:
    """Serve until SIGTERM."""
    assert (command, option) == ("server", "--certs-dir")
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    user = Path(os.environ["MINIO_ROOT_USER_FILE"]).read_text().strip()
    pair = (f"{certificates}/public.crt", f"{certificates}/private.key")
    # the folders without which MinIO itself does not start
    Path(certificates, "CAs").mkdir(exist_ok=True)
    Path(os.environ["HOME"], ".minio").mkdir(exist_ok=True)
    app = Kept(Path(data, "kept"), user)
    server = make_server("0.0.0.0", 9000, app, threaded=True, request_handler=_Handler, ssl_context=pair)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.sigwait([signal.SIGTERM])
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
