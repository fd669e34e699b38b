from services.kit.errors import CaseloopError


class SubtaskNotFound(CaseloopError):
    """The case version has no subtask of that id."""

    status, error = 404, "subtask_not_found"


class OutsideScope(CaseloopError):
    """The scope token is for another subtask."""

    status, error = 403, "outside_scope"
