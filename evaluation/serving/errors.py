from services.kit.errors import CaseloopError


class NotQa(CaseloopError):
    """Somebody asks who measures nothing here."""

    status, error = 403, "not_qa"


class RunNotFound(CaseloopError):
    """There is no run of that name."""

    status, error = 404, "run_not_found"


class RunDamaged(CaseloopError):
    """Files of a run, of its judging or of labels are not what was written."""

    status, error = 409, "run_unreadable"


class SampleNotFound(CaseloopError):
    """The run has no result for a sample of that name."""

    status, error = 404, "sample_not_found"


class NotJudged(CaseloopError):
    """No judge was asked about the run, so there is nothing to compare people with."""

    status, error = 409, "not_judged"


class NothingToLabel(CaseloopError):
    """The run has no such item that this person could label."""

    status, error = 404, "nothing_to_label"


class LabelsInUse(CaseloopError):
    """A command writes labels at this moment."""

    status, error = 409, "labels_in_use"


class TookTooLong(CaseloopError):
    """The figures of a run were not there in time."""

    status, error = 504, "took_too_long"


class CannotCompute(CaseloopError):
    """The process that computes figures ended before it answered."""

    status, error = 503, "cannot_compute"
