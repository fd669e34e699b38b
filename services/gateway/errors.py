from services.kit.errors import CaseloopError


class TokenMissing(CaseloopError):
    """A call came without a usable `Authorization: token …` header."""

    status = 401
    error = "token_missing"


class TokenInvalid(CaseloopError):
    """The Hub does not know the token (any more)."""

    status = 401
    error = "token_invalid"


class IdentityMismatch(CaseloopError):
    """The token belongs to somebody else than the certificate."""

    status = 403
    error = "identity_mismatch"


class HubUnavailable(CaseloopError):
    """The Hub, which knows whose token it is, does not answer."""

    status = 503
    error = "hub_unavailable"


class TooManyRequests(CaseloopError):
    """The learner asks faster than a person can."""

    status = 429
    error = "too_many_requests"


class TooManyChecks(CaseloopError):
    """As many checks are under way as the platform takes on at once."""

    status = 503
    error = "busy"


class ShuttingDown(CaseloopError):
    """Caseloop is being stopped or restarted."""

    status = 503
    error = "shutting_down"


class SubtaskNotFound(CaseloopError):
    """The case has no such subtask."""

    status = 404
    error = "subtask_not_found"


class CaseMismatch(CaseloopError):
    """The certificate pairs a case with a version of another one."""

    status = 403
    error = "case_mismatch"


class NotApproved(CaseloopError):
    """The style review was asked for before the subtask was approved."""

    status = 409
    error = "not_approved"


class NothingToReview(CaseloopError):
    """The cells to review hold none of the subtask's answers."""

    status = 422
    error = "nothing_to_review"


class NotJudged(CaseloopError):
    """Words, or a mentor, were asked for a version that has no verdict."""

    status = 409
    error = "not_judged"


class NotOffered(CaseloopError):
    """A mentor was asked before anything else was tried."""

    status = 409
    error = "not_offered"


class OtherSubtask(CaseloopError):
    """The version that a mentor is asked about belongs to another subtask."""

    status = 422
    error = "other_subtask"


class NotRemembered(CaseloopError):
    """A remembered answer was rated for a version that never got it."""

    status = 404
    error = "not_remembered"


class AiOff(CaseloopError):
    """The case is solved without AI."""

    status = 403
    error = "ai_off"


class AiDeclined(CaseloopError):
    """The learner decided to solve the case without AI."""

    status = 403
    error = "ai_declined"


class AnswerLate(CaseloopError):
    """The assistant took longer than a learner is made to wait."""

    status = 504
    error = "answer_late"
