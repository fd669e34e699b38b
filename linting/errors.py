from services.kit.errors import CaseloopError


class NotebookTooLarge(CaseloopError):
    """More code than a review reads."""

    status, error = 413, "notebook_too_large"


class PythonNotSupported(CaseloopError):
    """A version of Python that the tools do not know."""

    status, error = 422, "python_not_supported"
