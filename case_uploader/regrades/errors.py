from services.kit.errors import CaseloopError


class RegradeNotFound(CaseloopError):
    """There is no regrade of that id."""

    status, error = 404, "regrade_not_found"


class RegradeNotReady(CaseloopError):
    """Only a finished preview can be applied."""

    status, error = 409, "regrade_not_ready"
