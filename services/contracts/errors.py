from services.contracts.model import WireModel


class ErrorBody(WireModel):
    """The one shape of every error answer."""

    error: str
    """Stable name in snake_case: `case_not_found`, `quota_spent`, `invalid_request` …"""
    detail: str
    """One or two sentences for a person: what happened, where, what to do."""
    request_id: str


class ServiceError(Exception):
    """A call to another service failed, said in that service's own words.

    `status` is the HTTP status, or 503 when the service could not be reached at all (`error` is then
    `service_unavailable`).
    """

    def __init__(self, service: str, status: int, error: str, detail: str) -> None:
        super().__init__(f"{service}: {error}: {detail}")
        self.service, self.status, self.error, self.detail = service, status, error, detail
