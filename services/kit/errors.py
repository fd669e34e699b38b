"""The one shape of every error answer, and the one place where exceptions become it."""

import sqlite3
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from services.contracts.errors import ErrorBody, ServiceError
from services.kit.request_id import current_request_id

_log = structlog.get_logger(__name__)
_NAMES = {
    400: "bad_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
}
_SHOWN_PROBLEMS = 3


class CaseloopError(Exception):
    """An error that a caller hears about in its own words.

    Subclass it once per business error: `class CaseNotFound(CaseloopError): status, error = 404, "case_not_found"`.
    """

    status: ClassVar[int] = 500
    error: ClassVar[str] = "internal_error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InternalError(CaseloopError):
    """Something broke that we did not foresee; the traceback is in the log under the request's id."""

    def __init__(self) -> None:
        super().__init__("Something broke on our side. Try again; if it stays, tell the operator the request id.")


def error_response(status: int, error: str, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Render one error; the request id is that of the request being answered."""
    body = ErrorBody(error=error, detail=detail, request_id=current_request_id())
    return JSONResponse(body.model_dump(), status_code=status, headers=headers)


def error_body(error: Exception) -> tuple[int, ErrorBody]:
    """Say any exception as status and body. One that nobody foresaw is logged and told as `internal_error`."""
    known = _known(error)
    if known is None:
        _log.error("unexpected error", exc_info=error)
        known = _known(InternalError())
        assert known is not None
    status, name, detail = known
    return status, ErrorBody(error=name, detail=detail, request_id=current_request_id())


def install_error_handlers(app: FastAPI) -> None:
    """Make the app answer every error in the one shape. What no handler knows is left to `Boundary`."""
    for kind in (CaseloopError, ServiceError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _handle)


async def _handle(_: Request, error: Exception) -> JSONResponse:
    status, body = error_body(error)
    headers = error.headers if isinstance(error, HTTPException) else None
    return JSONResponse(body.model_dump(), status_code=status, headers=headers)


def _known(error: Exception) -> tuple[int, str, str] | None:
    match error:
        case CaseloopError():
            return error.status, error.error, error.detail
        case ServiceError():
            return _from_service(error)
        case RequestValidationError():
            return 422, "invalid_request", _problems(error.errors())
        case HTTPException():
            name = _NAMES.get(error.status_code, "http_error")
            return error.status_code, name, _sentence(error)
    return _from_database(error)


def _from_database(error: Exception) -> tuple[int, str, str] | None:
    """A PostgreSQL that is away, busy, or has ended what took too long: it may pass. The log has the reason."""
    # Whoever has not loaded SQLAlchemy has none of its errors, and need not load it for this.
    known = sys.modules.get("sqlalchemy.exc")
    if known is None or not isinstance(error, (known.OperationalError, known.InterfaceError, known.TimeoutError)):
        return None
    reason = getattr(error, "orig", None) or error
    if isinstance(reason, sqlite3.Error):
        return None  # a file is not away; SQLite says the same of mistakes of ours
    _log.error("the database is in the way", reason=_line(str(reason)))
    return 503, "storage_unavailable", "What is kept cannot be reached just now. Try again in a moment."


def _from_service(error: ServiceError) -> tuple[int, str, str]:
    # 401 and 403 between services are mistakes of ours, not of the one who asked us.
    passed_on = 400 <= error.status < 500 and error.status not in {401, 403}
    if passed_on or error.status in {503, 504}:
        return error.status, error.error, error.detail
    _log.error("another service failed", callee=error.service, status=error.status, error=error.error)
    return 502, "service_failed", f"{error.service} could not do its part ({error.error}). Try again in a moment."


def _problems(errors: Sequence[Mapping[str, Any]]) -> str:
    """Where and what, never the value: it may be a secret or a page long."""
    shown = [f"{_place(e['loc'])}: {_line(str(e['msg']))}" for e in errors[:_SHOWN_PROBLEMS]]
    more = len(errors) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def _place(location: Sequence[str | int]) -> str:
    return _line(".".join(str(part) for part in location)) or "request"


def _line(text: str) -> str:
    return " ".join(text.split())[:200]


def _sentence(error: HTTPException) -> str:
    phrase = HTTPStatus(error.status_code).phrase
    detail = str(error.detail)
    if error.status_code == 404 and detail == phrase:
        return "There is nothing at this address."
    if error.status_code == 405 and detail == phrase:
        return "This address does not answer that method."
    return detail
