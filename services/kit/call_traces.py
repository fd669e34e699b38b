from collections.abc import AsyncIterator

import httpx

from services.kit.tracing import TRACEPARENT, Span, active_tracer, current_span


def traced(transport: httpx.AsyncBaseTransport, host: str) -> httpx.AsyncBaseTransport:
    """The transport of a client that calls the service `host`, with a span for every call where traces are made."""
    return transport if active_tracer() is None else _TracedTransport(transport, host)


class _TracedTransport(httpx.AsyncBaseTransport):
    """Calls between services as spans, from the first byte sent to the last one read. It passes the trace on."""

    def __init__(self, transport: httpx.AsyncBaseTransport, host: str) -> None:
        self._transport, self._host = transport, host

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As the wrapped transport's. What is called outside of any request belongs to no trace."""
        caller = current_span()
        if caller is None:
            return await self._transport.handle_async_request(request)
        # Ours are all of the usual methods.
        attributes = {"http.request.method": request.method, "url.scheme": "https", "server.address": self._host}
        span = caller.child(request.method, "client", attributes)
        if span.traceparent:
            request.headers[TRACEPARENT] = span.traceparent
        try:
            response = await self._transport.handle_async_request(request)
        except BaseException as error:
            span.end(type(error).__name__)
            raise
        span.note({"http.response.status_code": response.status_code})
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Watched(response.stream, span, str(response.status_code) if response.is_error else "")
        return response

    async def aclose(self) -> None:
        """Close the wrapped transport."""
        await self._transport.aclose()


class _Watched(httpx.AsyncByteStream):
    """An answer that ends its span when it has been read or left."""

    def __init__(self, stream: httpx.AsyncByteStream, span: Span, error: str) -> None:
        self._stream, self._span, self._error = stream, span, error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._stream:
                yield part
        except Exception as error:
            self._error = type(error).__name__
            raise

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._span.end(self._error)
