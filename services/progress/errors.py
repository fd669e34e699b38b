from services.kit.errors import CaseloopError


class DigestMismatch(CaseloopError):
    """The digest that came with a submission is not that of its cells."""

    status = 422
    error = "digest_mismatch"


class OutsideScope(CaseloopError):
    """The scope token was minted for another subtask."""

    status = 403
    error = "outside_scope"


class SubmissionTooLarge(CaseloopError):
    """The cells of a submission are larger than what is kept."""

    status = 413
    error = "submission_too_large"


class QuotaSpent(CaseloopError):
    """All checks of a subtask are used or under way."""

    status = 429
    error = "quota_spent"


class SubmissionNotFound(CaseloopError):
    """The learner has no submission of that id in this case."""

    status = 404
    error = "submission_not_found"


class NotApproved(CaseloopError):
    """A style review came for a subtask that is not approved."""

    status = 409
    error = "not_approved"


class FindingNotFound(CaseloopError):
    """The newest style review of the subtask has no finding of that id."""

    status = 404
    error = "finding_not_found"


class DismissalsFull(CaseloopError):
    """So many remarks were dismissed in this case that no further one is kept."""

    status = 429
    error = "dismissals_full"


class NotReworded(CaseloopError):
    """Words came for a submission that cannot take any: it does not need work, or they are not a model's."""

    status = 409
    error = "not_reworded"


class WordsOutOfPlace(CaseloopError):
    """A warning among new words rests on no finding of the submission, or points elsewhere than its finding."""

    status = 422
    error = "words_out_of_place"


class NotebookNotFound(CaseloopError):
    """The learner has no saved notebook with that digest in this case."""

    status = 404
    error = "notebook_not_found"


class NotebookTooLarge(CaseloopError):
    """The notebook is larger than what is kept."""

    status = 413
    error = "notebook_too_large"


class NotebookInvalid(CaseloopError):
    """The notebook cannot be written down as JSON text."""

    status = 422
    error = "notebook_invalid"
