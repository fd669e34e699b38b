from services.kit.errors import CaseloopError


class CaseNotFound(CaseloopError):
    """No version of that case is published."""

    status, error = 404, "case_not_found"


class CaseVersionNotFound(CaseloopError):
    """The caller may see no case version of that digest."""

    status, error = 404, "case_version_not_found"


class DataNotFound(CaseloopError):
    """The caller may see no data file of that digest."""

    status, error = 404, "data_not_found"


class TrialsUnavailable(CaseloopError):
    """The platform, not the case, kept a trial from being judged; nothing was published."""

    status, error = 503, "trials_unavailable"


class DataChanged(CaseloopError):
    """A data file changed on disk while the case was being stored."""

    status, error = 409, "data_changed"


class NotAnAdmin(CaseloopError):
    """The scope token's role may not do this."""

    status, error = 403, "not_an_admin"


class ImagesUnavailable(CaseloopError):
    """The engine, or something else of the operator's, kept a case's image from being made; nothing was published."""

    status, error = 503, "images_unavailable"
