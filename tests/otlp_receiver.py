"""A collector of traces: takes OTLP over HTTP as the protocol says, and keeps what came."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

Value = str | int | float | bool


@dataclass(frozen=True)
class Received:
    """One span."""

    service: str
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Value]
    status: int
    began: int
    ended: int
    links: tuple[str, ...]
    """Traces that it has to do with."""


@dataclass
class Collector:
    """What came, and how the next batch is answered."""

    endpoint: str
    spans: list[Received] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    """As they came over the wire."""
    status: int = 200
    release: threading.Event = field(default_factory=threading.Event)
    """Batches are answered when it is set."""

    def of(self, service: str, kind: str | None = None) -> list[Received]:
        """Spans of a service, in the order they began."""
        found = [span for span in self.spans if span.service == service and kind in (None, span.kind)]
        return sorted(found, key=lambda span: span.began)

    def wait(self, count: int, patience: float = 60) -> None:
        """Until so many batches came, answered or not."""
        until = time.monotonic() + patience
        while len(self.bodies) < count:
            assert time.monotonic() < until, f"{len(self.bodies)} batches came"
            time.sleep(0.01)


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a port of this machine."""
    collector = Collector("")
    collector.release.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.bodies.append(body)
            wanted = (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
            collector.release.wait(60)
            status = collector.status if wanted else 404
            if status == 200:
                collector.spans.extend(_spans(ExportTraceServiceRequest.FromString(body)))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    collector.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield collector
    finally:
        collector.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Received]:
    for resource in request.resource_spans:
        service = str(_values(resource.resource.attributes)["service.name"])
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Received(
                    service,
                    span.name,
                    span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    _values(span.attributes),
                    span.status.code,
                    span.start_time_unix_nano,
                    span.end_time_unix_nano,
                    tuple(link.trace_id.hex() for link in span.links),
                )


def _values(pairs: Any) -> dict[str, Value]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
