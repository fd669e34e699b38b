import contextlib
import fcntl
import os
from collections.abc import Iterator

from infra.machine import CannotStart
from infra.settings import EmbeddedSettings


@contextlib.contextmanager
def only_instance(settings: EmbeddedSettings) -> Iterator[None]:
    """Hold this home alone: two systems on one home would take each other's sockets. Raises CannotStart.

    The lock ends with this process, however it ends.
    """
    path = settings.home / "running"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = os.read(fd, 1_000).decode(errors="replace") or "its process is just starting"
            raise CannotStart(
                f"Caseloop runs already with what it keeps in {settings.home}: {where}. "
                "Stop that one with Ctrl-C first, or give this one a home of its own: CASELOOP_HOME=…"
            ) from None
        os.ftruncate(fd, 0)
        os.write(fd, f"http://{settings.host}:{settings.port}, process {os.getpid()}".encode())
        yield
    finally:
        os.close(fd)
