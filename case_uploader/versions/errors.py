from services.kit.errors import CaseloopError


class OtherCase(CaseloopError):
    """Two versions of different cases cannot be compared."""

    status, error = 422, "other_case"


class AlreadyCurrent(CaseloopError):
    """The version is what learners get already."""

    status, error = 409, "already_current"


class NotPublished(CaseloopError):
    """Only a published version can be withdrawn."""

    status, error = 409, "not_published"
