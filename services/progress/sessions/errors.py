from services.kit.errors import CaseloopError


class RecordingNotChosen(CaseloopError):
    """The learner has not agreed to being recorded in this case, or no longer does."""

    status, error = 409, "recording_not_chosen"


class RecordingFull(CaseloopError):
    """The learner has reached what is kept of one learner and case."""

    status, error = 429, "recording_full"


class EventTooLarge(CaseloopError):
    """An event is larger than is kept of one."""

    status, error = 413, "event_too_large"


class EventInvalid(CaseloopError):
    """An event is not as its kind says."""

    status, error = 422, "event_invalid"


class SessionDeleted(CaseloopError):
    """The learner deleted the session that more events came for."""

    status, error = 410, "session_deleted"


class SessionNotFound(CaseloopError):
    """The learner has no recorded session of that id in this case."""

    status, error = 404, "session_not_found"
