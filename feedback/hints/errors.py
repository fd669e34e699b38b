from services.kit.errors import CaseloopError


class HintNotFound(CaseloopError):
    """The learner has no hint of that id."""

    status, error = 404, "hint_not_found"


class HintUnderWay(CaseloopError):
    """Another hint of this step is being made, or waits for the learner's thought."""

    status, error = 409, "hint_under_way"


class RatingFirst(CaseloopError):
    """An earlier hint of this step has not been rated."""

    status, error = 409, "rating_first"


class HintsSpent(CaseloopError):
    """The quota of hints is used up."""

    status, error = 429, "hints_spent"


class NotApproved(CaseloopError):
    """A hint on doing it better came for work that is not right yet."""

    status, error = 409, "not_approved"


class HintNotReady(CaseloopError):
    """A hint was rated that nobody has read."""

    status, error = 409, "hint_not_ready"


class NotebookTooLarge(CaseloopError):
    """The notebook is larger than what is kept with a hint."""

    status, error = 413, "notebook_too_large"
