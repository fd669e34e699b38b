"""HTTP over real TLS on this machine, for doubles of programs that ours call."""

import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class TlsServer(ThreadingHTTPServer):
    """Answers from its making until `stop`; handlers ask `double` what."""

    daemon_threads = True

    def __init__(
        self,
        port: int,
        handler: type["TlsHandler"],
        double: Any,
        context: ssl.SSLContext | None,
        host: str = "127.0.0.1",
    ) -> None:
        """Without a context it speaks plain HTTP, as what stands behind something that speaks TLS."""
        self.double, self._context = double, context
        super().__init__((host, port), handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        self.shutdown()
        self.server_close()

    def get_request(self) -> tuple[Any, Any]:
        """Take a connection."""
        connection, address = super().get_request()
        connection.settimeout(20)
        if self._context is None:
            return connection, address
        # the handshake comes with the first read, in the connection's own thread
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that do not trust us, or go away, are part of the tests."""


class TlsHandler(BaseHTTPRequestHandler):
    """One request of any method; a double's own handler says how it is answered."""

    server: TlsServer

    def answer(self, body: str) -> None:
        """Answer it, by `send`."""
        raise NotImplementedError

    def _answer(self) -> None:
        self.answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

    do_GET = do_POST = do_PUT = do_DELETE = do_LIST = _answer

    def send(self, status: int, text: str, kind: str = "application/json", **headers: str) -> None:
        """Send the whole answer."""
        content = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


def server_context(certificate_file: Path, key_file: Path) -> ssl.SSLContext:
    """How to listen with a new certificate, which is written to this file, as its key is to the other."""
    write_server_pair(certificate_file, key_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    return context


def write_server_pair(certificate_file: Path, key_file: Path) -> None:
    """Write a certificate for 127.0.0.1 that vouches for itself, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A server of the tests")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
