"""What a refusal of the container engine means: for the learner, who can do nothing, and for the operator, who can."""

from typing import Final, NamedTuple


class Advice(NamedTuple):
    """One refusal, said twice."""

    learner: str
    operator: str


_FULL: Final = "The server is full at the moment. Try again in a few minutes; your work is safe."
_BROKEN: Final = "Your environment could not be started: the server's log says why. Your work is safe."
_KNOWN: Final = (
    (
        ("no space left on device", "disk quota exceeded"),
        Advice(_FULL, "The disk of the engine is full: `docker system df` shows by what."),
    ),
    (
        ("cannot allocate memory", "out of memory", "resource temporarily unavailable"),
        Advice(
            _FULL, "The machine is out of memory or processes: lower CASELOOP_ENVIRONMENT_MEMORY_MB, or add memory."
        ),
    ),
    (
        ("connection refused", "no such file or directory: ", "error while fetching server api version", "timed out"),
        Advice(_BROKEN, "The engine does not answer: is dockerd running, and DOCKER_HOST right?"),
    ),
    (
        ("permission denied", "403 client error", "forbidden"),
        Advice(
            _BROKEN,
            "The Hub may not use the engine so: is its account in the socket's group, and does the filtering proxy "
            "allow what it asks for?",
        ),
    ),
    (
        ("bind source path does not exist", "invalid mount config"),
        Advice(
            _BROKEN,
            "The engine does not see the Hub's folders: mount them into the Hub's container at the paths they have on "
            "the host.",
        ),
    ),
)


def advice(said: str) -> Advice:
    """The advice for what the engine said; a general one for what is not known."""
    lowered = said.lower()
    for marks, known in _KNOWN:
        if any(mark in lowered for mark in marks):
            return known
    return Advice(_BROKEN, "Try the same with `docker run` on the Hub's machine.")
