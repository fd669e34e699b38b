from services.kit.errors import CaseloopError


class UploadNotFound(CaseloopError):
    """There is no upload of that id."""

    status, error = 404, "upload_not_found"


class UploadTooLarge(CaseloopError):
    """The archive is larger than is taken."""

    status, error = 413, "upload_too_large"


class TooManyUploads(CaseloopError):
    """One person has too many unfinished uploads."""

    status, error = 429, "too_many_uploads"


class WrongOffset(CaseloopError):
    """A part does not begin where the last one ended."""

    status, error = 409, "upload_offset"


class WrongChecksum(CaseloopError):
    """What arrived is not what was sent."""

    status, error = 422, "upload_checksum"


class UploadIncomplete(CaseloopError):
    """Parts are missing."""

    status, error = 409, "upload_incomplete"


class UploadSettled(CaseloopError):
    """The upload is past the state in which this can be asked of it."""

    status, error = 409, "upload_settled"


class UploadFailed(CaseloopError):
    """The platform could not do its part; nothing was published."""

    status, error = 503, "upload_failed"
