class RunnerError(Exception):
    """The platform or the case failed, not the learner. `error` is the stable name that RunFailed carries."""

    error = "runner_failed"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class SandboxUnavailable(RunnerError):
    """This machine cannot make a sandbox; the detail is one line that says what to do."""

    error = "sandbox_unavailable"


class SessionRefused(RunnerError):
    """A sandbox is there, but no session could be opened in it."""

    error = "session_refused"


class DataMissing(RunnerError):
    """A data file of the case is absent or not what its digest says."""

    error = "data_missing"
