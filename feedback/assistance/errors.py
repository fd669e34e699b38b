from services.kit.errors import CaseloopError


class AiOff(CaseloopError):
    """The case is worked on without AI."""

    status, error = 403, "ai_off"


class ChoiceMissing(CaseloopError):
    """The learner has not been asked yet whether AI may help."""

    status, error = 409, "choice_missing"


class AiDeclined(CaseloopError):
    """The learner has chosen to work without AI."""

    status, error = 403, "ai_declined"
