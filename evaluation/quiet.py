"""Logs of commands that people watch."""

import io
import sys
from typing import TextIO, cast

from services.kit.logs import configure_logs
from services.kit.settings import Settings


def quiet_logs() -> None:
    """Services that work inside a command log every request; a person wants to read what went wrong."""
    logs = Settings().logs
    quiet = logs.model_copy(update={"level": "warning"}) if logs.level == "info" else logs
    configure_logs(quiet, cast("TextIO", _Stderr()))


class _Stderr(io.TextIOBase):
    """Standard error as it is at the moment: a progress bar on the screen puts itself in its place."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()
