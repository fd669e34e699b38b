from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
from pydantic import ValidationError

from services.contracts.errors import ErrorBody, ServiceError

SCOPE_HEADER = "Caseloop-Scope"
"""Carries the scope token between services."""
REQUEST_ID_HEADER = "X-Request-ID"


class ServiceClient:
    """What every typed client shares: one error translation, one way to stream.

    All methods raise `ServiceError`; its status is 503 when the service cannot be reached.
    """

    name = "service"

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def _call(
        self,
        method: str,
        path: str,
        *,
        content: str | None = None,
        scope: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        async with self._mapped():
            response = await self._http.request(
                method, path, content=content, params=params, headers=_headers(content, scope)
            )
        self._raise_for(response)
        return response

    async def _lines(
        self, path: str, content: str | None, scope: str | None = None, *, method: str = "POST"
    ) -> AsyncIterator[str]:
        """Call and yield the answer's lines (newline-delimited JSON) as they arrive."""
        async with (
            self._mapped(),
            self._http.stream(method, path, content=content, headers=_headers(content, scope)) as response,
        ):
            if response.is_error:
                await response.aread()
            self._raise_for(response)
            async for line in response.aiter_lines():
                if line:
                    yield line

    @asynccontextmanager
    async def _mapped(self) -> AsyncIterator[None]:
        # A refused client certificate shows as ReadError or RemoteProtocolError, never as a status.
        try:
            yield
        except httpx.TimeoutException as error:
            raise ServiceError(self.name, 504, "service_timeout", f"{self.name} did not answer in time") from error
        except httpx.TransportError as error:
            raise ServiceError(
                self.name,
                503,
                "service_unavailable",
                f"{self.name} could not be reached ({type(error).__name__})",
            ) from error

    def _raise_for(self, response: httpx.Response) -> None:
        if not response.is_error:
            return
        try:
            body = ErrorBody.model_validate_json(response.content)
        except ValidationError:
            raise ServiceError(self.name, response.status_code, "unknown_error", response.text[:200]) from None
        raise ServiceError(self.name, response.status_code, body.error, body.detail)


def _headers(content: str | None, scope: str | None) -> dict[str, str]:
    headers = {}
    if content is not None:
        headers["Content-Type"] = "application/json"
    if scope is not None:
        headers[SCOPE_HEADER] = scope
    return headers
