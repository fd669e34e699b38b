"""Structured logs on stderr: one set-up for our own lines and for those of libraries, no token in any."""

import logging
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from services.kit.settings import LogSettings

_HIDDEN: Final = "[hidden]"
_SECRET_KEY: Final = re.compile(
    r"token|authorization|password|passwd|secret|cookie|private|api_?key|caseloop-scope", re.I
)
_SECRET_TEXT: Final = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+"  # a JSON web token
    r"|(?<=bearer )\S+|(?<=token )[\w.~+/=-]{16,}"  # an Authorization header
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
    re.I | re.S,
)
_SHARED: Final[Sequence[Processor]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
)
_NOISY: Final = ("uvicorn.error", "httpx", "httpcore", "aiosqlite", "alembic")


def configure_logs(settings: LogSettings, stream: TextIO = sys.stderr) -> None:
    """Set logging up for this process; call it once, first. `get_logger` is `structlog.get_logger`."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log_formatter(settings, stream))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_formatter(settings: LogSettings, stream: TextIO = sys.stderr) -> logging.Formatter:
    """How a line is written; for handlers of others too."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(settings, stream)],
    )


def hide_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Structlog processor: no value under a telling key, and nothing that looks like a token, is written."""
    return {key: _HIDDEN if _SECRET_KEY.search(key) and value else _hidden(value) for key, value in event.items()}


def _hidden(value: Any) -> Any:
    match value:
        case str():
            return _SECRET_TEXT.sub(_HIDDEN, value)
        case bytes():
            return _SECRET_TEXT.sub(_HIDDEN, value.decode(errors="replace"))
        case Mapping():
            return hide_secrets(None, "", {str(k): v for k, v in value.items()})
        case list() | tuple():
            return [_hidden(item) for item in value]
        case _:
            return value


def _rendering(settings: LogSettings, stream: TextIO) -> list[Processor]:
    # Tracebacks become text before secrets are hidden: a message inside one may hold a token too.
    rendered: list[Processor] = [structlog.processors.format_exc_info, hide_secrets]
    if settings.format == "json":
        return [*rendered, structlog.processors.JSONRenderer(default=str)]
    plain = structlog.dev.plain_traceback
    return [*rendered, structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]
