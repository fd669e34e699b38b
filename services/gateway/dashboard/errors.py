from services.kit.errors import CaseloopError


class NotSignedIn(CaseloopError):
    """There is no session (any more)."""

    status, error = 401, "not_signed_in"


class Elsewhere(CaseloopError):
    """The desk is at a host name of its own, and this was sent to another."""

    status, error = 421, "desk_elsewhere"


class NotAMentor(CaseloopError):
    """The person is signed in, but has no role at the desk, or is there for QA only."""

    status, error = 403, "not_a_mentor"


class NotQa(CaseloopError):
    """The person sits at the desk, but to answer questions only."""

    status, error = 403, "not_qa"


class NotAnAdmin(CaseloopError):
    """The person sits at the desk, but as a mentor only."""

    status, error = 403, "not_an_admin"


class SignInFailed(CaseloopError):
    """The sign-in was not begun here, has expired, was used before, or the Hub refused it."""

    status, error = 400, "sign_in_failed"


class CrossSite(CaseloopError):
    """Another site sent the browser."""

    status, error = 403, "cross_site"


class XsrfMissing(CaseloopError):
    """A request that changes something came without the session's own token."""

    status, error = 403, "xsrf_missing"


class RunTooLong(CaseloopError):
    """A run of a learner's code took longer than anybody waits."""

    status, error = 504, "run_too_long"


class NoSuchPage(CaseloopError):
    """Nothing lives at that path."""

    status, error = 404, "not_found"
