"""The Hub's own lines, written as the services write theirs."""

from functools import partial
from typing import Any

from services.kit.logs import configure_logs, log_formatter
from services.kit.settings import LogSettings


def configure_hub_logs(c: Any, settings: LogSettings) -> None:
    """Have the Hub write one JSON object a line where that is wanted; for people its own format is as good as ours."""
    if settings.format != "json":
        return
    # what libraries and our own modules say goes to the root, and not through the Hub's logger
    configure_logs(settings)
    c.JupyterHub.logging_config = {
        "formatters": {"json": {"()": partial(log_formatter, settings)}},
        "handlers": {"console": {"formatter": "json"}},
    }
