"""HTTP clients for calls between services. Make each once and keep it for the process's life: handshakes cost."""

import ssl
from pathlib import Path
from typing import Final

import httpx
from starlette.types import ASGIApp

from services.contracts.clients.service import REQUEST_ID_HEADER
from services.kit.call_traces import traced
from services.kit.in_process import InProcessTransport
from services.kit.places import Address
from services.kit.request_id import current_request_id
from vault.identity import Identity, host_name

TIMEOUT: Final = httpx.Timeout(30, connect=5, pool=10)
"""`read` counts between two parts of an answer, so it is no limit on a stream as a whole."""


def patience(read: float) -> httpx.Timeout:
    """Make the limits of calls that may say nothing for `read` seconds: a learner's slowest cell, a long review."""
    return httpx.Timeout(TIMEOUT.write, connect=TIMEOUT.connect, pool=TIMEOUT.pool, read=read)


CONNECTIONS: Final = 100
"""Calls at once of one client; more wait their turn for `TIMEOUT.pool` seconds."""
# Well below the server's own 75 s, so that an idle connection is never used just as the server closes it.
_KEEP_ALIVE: Final = 20


def tls_client(
    context: ssl.SSLContext,
    service: str,
    place: Path | Address,
    timeout: httpx.Timeout = TIMEOUT,
    *,
    connections: int = CONNECTIONS,
) -> httpx.AsyncClient:
    """Make a client for the service `service` on its unix socket, or at its address (`Settings.place` says which).

    `context` is `Credential.client_context()` of the caller: it follows renewals. Wrap the client into the typed one:
    `CasesClient(tls_client(context, "cases", settings.place("cases")))`.
    """
    limits = httpx.Limits(max_connections=connections, keepalive_expiry=_KEEP_ALIVE)
    if not isinstance(place, Address):
        transport = httpx.AsyncHTTPTransport(verify=context, uds=str(place), limits=limits)
        return _client(transport, host_name(service), timeout)
    address = place

    async def direct(request: httpx.Request) -> None:
        _direct(request, service, address)

    client = _client(httpx.AsyncHTTPTransport(verify=context, limits=limits), host_name(service), timeout)
    client.event_hooks["request"].append(direct)
    return client


def _direct(request: httpx.Request, service: str, address: Address) -> None:
    request.url = request.url.copy_with(host=address.host, port=address.port)
    # the name that the certificate must carry
    request.extensions["sni_hostname"] = host_name(service)


def tls_port_client(
    context: ssl.SSLContext, service: str, port_file: Path, timeout: httpx.Timeout = TIMEOUT
) -> httpx.AsyncClient:
    """As `tls_client`, for a service that listens on a port of this machine (`serving.LocalPort`).

    A request while nothing listens raises `httpx.ConnectError`.
    """

    async def find(request: httpx.Request) -> None:
        try:
            # Another number after each start of the service. A few bytes of a local file: no thread is worth it.
            port = int(port_file.read_text())  # noqa: ASYNC240
        except (OSError, ValueError) as error:
            raise httpx.ConnectError(
                f"{service} listens on no port: {port_file} holds none", request=request
            ) from error
        _direct(request, service, Address("127.0.0.1", port))

    client = _client(httpx.AsyncHTTPTransport(verify=context), host_name(service), timeout)
    client.event_hooks["request"].append(find)
    return client


def in_process_client(app: ASGIApp, caller: str, timeout: httpx.Timeout = TIMEOUT) -> httpx.AsyncClient:
    """Make a client that calls `app` directly, as `caller`.

    `caller` is a service's name or the short form of an identity: "gateway", "service/gateway" or
    "env/<user>/<case>/<version of 64 hex digits>/<nonce>".
    """
    identity = Identity.parse(caller) if "/" in caller else Identity.service(caller)
    return _client(InProcessTransport(app, identity), host_name("in-process"), timeout)


def _client(transport: httpx.AsyncBaseTransport, host: str, timeout: httpx.Timeout) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=traced(transport, host),
        base_url=f"https://{host}",
        timeout=timeout,
        # No proxy or netrc of the machine's environment has a say between our services.
        trust_env=False,
        event_hooks={"request": [_pass_request_id_on]},
    )


async def _pass_request_id_on(request: httpx.Request) -> None:
    if request_id := current_request_id():
        request.headers[REQUEST_ID_HEADER] = request_id
