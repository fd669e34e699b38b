"""The TLS context for a model server, which may be somebody else's: its own authority, TLS 1.2 at least."""

import ssl
from typing import Final

from feedback.model.errors import ModelMisconfigured
from feedback.model.settings import ModelSettings

_OLDEST: Final = ssl.TLSVersion.TLSv1_2


def client_context(settings: ModelSettings) -> ssl.SSLContext:
    """Make the context: the server's name and certificate are checked, ours is shown where there is one.

    Raises `ModelMisconfigured` when a file is missing or does not hold what it should.
    """
    try:
        context = ssl.create_default_context(cafile=settings.ca)
    except (OSError, ssl.SSLError) as error:
        raise ModelMisconfigured(f"CASELOOP_MODEL_CA={settings.ca} cannot be used ({_why(error)})") from error
    context.minimum_version = _OLDEST
    if settings.certificate is not None:
        try:
            # An encrypted key must end in an error here, not in a question on the terminal.
            context.load_cert_chain(settings.certificate, settings.key, password="")
        except (OSError, ssl.SSLError) as error:
            raise ModelMisconfigured(
                f"CASELOOP_MODEL_CERTIFICATE={settings.certificate} and its key cannot be used ({_why(error)})"
            ) from error
    return context


def _why(error: OSError) -> str:
    return str(error.strerror if not isinstance(error, ssl.SSLError) else error.reason)
