"""An S3 server for tests: moto's, over real TLS on a port of its own, that can be told to fail; or a real MinIO.

CASELOOP_TEST_MINIO_ENDPOINT (https), _ACCESS_KEY, _SECRET_KEY and, for an authority of its own, _CA name the real one.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from services.kit.settings import ObjectSettings
from tests.tls_server import server_context

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Fault = Callable[[WsgiApp], WsgiApp]
"""Makes of the app that answers one that does not, or not well."""
_REAL = "CASELOOP_TEST_MINIO_"


class S3Server:
    """Answers until it is stopped. Each request takes one of `faults` first."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.ca = folder / "s3-server.pem"
        context = server_context(self.ca, folder / "s3-server.key")
        self.faults: list[Fault] = []
        self.asked: list[str] = []
        self._answer: WsgiApp = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            "127.0.0.1", 0, self._app, threaded=True, request_handler=_Handler, ssl_context=context
        )
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def settings(self, **changed: Any) -> ObjectSettings:
        """What an adapter needs to use it."""
        return ObjectSettings(_env_file=None, **self._given | changed)

    @property
    def _given(self) -> dict[str, Any]:
        return {
            "endpoint": f"https://127.0.0.1:{self._server.server_port}",
            "access_key": "reader",
            "secret_key": "hunter2-hunter2",
            "ca": self.ca,
        }

    def variables(self) -> dict[str, str]:
        """The same as variables of the environment."""
        return {f"CASELOOP_OBJECTS_{name.upper()}": str(value) for name, value in self._given.items()}

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ.get('HTTP_RANGE', '')}".strip())
        answer = self.faults.pop(0)(self._answer) if self.faults else self._answer
        return answer(environ, start_response)


def says(status: str, code: str = "") -> Fault:
    """Answer with an error of S3; without a code, with a page that is none."""
    body = f"<Error><Code>{code}</Code><Message>hunter2-hunter2</Message></Error>" if code else "<p>Go away</p>"

    def fault(_: WsgiApp) -> WsgiApp:
        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            _take_body(environ)
            kind = "application/xml" if code else "text/html"
            start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body.encode()]

        return app

    return fault


def breaks_off(after: int) -> Fault:
    """Answer as ever, but end the connection after so many bytes of the body."""

    def fault(answer: WsgiApp) -> WsgiApp:
        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            body = b"".join(answer(environ, start_response))
            yield body[:after]
            raise ConnectionResetError("as the test wants it")

        return app

    return fault


def pages_of(count: int) -> Fault:
    """Answer as ever, but list at most so many objects at once, as a server may."""

    def fault(answer: WsgiApp) -> WsgiApp:
        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            shorter = environ["QUERY_STRING"].replace("max-keys=1000", f"max-keys={count}")
            return answer(environ | {"QUERY_STRING": shorter}, start_response)

        return app

    return fault


def real_settings() -> ObjectSettings | None:
    """The real MinIO that the environment names, if any."""
    if f"{_REAL}ENDPOINT" not in os.environ:
        return None
    ca = os.environ.get(f"{_REAL}CA")
    return ObjectSettings(
        _env_file=None,
        endpoint=os.environ[f"{_REAL}ENDPOINT"],
        access_key=os.environ[f"{_REAL}ACCESS_KEY"],
        secret_key=os.environ[f"{_REAL}SECRET_KEY"],
        ca=Path(ca) if ca else None,
    )


def running(folder: Path) -> Iterator[S3Server]:
    """A server for a fixture."""
    server = S3Server(folder)
    try:
        yield server
    finally:
        server.stop()


def _take_body(environ: dict[str, Any]) -> None:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Whatever is wrong is seen by the one who asked."""
